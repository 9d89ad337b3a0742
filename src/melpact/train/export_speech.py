"""From a checkpoint of an aligner to durations, and of a speech model to its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from melpact.contract import artifact
from melpact.core.errors import TrainingError
from melpact.models.speech.facts import Facts, write
from melpact.nn.speech.aligner import Aligner, AlignerConfig
from melpact.nn.torch_runtime import seeded
from melpact.train.alignment import Aligning, Alignment, alignment_of
from melpact.train.data import CorpusData
from melpact.train.room import CHECKPOINTS, Run
from melpact.train.spoken import Readable

Weights = Mapping[str, NDArray[np.floating[Any]]]


def aligner_of(path: Path) -> tuple[Aligning, Mapping[str, Any]]:
    """The aligner in a checkpoint, with its averaged weights, in evaluation mode; and where it comes from.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something else.
    """
    from melpact.train.export import _statistics, origin, trained

    found, spec, about, weights = trained(path, "aligner", "aligner")
    with seeded(0):
        network = Aligner(AlignerConfig(**about["sizes"]))
    _put(network, weights)
    statistics = _statistics(found, spec, path)
    return Aligning(network.eval(), spec, statistics, about["width"], about["strength"]), origin(found.config)


def speech_of(path: Path) -> tuple[Facts, dict[str, NDArray[np.floating[Any]]]]:
    """The speech model in a checkpoint: what its file says of it, and its averaged weights.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no speech model.
    """
    from melpact.train.export import _statistics, origin, trained

    found, spec, about, weights = trained(path, "speech", "speech model")
    provenance = origin(found.config)
    settings = dict(provenance["trained"]["settings"])
    files = {name: Path(settings[name]).name for name in ("alignment", "voice", "base") if settings[name]}
    provenance["trained"] |= {"settings": settings | files}
    voices = dict(zip(about["voices"], np.asarray(found.tensors["statistics/voices"], np.float32), strict=True))
    facts = Facts(
        spec, _statistics(found, spec, path), about["sizes"], tuple(about["durations"]), about["reach_slots"],
        about["encoder"], dict(about["languages"]), voices, about["usual"], provenance=provenance,
    )  # fmt: skip
    return facts, weights


def aligned(path: Path, data: Readable, advance: Callable[[int], None] = lambda _: None) -> Alignment:
    """How long every token of the data lasts by the aligner in a checkpoint: of the training part and of what is held out.

    Raises:
        MelpactError: as `aligner_of` and `alignment_of`.
    """
    own, provenance = aligner_of(path)
    lines = [*data.lines(), *data.validation_lines(1_000_000)]
    return alignment_of(own, lines, data.read_fingerprint, provenance, advance)


def write_aligned(path: Path, target: Path, data: str | Path | None) -> Alignment:
    """`aligned` as a file.

    Args:
        path: of the checkpoint.
        data: packed corpus; that of the run by default.

    Raises:
        MelpactError: as `aligned`; or the run's folder is not around the checkpoint and no data is named.
    """
    language = str(artifact.read_header(path).config["settings"]["language"])
    if data is None:
        if path.parent.name != CHECKPOINTS:
            raise TrainingError("does not say of which corpus", where=path, next="Name it: --data PACKED")
        data = Run.load(path.parent.parent).data
    made = aligned(path, CorpusData(data, language))
    made.save(target)
    return made


def write_speech(path: Path, target: Path) -> tuple[int, Mapping[str, Any]]:
    """A speech model's file; returns how many weights it holds, and its provenance.

    Raises:
        MelpactError: as `speech_of`, or it cannot be written.
    """
    facts, weights = speech_of(path)
    write(target, facts, weights)
    return sum(value.size for value in weights.values()), facts.provenance


def _put(network: nn.Module, weights: Weights) -> None:
    network.load_state_dict({name: torch.from_numpy(np.array(value, np.float32)) for name, value in weights.items()})
