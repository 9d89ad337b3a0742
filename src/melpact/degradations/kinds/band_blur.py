"""Neighbouring bands run into each other: harmonics go first, then formants."""

from __future__ import annotations

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32
from melpact.degradations.level import bands, of_powers, powers


class BandBlur(Degradation):
    """Power densities are averaged over the bands by a Gaussian, as wider filters do; edges go on beyond the ends."""

    title = "energies blurred over bands"
    meaning, unit = "standard deviation of the blur", "bands"
    neutral, limits, doses = 0.0, (0.0, 32.0), (0.7, 1.5, 4.0)
    domain = "power"

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        from scipy.ndimage import gaussian_filter1d

        width = np.maximum(bands(spec).density, np.float32(1e-20))
        return of_powers(gaussian_filter1d(powers(level, spec) / width, dose, axis=0, mode="nearest") * width, spec)


PLUGIN = BandBlur()
