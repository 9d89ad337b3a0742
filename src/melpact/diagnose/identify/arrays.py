"""A bare array as [n_mels, frames]: which axis is which, and whether there is anything in it to identify."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import AxisError, ContractError
from melpact.diagnose.identify.catalogue import by_bands

Float64 = NDArray[np.float64]
FEWEST_FRAMES = 6


def orientations(array: Any) -> list[tuple[str, Float64]]:
    """The ways to read an array as [n_mels, frames], with n_mels one that some dialect has; the more usual one first.

    Raises:
        AxisError: not one mel, or neither axis is a known number of bands. ContractError: not finite, constant or too short.
    """
    x = np.asarray(array)
    if x.dtype.kind not in "fiu":
        raise ContractError("a mel is made of real numbers", got=f"dtype {x.dtype}", wanted="float32")
    while x.ndim > 2 and x.shape[0] == 1:
        x = x[0]
    if x.ndim != 2:
        raise AxisError("one mel has two axes", got=f"shape {list(x.shape)}", wanted="[n_mels, frames]",
                        next="Identify one mel of the batch at a time")  # fmt: skip
    values = np.asarray(x, np.float64)
    known = by_bands()
    found = [(n, v) for n, v in (("mel-time", values), ("time-mel", values.T)) if v.shape[0] in known]
    if not found:
        raise AxisError(
            "no dialect has as many bands as either axis is long",
            got=f"shape {list(values.shape)}",
            wanted=f"one axis of {', '.join(str(n) for n in known)}",
            next="See the dialects: melpact dialects",
        )
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise ContractError(f"{bad} of {values.size} values are not finite", where="identify", wanted="finite values")
    if values.size and float(values.max()) == float(values.min()):
        raise ContractError(
            "every value is the same, so that nothing tells its dialect",
            got=f"{values.flat[0]:g} throughout",
            wanted="the mel of some sound",
        )
    long_enough = [(n, v) for n, v in found if v.shape[1] >= FEWEST_FRAMES]
    if not long_enough:
        raise ContractError(
            "too short to identify", got=f"{found[0][1].shape[1]} frames", wanted=f"at least {FEWEST_FRAMES} frames"
        )
    return long_enough
