"""The Gaussian nearest to an analysis window: its width and its centre. Nothing else lives here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def window_gamma(window: NDArray[np.float64]) -> float:
    """The time-frequency ratio of the Gaussian exp(-pi n^2 / gamma) nearest to a window, in samples squared.

    Nearest in least squares, both peaks being one; found by golden section. For a Hann window of length L it
    gives 0.2585 L^2 (0.2565 L^2 is in use for phase gradients). The Gaussian's transform falls as exp(-pi
    gamma nu^2), nu in cycles per sample: the window's main lobe.
    """
    return _gamma(np.ascontiguousarray(window, dtype=np.float64).tobytes())


@lru_cache(maxsize=16)
def _gamma(window: bytes) -> float:
    weights = np.frombuffer(window, dtype=np.float64)
    weights = weights / weights.max()
    offset = np.arange(weights.size) - window_centre(weights)
    spread = float((weights * offset**2).sum() / weights.sum())

    def mismatch(log_gamma: float) -> float:
        gaussian = np.exp(-np.pi * offset**2 / np.exp(log_gamma))
        return float(np.square(weights - gaussian).sum())

    low, high = np.log(2 * np.pi * spread) - 2.0, np.log(2 * np.pi * spread) + 2.0
    ratio = (np.sqrt(5) - 1) / 2
    while high - low > 1e-6:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if mismatch(left) < mismatch(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def window_centre(window: NDArray[np.float64]) -> float:
    """The window's centre of gravity in samples from the start of the frame (n_fft / 2 for a periodic
    Hann)."""
    weights = np.asarray(window, dtype=np.float64)
    return float((weights * np.arange(weights.size)).sum() / weights.sum())
