"""Sums of float32 values and of their squares as whole numbers: no rounding, so no order of adding matters.

A finite float32 is a whole multiple of 2^-149, its square one of 2^-298. Python's integers hold the sums
exactly; means and variances are rounded once, at the very end, to the nearest float64. That is stronger than
the pairwise merging of Chan, Golub and LeVeque (1983, eq. 2.1), whose last bits depend on how the data were
cut.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

UNIT_BITS = 149
_PENDING_FRAMES = 1 << 38


class BandSums:
    """Exact sum and sum of squares per band.

    New values are first added up per exponent in int64 (`pending`, filled by `kernel.count`) and folded into
    Python integers long before 2^39 significands of 24 bits could overflow.
    """

    def __init__(self, n_mels: int) -> None:
        self.pending = np.zeros((3, n_mels, 256), np.int64)
        self._pending_frames = 0
        self._sums = [0] * n_mels
        self._squares = [0] * n_mels

    @classmethod
    def of(cls, sums: list[int], squares: list[int]) -> BandSums:
        """From sums in units of 2^-149 and sums of squares in units of 2^-298."""
        made = cls(len(sums))
        made._sums, made._squares = list(sums), list(squares)
        return made

    def reserve(self, frames: int) -> None:
        """Say that `frames` more values per band are about to go into `pending`."""
        if self._pending_frames + frames > _PENDING_FRAMES:
            self._fold()
        self._pending_frames += frames

    def totals(self) -> tuple[list[int], list[int]]:
        """Per band: the sum in units of 2^-149, the sum of squares in units of 2^-298."""
        self._fold()
        return self._sums, self._squares

    def merge(self, other: BandSums) -> None:
        """Add another's sums."""
        self.reserve(other._pending_frames)
        self.pending += other.pending
        self._sums = [a + b for a, b in zip(self._sums, other._sums, strict=True)]
        self._squares = [a + b for a, b in zip(self._squares, other._squares, strict=True)]

    def _fold(self) -> None:
        if self._pending_frames == 0:
            return
        for band, exponent in np.argwhere(self.pending.any(axis=0)).tolist():
            signed, low, high = (int(part) for part in self.pending[:, band, exponent])
            self._sums[band] += signed << (exponent - 1)
            self._squares[band] += (low + (high << 24)) << 2 * (exponent - 1)
        self.pending[...] = 0
        self._pending_frames = 0


def mean(total: int, count: int) -> float:
    """total · 2^-149 / count, rounded once."""
    return total / (count << UNIT_BITS)


def variance(total: int, squares: int, count: int, ddof: int) -> float:
    """(count · Σx² - (Σx)²) / (count (count - ddof)), rounded once; the numerator is exact, so nothing
    cancels.
    """
    return (count * squares - total * total) / ((count * (count - ddof)) << 2 * UNIT_BITS)


def deviations(totals: tuple[list[int], list[int]], count: int, ddof: int) -> NDArray[np.float64]:
    """Standard deviation per band."""
    return np.array([math.sqrt(variance(s, q, count, ddof)) for s, q in zip(*totals, strict=True)])
