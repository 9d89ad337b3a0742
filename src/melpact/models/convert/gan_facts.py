"""`Facts`: everything that a trained converter's file says beside its weights, and that file (artifact of kind "converter").

What computes is in `gan`; a graph that runs without torch is in `gan_graph`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, NotAnArtifact
from melpact.normalise.band_statistics import PREFIX, Statistics

KIND, SUFFIX = "converter", ".converter"
METHOD = "gan"
STYLES = "styles"
REFERENCE = "reference."
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
Tensors = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a trained converter is.

    Attributes:
        spec: the description that it takes and gives, without scaling.
        statistics: of the mels that it was trained on, at level 0 (`active.levelled`), frozen.
        sizes: of its network, as plain values.
        receptive_field: frames that it sees to the left and right.
        content: fingerprint of the content encoder that it was trained with.
        voices: whose its styles are, in their order: names of the corpus, or the fingerprint of a `Voice` it was adapted to.
        provenance: where it came from, plain values.
    """

    spec: MelSpec
    statistics: Statistics
    sizes: Mapping[str, Any]
    receptive_field: tuple[int, int]
    content: str
    voices: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def adapted(self) -> tuple[int, ...]:
        """Which of the styles are of voices that can be asked for: those named by a voice's fingerprint."""
        return tuple(index for index, name in enumerate(self.voices) if _FINGERPRINT.fullmatch(name))

    def config(self) -> dict[str, Any]:
        """All but the description, the statistics and the provenance, as plain values."""
        return {
            "method": METHOD, "sizes": dict(self.sizes), "receptive_field": list(self.receptive_field),
            "content": self.content, "voices": list(self.voices),
        }  # fmt: skip

    @classmethod
    def of(
        cls,
        spec: MelSpec | None,
        config: Mapping[str, Any],
        statistics: Tensors,
        provenance: Mapping[str, Any],
        where: object,
    ) -> Facts:
        """What `config()` gave, checked.

        Raises:
            ArtifactError, ContractError: something is missing or impossible.
        """
        if spec is None:
            raise ArtifactError("does not say which mel it takes", where=where)
        try:
            left, right = (int(n) for n in config["receptive_field"])
            method, sizes, content = str(config["method"]), dict(config["sizes"]), str(config["content"])
            voices = tuple(str(name) for name in config["voices"])
            if method != METHOD or min(left, right) < 0:
                raise ValueError(f"method {method}, receptive field {left}, {right}")
        except (KeyError, TypeError, ValueError) as error:
            text = " ".join(str(error).split())[:160]
            raise NotAnArtifact("does not say what kind of converter it is", where=where, got=text) from error
        kept = Statistics.of(statistics, spec, where)
        return cls(spec, kept, sizes, (left, right), content, voices, dict(provenance))


def write(path: str | Path, facts: Facts, weights: Tensors) -> Path:
    """Write a converter as one file, whole or not at all, its weights as float16; returns the path."""
    narrow = {
        name: value.astype(np.float16) if value.dtype == np.float32 else value for name, value in sorted(weights.items())
    }
    tensors = {**narrow, **facts.statistics.tensors()}
    return artifact.write(path, artifact.Artifact(KIND, tensors, facts.spec, facts.config(), dict(facts.provenance)))


def read(path: str | Path) -> tuple[Facts, dict[str, NDArray[np.floating]]]:
    """Facts and weights of a file that `write` wrote.

    Raises:
        ArtifactError: unreadable, truncated, or not a whole converter. ContractError: its statistics are not usable.
    """
    found = artifact.read(path, KIND)
    facts = Facts.of(found.spec, found.config, found.tensors, found.provenance, path)
    weights = {name: value for name, value in found.tensors.items() if not name.startswith(PREFIX)}
    return facts, weights
