"""`Facts`: everything that a refiner's file says beside its weights, and that file (artifact of kind "refiner").

What computes is in `affine` and `neural`; graphs that run without torch are in `graph`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, NotAnArtifact
from melpact.core.records import canonical_json
from melpact.models.refine.measured import Measured
from melpact.models.refine.settings import Refining
from melpact.normalise.band_statistics import PREFIX, Statistics

KIND = "refiner"
SUFFIX = ".refiner"
METHODS = ("affine", "cnn", "diffusion")
Tensors = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a refiner is.

    Attributes:
        spec: the description that it takes and gives.
        method: "affine", "cnn" or "diffusion".
        statistics: of the mels that it was fitted to, frozen.
        sizes: of its network, as plain values ({} where it has none).
        receptive_field: frames that one pass sees to the left and right.
        settings: what is done where nobody asks for anything else; its strength is a number.
        degradations: what it was trained to undo, as plain values: [{"name", "low", "high", "chance"}, …].
        measured: where it helps, and where not.
        provenance: where it came from, plain values.
    """

    spec: MelSpec
    method: str
    statistics: Statistics
    sizes: Mapping[str, Any] = field(default_factory=dict)
    receptive_field: tuple[int, int] = (0, 0)
    settings: Refining = field(default_factory=lambda: Refining(strength=1.0))
    degradations: tuple[Mapping[str, Any], ...] = ()
    measured: Measured = field(default_factory=Measured)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes_f0(self) -> bool:
        """Whether a pitch has to be given."""
        return bool(self.sizes.get("f0", False))

    @property
    def voice_size(self) -> int:
        """Numbers by which a voice has to be given; 0: none."""
        return int(self.sizes.get("voice_size", 0))

    def limits(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lowest and highest value of each band before scaling, [n_mels] each.

        The description's floor where it has one, else that of the statistics; and the statistics' ceiling.
        """
        kept = self.statistics
        lowest = kept.floor if self.spec.floor_kind == "none" else np.full_like(kept.floor, self.spec.floor_value)
        return lowest, np.maximum(kept.ceiling, lowest)

    def config(self) -> dict[str, Any]:
        """All but the description, the statistics and the provenance, as plain values."""
        return {
            "method": self.method, "sizes": dict(self.sizes), "receptive_field": list(self.receptive_field),
            "settings": self.settings.model_dump(mode="json"), "degradations": [dict(one) for one in self.degradations],
            "measured": self.measured.model_dump(mode="json"),
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
            settings = Refining.model_validate_json(canonical_json(config["settings"]))
            measured = Measured.model_validate_json(canonical_json(config["measured"]))
            method, sizes = str(config["method"]), dict(config["sizes"])
            degradations = tuple(dict(one) for one in config["degradations"])
            if method not in METHODS or min(left, right) < 0 or settings.strength is None:
                raise ValueError(f"method {method}, receptive field {left}, {right}, strength {settings.strength}")
        except (KeyError, TypeError, ValueError, ValidationError) as error:
            text = " ".join(str(error).split())[:160]
            raise NotAnArtifact("does not say what kind of refiner it is", where=where, got=text) from error
        kept = Statistics.of(statistics, spec, where)
        return cls(spec, method, kept, sizes, (left, right), settings, degradations, measured, dict(provenance))


def write(path: str | Path, facts: Facts, weights: Tensors, *, half: bool = False) -> Path:
    """Write a refiner as one file, whole or not at all; returns the path.

    Args:
        half: tensors of float32 as float16, in half the room; statistics stay, and arithmetic is in float32 all the same.
    """
    narrow = {
        name: value.astype(np.float16) if half and value.dtype == np.float32 else value
        for name, value in sorted(weights.items())
    }
    tensors = {**narrow, **facts.statistics.tensors()}
    return artifact.write(path, artifact.Artifact(KIND, tensors, facts.spec, facts.config(), dict(facts.provenance)))


def read(path: str | Path) -> tuple[Facts, dict[str, NDArray[np.floating]]]:
    """Facts and weights of a file that `write` wrote.

    Raises:
        ArtifactError: unreadable, truncated, or not a whole refiner. ContractError: its statistics are not usable.
    """
    found = artifact.read(path, KIND)
    facts = Facts.of(found.spec, found.config, found.tensors, found.provenance, path)
    weights = {name: value for name, value in found.tensors.items() if not name.startswith(PREFIX)}
    return facts, weights
