"""Means and spreads that a program normalises with: of one utterance, and of a corpus that the utterance belongs to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Moments(NamedTuple):
    """Mean and standard deviation, [n_mels, 1] each or 0-d."""

    mean: Array
    std: Array

    def overall(self) -> Moments:
        """One pair for all bands: what a program keeps that normalises globally."""
        variance = np.mean(self.std**2) + np.var(self.mean)
        return Moments(np.asarray(np.mean(self.mean)), np.asarray(np.sqrt(variance)))

    def take_out(self, values: Array) -> Array:
        """Normalise."""
        return (values - self.mean) / self.std

    def put_back(self, values: Array) -> Array:
        """Undo the normalisation."""
        return values * self.std + self.mean


def own(values: Array) -> Moments:
    """Per band over time. A band that hardly moves gets a quarter of the median spread, as an epsilon would give it."""
    std = values.std(axis=1, keepdims=True)
    return Moments(values.mean(axis=1, keepdims=True), np.maximum(std, max(0.25 * float(np.median(std)), 1e-3)))


def profile(n_bands: int, rng: np.random.Generator) -> Array:
    """A smooth random curve over the bands, [n_bands, 1], mean square 1."""
    from scipy.ndimage import gaussian_filter1d

    curve = gaussian_filter1d(rng.standard_normal(n_bands), max(1.0, n_bands / 12), mode="nearest")
    return np.asarray(curve / np.sqrt(np.mean(curve**2)))[:, None]


def of_corpus(values: Array, rng: np.random.Generator) -> Moments:
    """Statistics of a corpus with this speaker in it: the utterance lies .3 deviations off its mean, its spread 10 % off.
    The sizes are assumptions, not measured.
    """
    mean, std = own(values)
    return Moments(mean + 0.3 * std * profile(len(mean), rng), std * np.exp(0.1 * profile(len(mean), rng)))
