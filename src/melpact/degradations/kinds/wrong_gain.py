"""The mel is louder or softer than its sound."""

from __future__ import annotations

import math

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32

_NAT_PER_DB = math.log(10) / 10


class WrongGain(Degradation):
    """Every level moves by as much, silence with it; what would fall below the floor stays on it."""

    title = "another level"
    meaning, unit = "gain", "dB"
    neutral, limits, doses = 0.0, (-80.0, 40.0), (-3.0, -6.0, -12.0)
    domain = "log"

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        return level + np.float32(dose * _NAT_PER_DB * spec.power / 2)


PLUGIN = WrongGain()
