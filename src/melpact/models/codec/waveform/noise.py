"""Noise that is the same everywhere: a sign for every frame and coefficient, by its place alone.

Source: the mixing function is that of Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FIRST, _SECOND, _STEP = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB), np.uint64(0x9E3779B97F4A7C15)
_ROW = 1024


def signs(first: int, frames: int, bins: int) -> NDArray[np.float64]:
    """± 1 for the frames from `first` on, [frames, bins]."""
    rows = np.uint64(first * _ROW) + np.arange(frames, dtype=np.uint64)[:, None] * np.uint64(_ROW)
    mixed = ((rows + np.arange(bins, dtype=np.uint64)) * _STEP).astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    bit = (mixed ^ (mixed >> np.uint64(31))) & np.uint64(1)
    made: NDArray[np.float64] = 1.0 - 2.0 * bit.astype(np.float64)
    return made
