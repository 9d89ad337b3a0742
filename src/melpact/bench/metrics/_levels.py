"""Short frames and their levels, for the metrics that leave out silence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DYNAMIC_DB = 40.0
"""A frame this far below the loudest frame counts as silent (the limit that STOI uses)."""


def frames(wave: NDArray[np.floating[Any]], length: int, hop: int) -> NDArray[np.float64]:
    """float64 [frames, length], a read-only view where possible; a last part that does not fill a frame is left out."""
    whole = np.ascontiguousarray(wave, np.float64)
    if whole.size < length:
        return np.zeros((0, length))
    return np.lib.stride_tricks.sliding_window_view(whole, length)[::hop]


def loud(
    wave: NDArray[np.floating[Any]], rate: int, times_s: NDArray[np.float64], width_s: float = 0.025
) -> NDArray[np.bool_]:
    """At which of the times the sound is not silent: within `DYNAMIC_DB` of its loudest frame of `width_s` around a time."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(wave, dtype=np.float64))])
    centre = np.rint(times_s * rate).astype(np.int64)
    half = max(1, round(width_s * rate / 2))
    low, high = np.clip(centre - half, 0, wave.size), np.clip(centre + half, 0, wave.size)
    power = energy[high] - energy[low]
    top = float(power.max(initial=0.0))
    return np.asarray((power > 0) & (power >= top * 10 ** (-DYNAMIC_DB / 10)))
