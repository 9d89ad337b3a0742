"""The modified discrete cosine transform with a sine window, orthonormal: samples to coefficients and back.

Source: Princen, Johnson and Bradley 1987, "Subband/transform coding using filter bank designs based on time domain aliasing
cancellation".
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@lru_cache(maxsize=8)
def basis(bins: int) -> Floats:
    """Float64 [2 * bins, bins]: windowed samples of each coefficient; frames times it are coefficients, and the reverse."""
    n, k = np.arange(2 * bins)[:, None], np.arange(bins)[None]
    window = np.sin(np.pi * (n + 0.5) / (2 * bins))
    made: Floats = window * np.sqrt(2 / bins) * np.cos(np.pi / bins * (n + 0.5 + bins / 2) * (k + 0.5))
    made.flags.writeable = False
    return made


def mdct(samples: NDArray[np.floating], bins: int) -> Floats:
    """Samples [(T + 1) * bins] → coefficients [T, bins]."""
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(samples, np.float64), 2 * bins)[::bins]
    coefficients: Floats = frames @ basis(bins)
    return coefficients


def overlapping(coefficients: NDArray[np.floating]) -> Floats:
    """Coefficients [T, bins] → the windowed frames [T, 2 * bins] whose overlapping halves add up to the samples."""
    frames: Floats = np.asarray(coefficients, np.float64) @ basis(coefficients.shape[1]).T
    return frames
