"""`Facts`: everything that a mel VAE's file says beside its weights, and that file (artifact of kind "vae").

What computes is in `vae`; what turns latents into bits in `prior`; graphs that run without torch are in `graph`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract import artifact
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, NotAnArtifact
from melpact.models.codec.vae.prior import PREFIX as PRIOR
from melpact.models.codec.vae.prior import Prior
from melpact.normalise.band_statistics import PREFIX, Statistics

KIND = "vae"
SUFFIX = ".vae"
Floats = NDArray[np.float32]
Fields = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a mel VAE is.

    Attributes:
        spec: the description that it takes and gives.
        statistics: what its network takes for 0 and 1 in each band, and between which values a mel lies, frozen.
        sizes: of its network, as plain values.
        fields: (encoder, decoder), latent frames to the left and right that one depends on; None: all depend on all.
        prior: how its quantised latents become bits; None: it makes no streams yet.
        provenance: where it came from, plain values.
    """

    spec: MelSpec
    statistics: Statistics
    sizes: Mapping[str, Any]
    fields: Fields | None = None
    prior: Prior | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stride(self) -> tuple[int, int]:
        """Frames and bands of the mel that become one position of the latent."""
        steps = [self.sizes["patch"], *self.sizes["strides"]]
        frames, bands = (int(np.prod([step[axis] for step in steps])) for axis in (0, 1))
        return frames, bands

    @property
    def shape(self) -> tuple[int, int]:
        """Channels and positions of a latent frame."""
        return int(self.sizes["latent_channels"]), self.spec.n_mels // self.stride[1]

    def limits(self) -> tuple[Floats, Floats]:
        """Lowest and highest value of each band before scaling, [n_mels] each: the description's floor where it has one."""
        kept = self.statistics
        lowest = kept.floor if self.spec.floor_kind == "none" else np.full_like(kept.floor, self.spec.floor_value)
        return lowest, np.maximum(kept.ceiling, lowest)

    def config(self) -> dict[str, Any]:
        """Sizes and fields, as plain values."""
        fields = None if self.fields is None else [list(pair) for pair in self.fields]
        return {"sizes": dict(self.sizes), "fields": fields}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Statistics and prior, by the names under which a file keeps them."""
        return {**self.statistics.tensors(), **({} if self.prior is None else self.prior.tensors())}

    @classmethod
    def of(
        cls,
        spec: MelSpec | None,
        config: Mapping[str, Any],
        tensors: Mapping[str, NDArray[Any]],
        provenance: Mapping[str, Any],
        where: object,
    ) -> Facts:
        """What `config()` and `tensors()` gave, checked.

        Raises:
            ArtifactError, ContractError: something is missing or impossible.
        """
        if spec is None:
            raise ArtifactError("does not say which mel it takes", where=where)
        try:
            sizes = dict(config["sizes"])
            said = config["fields"]
            fields = None if said is None else tuple((int(a), int(b)) for a, b in said)
            if fields is not None and (len(fields) != 2 or min(min(pair) for pair in fields) < 0):
                raise ValueError(f"fields {fields}")
            stride = [*sizes["strides"], sizes["patch"]]
            if any(len(pair) != 2 or min(pair) < 1 for pair in stride) or int(sizes["latent_channels"]) < 1:
                raise ValueError(f"strides {stride}")
        except (KeyError, TypeError, ValueError) as error:
            text = " ".join(str(error).split())[:160]
            raise NotAnArtifact("does not say what kind of VAE it is", where=where, got=text) from error
        made = cls(spec, Statistics.of(tensors, spec, where), sizes, fields, None, dict(provenance))
        if not any(name.startswith(PRIOR) for name in tensors):
            return made
        prior = Prior.of(tensors, made.shape, where)
        return cls(spec, made.statistics, sizes, made.fields, prior, made.provenance)


def write(path: str | Path, facts: Facts, weights: Mapping[str, NDArray[Any]], *, half: bool = False) -> Path:
    """Write a VAE as one file, whole or not at all; returns the path.

    Args:
        half: tensors of float32 as float16, in half the room; statistics and prior stay, and arithmetic is in float32.
    """
    narrow = {
        name: value.astype(np.float16) if half and value.dtype == np.float32 else value
        for name, value in sorted(weights.items())
    }
    made = artifact.Artifact(KIND, {**narrow, **facts.tensors()}, facts.spec, facts.config(), dict(facts.provenance))
    return artifact.write(path, made)


def read(path: str | Path) -> tuple[Facts, dict[str, Floats]]:
    """Facts and weights of a file that `write` wrote.

    Raises:
        ArtifactError: unreadable, truncated, or not a whole VAE. ContractError: its statistics or prior are not usable.
    """
    found = artifact.read(path, KIND)
    facts = Facts.of(found.spec, found.config, found.tensors, found.provenance, path)
    weights = {
        name: np.asarray(value, np.float32) for name, value in found.tensors.items() if not name.startswith((PREFIX, PRIOR))
    }
    return facts, weights
