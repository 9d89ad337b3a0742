"""The one pass over the bits of float32 values that all statistics come from. Integers only, so nothing is
ever rounded.

Imported when the first mel is counted, because it needs numba.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

_SIGN = np.uint32(0x80000000)
_FRACTION = np.uint32(0x7FFFFF)
_IMPLICIT = np.uint32(0x800000)


@numba.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def count(
    bits: NDArray[np.uint32],
    sums: NDArray[np.int64],
    fine: NDArray[np.int64],
    fine_touched: NDArray[np.bool_],
    fine_shift: Any,
    coarse: NDArray[np.int64],
    coarse_touched: NDArray[np.bool_],
    coarse_shift: Any,
) -> None:
    """Count finite float32 values given as their bits, [items, bands, frames].

    Args:
        sums: int64 [3, bands, 256], by biased exponent: signed significands, and the low and the high 24 bits
            of their squares.
        fine: int64 [1, buckets]; coarse: int64 [bands, buckets]; how many values have each ordered key (see
            `quantiles`).
        fine_touched: [1, 512]; coarse_touched: [bands, 512]; set for each sign and exponent that occurs.
        fine_shift, coarse_shift: how many low bits of the ordered key do not count.
    """
    for item in range(bits.shape[0]):
        for band in range(bits.shape[1]):
            for frame in range(bits.shape[2]):
                word = bits[item, band, frame]
                exponent = (word >> np.uint32(23)) & np.uint32(0xFF)
                significand = np.int64(word & _FRACTION)
                if exponent == 0:
                    exponent = np.uint32(1)
                else:
                    significand |= np.int64(_IMPLICIT)
                square = significand * significand
                if word > _SIGN:
                    key = ~word
                    sums[0, band, exponent] -= significand
                else:
                    key = word | _SIGN
                    sums[0, band, exponent] += significand
                sums[1, band, exponent] += square & np.int64(0xFFFFFF)
                sums[2, band, exponent] += square >> np.int64(24)
                coarse_touched[band, key >> np.uint32(23)] = True
                fine_touched[0, key >> np.uint32(23)] = True
                fine[0, key >> fine_shift] += 1
                coarse[band, key >> coarse_shift] += 1
