"""Every value is one of a few levels, as after a picture, a small integer type or a scalar codebook."""

from __future__ import annotations

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32
from melpact.degradations.level import floor_level


class Quantised(Degradation):
    """Levels rounded to the nearest of round(2 ** bits) equal steps from the floor to the mel's own loudest value."""

    title = "few levels"
    meaning, unit = "bits per value", "bits"
    neutral, limits, doses = float("inf"), (1.0, 16.0), (5.0, 4.0, 2.5)
    domain = "log"

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        floor = np.float32(floor_level(spec))
        span = level.max() - floor
        if span <= 0:
            return level
        step = span / np.float32(max(round(2**dose) - 1, 1))
        return np.asarray(floor + np.round((level - floor) / step) * step, np.float32)


PLUGIN = Quantised()
