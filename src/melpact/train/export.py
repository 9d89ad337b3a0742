"""From a checkpoint to what is used: the averaged weights as a vocoder's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.core.errors import TrainingError
from melpact.nn.weight_norm import fold
from melpact.train import checkpoint
from melpact.train.room import CHECKPOINTS
from melpact.vocoders.neural.vocoder import NeuralVocoder

Which = Literal["best", "last"]


@dataclass(frozen=True)
class Exported:
    """What was written, of which checkpoint, and its score there."""

    path: Path
    checkpoint: Path
    step: int
    best_by: str | None
    score: float | None
    vocoder: NeuralVocoder


def chosen(where: str | Path, which: Which = "best") -> Path:
    """The checkpoint meant by a run's folder ("best": the last one where none was scored), or by its own path.

    Raises:
        TrainingError: there is none.
    """
    path = Path(where)
    if path.is_file():
        return path
    there = checkpoint.kept(path / CHECKPOINTS)
    if not there:
        raise TrainingError("holds no whole checkpoint", where=path, wanted="the folder of a run, or one of its checkpoints")
    top = checkpoint.best(there) if which == "best" else None
    return (top or there[-1]).path


def vocoder_of(path: Path) -> NeuralVocoder:
    """The vocoder in a checkpoint: averaged weights where there are some, weight normalisation folded.

    Raises:
        ArtifactError: no checkpoint. TrainingError: of something that is no vocoder.
    """
    found = artifact.read(path, checkpoint.KIND)
    said = found.config
    about = said.get("facts", {}).get("vocoder")
    if about is None or found.spec is None:
        raise TrainingError("the checkpoint is not of a vocoder", where=path, got=f"recipe {said.get('recipe')}")
    provenance = {
        "trained": {
            "recipe": said["recipe"], "step": said["step"], "data": said["fingerprint"], "settings": said["settings"],
            "score": said["score"], "best_by": said.get("best_by"),
            **{name: Path(path).name for name, path in said.get("extra", {}).items() if path is not None},
        }
    }  # fmt: skip
    weights = fold(weights_in(found, str(about["player"])))
    return NeuralVocoder.build(about["family"], about["sizes"], found.spec, weights, provenance=provenance, where=path)


def export(where: str | Path, out: str | Path, which: Which = "best") -> Exported:
    """Write the vocoder of a run as one file.

    Args:
        where: the run's folder, or a checkpoint.
        out: NAME.vocoder.

    Raises:
        MelpactError: as `chosen` and `vocoder_of`; or the file cannot be written.
    """
    path = chosen(where, which)
    made = vocoder_of(path)
    trained: dict[str, Any] = made.provenance["trained"]
    made.save(out)
    return Exported(Path(out), path, int(trained["step"]), trained["best_by"], trained["score"], made)


def weights_in(found: artifact.Artifact, player: str) -> dict[str, NDArray[np.floating[Any]]]:
    """A player's tensors by name, the averaged ones where there are some."""
    weights: dict[str, NDArray[np.floating[Any]]] = {}
    for kind in ("player", "average"):
        prefix = f"{kind}/{player}/"
        weights |= {name[len(prefix) :]: value for name, value in found.tensors.items() if name.startswith(prefix)}
    return weights
