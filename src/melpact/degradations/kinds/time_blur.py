"""Neighbouring frames run into each other, as behind a longer window or a pooling of energies."""

from __future__ import annotations

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32
from melpact.degradations.level import of_powers, powers


class TimeBlur(Degradation):
    """Powers are averaged over time by a Gaussian; the first and the last frame go on beyond the ends."""

    title = "energies blurred over time"
    meaning, unit = "standard deviation of the blur", "frames"
    neutral, limits, doses = 0.0, (0.0, 64.0), (0.7, 1.5, 4.0)
    domain = "power"

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        from scipy.ndimage import gaussian_filter1d

        return of_powers(gaussian_filter1d(powers(level, spec), dose, axis=1, mode="nearest"), spec)


PLUGIN = TimeBlur()
