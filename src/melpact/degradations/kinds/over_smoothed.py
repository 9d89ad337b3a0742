"""The mean of everything that could have been said: what a model that was trained on a distance predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32

_SETS, _HALVINGS = 8, 24


@dataclass(frozen=True)
class OverSmoothed(Degradation):
    """The variance of levels over time falls to a share of its own, the fastest modulations first.

    Bands are taken in 8 sets of neighbours. Within a set one low pass over the modulation frequency,
    1 / (1 + (f / corner)²), has the corner at which the set's variance over time is exactly the wanted share. High bands,
    which are told least about, lose more: the share of a set is ratio ** (1 + tilt), tilt rising from -s in the lowest to s
    in the highest set, s drawn from 0 to `steepest`. The drop of global variance in predicted spectra is described by Toda
    and Tokuda 2007, "A speech parameter generation algorithm considering global variance for HMM-based speech synthesis".
    """

    title = "less variance over time, as predictions have"
    meaning, unit = "variance over time beside the original's", "of the variance"
    neutral, limits, doses = 1.0, (0.0, 1.0), (0.9, 0.75, 0.5)
    domain = "log"
    steepest: float = 0.5

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        from scipy.fft import dct, idct

        steepest = self.steepest * rng.random()
        n_mels, frames = level.shape
        if frames == 1:
            return level
        count = min(_SETS, n_mels)
        which = np.arange(n_mels) * count // n_mels
        share = dose ** (1 + steepest * np.linspace(-1, 1, count)) if dose > 0 else np.zeros(count)
        waves = dct(level, axis=1, norm="ortho")
        energy = np.stack([np.square(waves[which == s], dtype=np.float64).sum(axis=0) for s in range(count)])
        waves *= _low_pass(energy, share)[which]
        changed: Float32 = idct(waves, axis=1, norm="ortho").astype(np.float32, copy=False)
        return changed


def _low_pass(energy: NDArray[np.float64], share: NDArray[np.float64]) -> Float32:
    """Gains [sets, frequencies] that leave the wanted share of the energy above frequency 0 in each set."""
    number = np.arange(energy.shape[1], dtype=np.float64)
    wanted = share * energy[:, 1:].sum(axis=1)
    low, high = np.full(len(energy), -8.0), np.full(len(energy), np.log2(number.size) + 12.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        left = (energy[:, 1:] / (1 + (number[1:] * 2.0 ** -middle[:, None]) ** 2) ** 2).sum(axis=1)
        high = np.where(left > wanted, middle, high)
        low = np.where(left > wanted, low, middle)
    gains = 1 / (1 + (number * 2.0 ** -((low + high) / 2)[:, None]) ** 2)
    return np.asarray(gains, np.float32)


PLUGIN = OverSmoothed()
