"""Octave errors of a pitch track put right: a stretch that jumps by an octave and back, or that a second track contradicts.

Finding pitch is in `pitch` and `harmonic_track`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_OCTAVES = (0.0, -1.0, 1.0)
_MOVED, _JUMP, _FAR, _CONTRADICTED = 0.3, 4.0, 2.0, 0.5
"""Costs: of another octave than was tracked, per frame of 5 ms; of a jump, per octave; of lying more than `_RANGE` octaves
from the median, per octave and frame; of being an octave off the second track, per frame."""
_RANGE = 1.2
_FRAME_S = 0.005


def repaired(f0_hz: Float32, step_s: float, other_hz: Float32 | None = None) -> tuple[Float32, float]:
    """The track with every stretch in its likeliest octave, and the share of voiced frames that were moved.

    Without a second track a stretch shorter than about 130 ms between two jumps of an octave is moved back; a longer one is
    taken for a leap. With one, the stretch goes where both agree.

    Args:
        f0_hz: Hz every `step_s`, 0 where unvoiced.
        other_hz: a second track at the same moments, 0 where it does not know.
    """
    at = np.flatnonzero(f0_hz > 0)
    if at.size == 0:
        return f0_hz, 0.0
    octave = np.log2(f0_hz[at].astype(np.float64))
    states = octave[:, None] + np.array(_OCTAVES)
    frames = step_s / _FRAME_S
    cost = np.where(np.array(_OCTAVES) != 0, _MOVED * frames, 0.0) + np.zeros_like(states)
    cost += frames * _FAR * np.maximum(np.abs(states - np.median(octave)) - _RANGE, 0)
    if other_hz is not None:
        known = other_hz[at] > 0
        second = np.log2(np.where(known, other_hz[at], 1.0).astype(np.float64))
        apart = np.minimum(np.abs(states - second[:, None]), 1.0)
        cost += np.where(known[:, None], frames * (_CONTRADICTED + _MOVED) * np.maximum(apart - 0.25, 0) / 0.75, 0.0)
    gap = np.diff(at, prepend=at[0]) * step_s
    jump = _JUMP * np.exp(-np.maximum(gap - step_s, 0) / 0.1)
    path = _cheapest(states, cost, jump)
    moved = np.array(_OCTAVES)[path]
    made = f0_hz.copy()
    made[at] = (f0_hz[at] * 2.0**moved).astype(np.float32)
    return made, float(np.mean(moved != 0))


@njit(cache=True, nogil=True)
def _cheapest(states, cost, jump):  # type: ignore[no-untyped-def]
    """The state per frame on the path of least cost; a jump costs in proportion to what exceeds a tenth of an octave."""
    frames, count = states.shape
    came = np.zeros((frames, count), np.int8)
    total = cost[0].copy()
    best = np.empty(count)
    for t in range(1, frames):
        for j in range(count):
            least, source = 1e30, 0
            for i in range(count):
                leap = max(abs(states[t, j] - states[t - 1, i]) - 0.1, 0.0)
                value = total[i] + jump[t] * leap
                if value < least:
                    least, source = value, i
            came[t, j] = source
            best[j] = least + cost[t, j]
        total[:] = best
    path = np.empty(frames, np.int64)
    at = int(np.argmin(total))
    for t in range(frames - 1, -1, -1):
        path[t] = at
        at = came[t, at]
    return path
