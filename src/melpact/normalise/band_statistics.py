"""Statistics that a refiner keeps: what its network takes for 0 and 1 in each band, and between which values a mel lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError

Floats = NDArray[np.float32]
PREFIX = "stats."
HEADROOM_DB = 6.0


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of the mels that a refiner was fitted to, before their scaling; each float32 [n_mels], frozen with the weights.

    Attributes:
        mean, std: of the values, band by band; std above zero.
        floor: lowest value of a mel; where the description clamps, its floor.
        ceiling: highest value of a mel; a refiner gives none above.
    """

    mean: Floats
    std: Floats
    floor: Floats
    ceiling: Floats

    def __post_init__(self) -> None:
        for one in fields(self):
            value = np.array(getattr(self, one.name), np.float32)
            value.flags.writeable = False
            object.__setattr__(self, one.name, value)

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[np.floating]], spec: MelSpec, where: object = None) -> Statistics:
        """Those among the tensors of a refiner's file, by the names "stats.mean" and so on.

        Raises:
            ContractError: one is missing, of another length, not finite, or contradicts another.
        """
        found = {}
        for one in fields(cls):
            value = tensors.get(PREFIX + one.name)
            if value is None or value.shape != (spec.n_mels,) or not np.isfinite(value).all():
                got = "nothing" if value is None else f"shape {list(value.shape)}"
                raise ContractError(
                    f"{PREFIX}{one.name} is not what such a file holds", where=where, got=got,
                    wanted=f"{spec.n_mels} finite numbers, one per band",
                )  # fmt: skip
            found[one.name] = np.asarray(value, np.float32)
        if (found["std"] <= 0).any() or (found["ceiling"] <= found["floor"]).any():
            raise ContractError("its statistics contradict themselves", where=where, wanted="std > 0, ceiling > floor")
        return cls(**found)

    @classmethod
    def measure(cls, mels: Iterable[Floats], spec: MelSpec) -> Statistics:
        """Of mels before scaling, each [n_mels, T].

        A band that never moves gets a spread of 1. The ceiling lies `HEADROOM_DB` above the highest value of each band:
        other recordings are louder.

        Raises:
            ContractError: no frames.
        """
        total, square, frames = np.zeros(spec.n_mels), np.zeros(spec.n_mels), 0
        lowest, highest = np.full(spec.n_mels, np.inf), np.full(spec.n_mels, -np.inf)
        shift = spec.floor_value
        for mel in mels:
            x = mel.astype(np.float64) - shift
            total, square, frames = total + x.sum(1), square + (x * x).sum(1), frames + x.shape[1]
            lowest, highest = np.minimum(lowest, mel.min(1)), np.maximum(highest, mel.max(1))
        if frames == 0:
            raise ContractError("there are no frames to take statistics of")
        mean = total / frames
        std = np.sqrt(np.maximum(square / frames - mean * mean, 0.0))
        if spec.floor_kind != "none":
            lowest = np.full(spec.n_mels, spec.floor_value)
        still = std <= 1e-6 * np.maximum(1.0, np.abs(mean))
        times = 10 ** (HEADROOM_DB * spec.power / 20)
        gain = spec.log_gain
        raised = highest * times if gain is None else highest + gain * math.log(times)
        return cls(
            *(
                one.astype(np.float32)
                for one in (mean + shift, np.where(still, 1.0, std), lowest, np.maximum(raised, lowest + 1e-6))
            )
        )

    def tensors(self) -> dict[str, Floats]:
        """By the names under which a file keeps them."""
        return {PREFIX + one.name: getattr(self, one.name) for one in fields(self)}

    def normalised(self, values: Floats) -> Floats:
        """Values before scaling [n_mels, T] as a network takes them: mean 0, standard deviation 1."""
        made: Floats = (values - self.mean[:, None]) / self.std[:, None]
        return made

    def restored(self, values: Floats) -> Floats:
        """What a network gives [n_mels, T], as values before scaling; not yet within floor and ceiling."""
        made: Floats = values * self.std[:, None] + self.mean[:, None]
        return made
