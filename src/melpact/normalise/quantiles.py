"""A quantile sketch that merges without loss: counts of float32 values by the leading bits of their
representation.

Flipping the sign bit of a positive float32, and all bits of a negative one, orders the 32-bit words as the
numbers are ordered. The sketch keeps the sign, the 8 exponent bits and `mantissa_bits` of the mantissa and
counts how many values fall on each key. The buckets are fixed once for all, so adding two sketches is adding
integers: any order, the same bits.

Guaranteed: every order statistic is found within 2^-mantissa_bits of its own magnitude (plus
    2^-126-mantissa_bits, the width of the buckets of subnormal numbers). Quantiles interpolate between two
    order statistics, so the bound holds with the larger one's magnitude. The smallest and the largest value
    are exact when given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIGN = np.uint32(0x80000000)


def ordered_keys(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Words that sort as the numbers do; -0 and +0 share one."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return np.where(bits > _SIGN, ~bits, bits | _SIGN)


def values_of(keys: NDArray[np.uint32]) -> NDArray[np.float64]:
    """The inverse of `ordered_keys`."""
    bits = np.where(keys & _SIGN, keys ^ _SIGN, ~keys).astype(np.uint32)
    return bits.view(np.float32).astype(np.float64)


class Sketch:
    """Counts per bucket for each of `rows` independent series.

    `counts` is int64 [rows, 2^(9 + mantissa_bits)]; untouched parts take no memory. `touched`
    [rows, 512] says for each sign and exponent whether its buckets may be in use.
    """

    def __init__(self, mantissa_bits: int, rows: int = 1) -> None:
        self.mantissa_bits = mantissa_bits
        self.shift = np.uint32(23 - mantissa_bits)
        self.counts = np.zeros((rows, 1 << (9 + mantissa_bits)), np.int64)
        self.touched = np.zeros((rows, 512), np.bool_)

    @property
    def target(self) -> tuple[NDArray[np.int64], NDArray[np.bool_], np.uint32]:
        """What `kernel.count` fills, and its shift."""
        return self.counts, self.touched, self.shift

    @property
    def relative_error(self) -> float:
        """The bound on an order statistic's error, relative to its magnitude."""
        return 2.0**-self.mantissa_bits

    @property
    def absolute_error(self) -> float:
        """What is added to the bound: the width of a bucket of subnormal numbers."""
        return 2.0 ** (-126 - self.mantissa_bits)

    def add(self, values: NDArray[np.float32]) -> None:
        """Count a few values, of any shape, in row 0 (large arrays go through `kernel.count`)."""
        keys, counts = np.unique(ordered_keys(values) >> self.shift, return_counts=True)
        self.counts[0, keys] += counts
        self.touched[0, keys >> np.uint32(self.mantissa_bits)] = True

    def merge(self, other: Sketch) -> None:
        """Add another's counts."""
        where, counts = other.sparse()
        self.counts.reshape(-1)[where] += counts
        self.touched |= other.touched

    def sparse(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Flat places and counts of the buckets in use."""
        blocks = np.flatnonzero(self.touched)
        counts = self.counts.reshape(-1, 1 << self.mantissa_bits)[blocks]
        block, inside = np.nonzero(counts)
        return (blocks[block] << self.mantissa_bits) + inside, counts[block, inside]

    def fill(self, where: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        """Set the buckets that `sparse` listed."""
        self.counts.reshape(-1)[where] = counts
        self.touched.reshape(-1)[where >> self.mantissa_bits] = True

    def count_below(self, value: float) -> int:
        """How many values of row 0 lie in buckets wholly below the bucket of `value`."""
        key = int(ordered_keys(np.asarray([value], np.float32))[0] >> self.shift)
        return int(self.counts[0, :key].sum())

    def quantile(self, row: int, q: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
        """Quantiles of a row as `numpy.quantile(..., method="linear")` defines them.

        Args:
            q: in [0, 1], any shape.
            low, high: the row's exact smallest and largest value.
        """
        used, counts, ends = self._row(row)
        last = int(ends[-1]) - 1
        place = q * last
        below = np.clip(np.floor(place).astype(np.int64), 0, last)
        above = np.minimum(below + 1, last)
        share = place - below
        statistics = [self._order_statistic(rank, used, counts, ends, low, high) for rank in (below, above)]
        return statistics[0] * (1.0 - share) + statistics[1] * share

    def cumulative(self, row: int, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """About how many values of a row lie below each place (straight lines inside the buckets)."""
        used, _, ends = self._row(row)
        lower, upper = self._edges(used)
        starts = np.concatenate([[0], ends[:-1]])
        places, reached = np.stack([lower, upper], 1).ravel(), np.stack([starts, ends], 1).ravel()
        return np.asarray(np.interp(at, places, reached), np.float64)

    def _row(self, row: int) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
        used = np.flatnonzero(self.counts[row])
        counts = self.counts[row, used]
        return used, counts, np.cumsum(counts)

    def _edges(self, used: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The smallest and the largest float32 of each bucket."""
        first = used.astype(np.uint32) << self.shift
        return values_of(first), values_of(first | ((np.uint32(1) << self.shift) - np.uint32(1)))

    def _order_statistic(
        self,
        rank: NDArray[Any],
        used: NDArray[Any],
        counts: NDArray[Any],
        ends: NDArray[Any],
        low: float,
        high: float,
    ) -> NDArray[np.float64]:
        bucket = np.searchsorted(ends, rank, side="right")
        lower, upper = self._edges(used[bucket])
        inside = rank - (ends[bucket] - counts[bucket])
        found = lower + (inside + 0.5) / counts[bucket] * (upper - lower)
        found = np.where(rank == 0, low, np.where(rank == ends[-1] - 1, high, found))
        return np.clip(found, low, high)
