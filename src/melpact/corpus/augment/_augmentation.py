"""What every augmentation has: a chance, a strength, and a ceiling that it does not break."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from melpact.core.records import Record

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class Augmentation(Record, ABC):
    """A change to sound, drawn anew at every call.

    Attributes:
        chance: how often it happens, 0 to 1.
        strength: 0 changes nothing, 1 is the whole of the ranges given.
    """

    chance: float = Field(default=1.0, ge=0, le=1)
    strength: float = Field(default=1.0, ge=0, le=1)

    @property
    def margin(self) -> float:
        """How much more sound than it returns it reads on either side, as a share of the length."""
        return 0.0

    def __call__(self, samples: Float32, sample_rate: int, rng: np.random.Generator) -> Float32:
        """The changed sound: float32, as long as `samples` [time], no peak beyond full scale that was not there."""
        happens = rng.random() < self.chance
        peak = float(np.abs(samples).max(initial=0.0))
        if not happens or self.strength == 0 or peak == 0:
            return samples
        changed = self._change(samples.astype(np.float64), sample_rate, rng)
        most = float(np.abs(changed).max())
        ceiling = max(1.0, peak)
        if most > ceiling:
            changed = changed * (ceiling * (1 - 1e-6) / most)
        return changed.astype(np.float32)

    def facts(self) -> dict[str, Any]:
        """Its name and every setting, as plain JSON values."""
        return {"kind": type(self).__module__.rpartition(".")[2], **self.model_dump(mode="json")}

    @abstractmethod
    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        """The changed sound, of the same length."""


def ranged(rng: np.random.Generator, low: float, high: float) -> float:
    """A number from [low, high], every one as likely."""
    return float(low + (high - low) * rng.random())
