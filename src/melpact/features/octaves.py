"""A pitch track put right: octaves by continuity, and by a second track that contradicts or confirms, voicing by both.

Finding pitch is in `pitch` and `harmonic_track`; another program's tracker in `second_pitch`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

_OCTAVES = (0.0, -1.0, 1.0)
_MOVED, _JUMP, _FAR = 0.3, 4.0, 2.0
"""Costs: of another octave than was tracked, per frame of 5 ms; of a jump, per octave; of lying more than `_RANGE` octaves
from the median, per octave and frame."""
_RANGE = 1.2
_FRAME_S = 0.005
AGREED_CENTS = 50.0
_ALONE, _NOBODY = 0.25, 0.6
"""Of two tracks, per frame: of a pitch that only one says where both are voiced, and of one that neither says."""
_FIRST_ALONE, _SECOND_ALONE, _SILENT, _AGAINST = 0.1, 0.18, 0.2, 1.0
"""Where one is voiced: of believing the first, the second, or neither; and of silence where both are, at two pitches."""
_CHANGE = 0.6
"""Of a change between voiced and unvoiced."""


@dataclass(frozen=True)
class Repairs:
    """What was put right, in moments.

    Attributes:
        voiced: with a pitch in the end. octaves: in another octave than the first track said, or at another pitch where the
            second says so. gained, lost: voiced, and not, against the first track.
        second: whose the second track was; None: there was none.
    """

    voiced: int = 0
    octaves: int = 0
    gained: int = 0
    lost: int = 0
    second: str | None = None

    def __add__(self, other: Repairs) -> Repairs:
        counts = {name: getattr(self, name) + getattr(other, name) for name in ("voiced", "octaves", "gained", "lost")}
        return Repairs(**counts, second=self.second)


def repaired(f0_hz: Float32, step_s: float) -> tuple[Float32, Repairs]:
    """One track with every stretch in its likeliest octave, and what was moved.

    A stretch shorter than about 130 ms between two jumps of an octave is moved back; a longer one is taken for a leap.

    Args:
        f0_hz: Hz every `step_s`, 0 where unvoiced.
    """
    at = np.flatnonzero(f0_hz > 0)
    if at.size == 0:
        return f0_hz, Repairs()
    octave = np.log2(f0_hz[at].astype(np.float64))
    states = octave[:, None] + np.array(_OCTAVES)
    frames = step_s / _FRAME_S
    cost = np.where(np.array(_OCTAVES) != 0, _MOVED * frames, 0.0) + np.zeros_like(states)
    cost += _far(states, octave, frames)
    gap = np.diff(at, prepend=at[0]) * step_s
    jump = _JUMP * np.exp(-np.maximum(gap - step_s, 0) / 0.1)
    path = _cheapest(states, cost, jump, 0.0)
    moved = np.array(_OCTAVES)[path]
    made = f0_hz.copy()
    made[at] = (f0_hz[at] * 2.0**moved).astype(np.float32)
    return made, Repairs(at.size, int((moved != 0).sum()))


def joined(f0_hz: Float32, other_hz: Float32, step_s: float, second: str = "second") -> tuple[Float32, Repairs]:
    """Two tracks of independent trackers as one, and what that moved.

    Where both say the same within `AGREED_CENTS`, it is the first's. Elsewhere the cheapest path goes through what either
    says, the first's octaves and silence: short jumps cost more than contradicting a tracker. Where one alone is voiced, it
    is believed where it goes on from what both say, or lasts (60 ms for the first).

    Args:
        f0_hz, other_hz: Hz every `step_s` at the same moments, 0 where unvoiced.
        second: whose the other is, for the report.
    """
    on = np.flatnonzero((f0_hz > 0) | (other_hz > 0))
    if on.size == 0:
        return f0_hz, Repairs(second=second)
    span = slice(max(0, on[0] - 1), min(f0_hz.size, on[-1] + 2))
    one, two = f0_hz[span].astype(np.float64), other_hz[span].astype(np.float64)
    frames = step_s / _FRAME_S
    own, other = (np.where(x > 0, np.log2(np.maximum(x, 1e-9)), np.nan) for x in (one, two))
    states = np.stack([own, other, own - 1, own + 1, np.full(one.size, np.nan)], axis=1)
    near = AGREED_CENTS / 1200
    said = np.stack([np.abs(states - x[:, None]) <= near for x in (own, other)])
    votes, speaking = said.sum(axis=0), (one > 0).astype(int) + (two > 0)
    cost = np.choose(votes, [_NOBODY, _ALONE, 0.0])
    lone = speaking == 1
    cost[lone, 0], cost[lone, 1] = _FIRST_ALONE, _SECOND_ALONE
    cost[:, -1] = np.choose(speaking, [0.0, _SILENT, _AGAINST])
    # a leap that both hear does not go by way of a silence
    cost[votes[:, 0] == 2, -1] = np.inf
    # what says the same as the first in the same place is the first
    cost[said[0, :, 1], 1] = np.inf
    known = np.isfinite(states)
    known[:, -1] = True
    pitched = np.isfinite(states)
    both = np.where(speaking == 2, (own + other) / 2, np.where(one > 0, own, other))[speaking > 0]
    cost = np.where(known, cost * frames + np.where(pitched, _far(states, both, frames), 0.0), np.inf)
    path = _cheapest(np.where(pitched, states, -1.0), cost, np.full(one.size, _JUMP), _CHANGE)
    chosen = states[np.arange(one.size), path]
    hz = np.where(np.isfinite(chosen), 2.0 ** np.nan_to_num(chosen), 0.0)
    made = f0_hz.copy()
    made[span] = np.where(path == 0, one, hz).astype(np.float32)
    was, now = f0_hz > 0, made > 0
    moved = was & now & (np.abs(np.log2(np.maximum(made, 1e-9) / np.maximum(f0_hz, 1e-9))) > near)
    voiced, octaves, gained, lost = (int(one.sum()) for one in (now, moved, now & ~was, was & ~now))
    return made, Repairs(voiced, octaves, gained, lost, second)


def _far(states: Float64, octave: Float64, frames: float) -> Float64:
    """The cost of lying far from the median."""
    return np.asarray(frames * _FAR * np.maximum(np.abs(states - np.median(octave)) - _RANGE, 0))


@njit(cache=True, nogil=True)
def _cheapest(states, cost, jump, change):  # type: ignore[no-untyped-def]
    """The state per frame on the path of least cost; a jump costs in proportion to what exceeds a tenth of an octave.

    A state below 0 is silence, which costs `change` to enter and to leave.
    """
    frames, count = states.shape
    came = np.zeros((frames, count), np.int8)
    total = cost[0].copy()
    best = np.empty(count)
    for t in range(1, frames):
        for j in range(count):
            least, source = 1e30, 0
            for i in range(count):
                silent = (states[t, j] < 0) + (states[t - 1, i] < 0)
                if silent == 0:
                    leap = jump[t] * max(abs(states[t, j] - states[t - 1, i]) - 0.1, 0.0)
                else:
                    leap = change if silent == 1 else 0.0
                value = total[i] + leap
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
