"""A trained speech model as one file (artifact of kind "speech"): its facts and its weights. What computes is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError
from melpact.core.records import digest

KIND, SUFFIX = "speech", ".speech"
_WEIGHT = "weight/"
Floats = NDArray[np.float32]
Weights = Mapping[str, NDArray[np.floating[Any]]]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a speech model is.

    Attributes:
        spec: of its mels, without scaling.
        mean, std: of every band of the mels that it was trained on, float32 [n_mels]; frozen with the weights.
        sizes: of its network, as plain values, its languages among them.
        voice: fingerprint of the encoder that says who speaks.
        voice_scale: by which the encoder's unit vector is multiplied.
        provenance: where it came from, plain values.
    """

    spec: MelSpec
    mean: Floats
    std: Floats
    sizes: Mapping[str, Any]
    voice: str
    voice_scale: float
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the corpora's languages, in the order of their numbers."""
        return tuple(self.sizes["languages"])

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over everything but the weights."""
        facts = [self.spec.fingerprint, self.mean.tolist(), self.std.tolist(), dict(self.sizes), self.voice, self.voice_scale]
        return digest({"speech": 1, "facts": facts, "provenance": dict(self.provenance)})


def write(path: str | Path, facts: Facts, weights: Weights) -> Path:
    """Write it; weights as float16.

    Raises:
        ArtifactError: it cannot be written.
    """
    tensors: dict[str, NDArray[Any]] = {f"{_WEIGHT}{name}": np.asarray(value, np.float16) for name, value in weights.items()}
    tensors |= {"mean": np.asarray(facts.mean, np.float32), "std": np.asarray(facts.std, np.float32)}
    config = {"sizes": dict(facts.sizes), "voice": facts.voice, "voice_scale": facts.voice_scale}
    return artifact.write(path, artifact.Artifact(KIND, tensors, facts.spec, config, dict(facts.provenance)))


def read(path: str | Path) -> tuple[Facts, dict[str, Floats]]:
    """What `write` wrote; weights as float32 by the network's names.

    Raises:
        ArtifactError: no such file, none of a speech model, or one that contradicts itself.
    """
    found = artifact.read(path, KIND)
    said, spec = found.config, found.spec
    try:
        mean, std = (np.asarray(found.tensors[name], np.float32) for name in ("mean", "std"))
        if spec is None or mean.shape != (spec.n_mels,) or std.shape != mean.shape or not (std > 0).all():
            raise ArtifactError("its statistics do not fit its mel", where=path)
        facts = Facts(
            spec, mean, std, said["sizes"], str(said["voice"]), float(said["voice_scale"]), found.provenance
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError("is no speech model: something is missing", where=path, got=str(error)) from None
    weights = {
        name.removeprefix(_WEIGHT): np.asarray(value, np.float32)
        for name, value in found.tensors.items()
        if name.startswith(_WEIGHT)
    }
    return facts, weights
