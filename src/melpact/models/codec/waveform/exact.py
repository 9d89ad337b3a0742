"""Arithmetic that gives the same bits on every machine: whole numbers below 2^53, carried by float64.

Encoder and decoder have to expect the same of every symbol, or all that follows is lost. Sums of floats depend on their
order, and that on the machine. Here every product and every sum is a whole number that float64 holds exactly, so that any
order gives the same; a shift is a division by a power of two and a floor, both exact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Whole = NDArray[np.float64]
"""Whole numbers."""
ONE = 2**10
"""What 1.0 is as an activation. Activations lie within ± MOST."""
MOST = 2**20
WEIGHT_ONE, _WEIGHT_MOST = 2**12, 2**19
"""What 1.0 is as a weight; 2^20 · 2^19 · 2^10 terms stay below 2^53."""
_TERMS = 2**10


class Layer(NamedTuple):
    """y = x W + b, shifted back to the scale of activations.

    Attributes:
        weight: whole numbers float64 [inputs, outputs]. bias: [outputs], at the scale of products, rounding included.
    """

    weight: Whole
    bias: Whole

    @classmethod
    def of(cls, weight: NDArray[Any], bias: NDArray[Any]) -> Layer:
        """From a file's whole numbers."""
        return cls(np.ascontiguousarray(weight, np.float64), bias.astype(np.float64) * ONE + WEIGHT_ONE / 2)

    def __call__(self, x: Whole, *, rectified: bool) -> Whole:
        """[…, inputs] → [..., outputs]."""
        made = x @ self.weight
        made += self.bias
        made /= WEIGHT_ONE
        np.floor(made, out=made)
        return np.clip(made, 0 if rectified else -MOST, MOST, out=made)


def whole(weight: NDArray[np.floating], bias: NDArray[np.floating]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Float weights [inputs, outputs] and bias [outputs] → whole numbers as `Layer.of` takes them.

    Raises:
        ValueError: more inputs than sums are exact for.
    """
    if len(weight) > _TERMS:
        raise ValueError(f"{len(weight)} inputs; sums are exact for {_TERMS}")
    return _rounded(weight), _rounded(bias)


def _rounded(values: NDArray[np.floating]) -> NDArray[np.int32]:
    numbers = np.clip(np.rint(np.asarray(values, np.float64) * WEIGHT_ONE), -_WEIGHT_MOST, _WEIGHT_MOST)
    return numbers.astype(np.int32)


@njit(cache=True, nogil=True)
def added(value, row, total):  # type: ignore[no-untyped-def]
    """total += value · row."""
    if value != 0.0:
        for index in range(total.shape[0]):
            total[index] += value * row[index]


@njit(cache=True, nogil=True)
def shifted(total, least):  # type: ignore[no-untyped-def]
    """Sums of products → activations, in place."""
    for index in range(total.shape[0]):
        total[index] = min(max(np.floor(total[index] / WEIGHT_ONE), least), MOST)
