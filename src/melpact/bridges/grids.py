"""Where the values of a mel stand in time and frequency, and how values move from one such grid to another.

All values here are natural logarithms of the linear mel (what the filterbank gave), so that every dialect's log, floor
and scaling is out of the way. Not here: who guesses what (`blend`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.diff.grid_rules import centres_hz, physical_f_min_hz
from melpact.contract.diff.limits import epsilon_floor, limits
from melpact.contract.filterbank import hz_to_mel
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.features.oracle import expand

Floats = NDArray[np.float64]
_SPAN = 1e-12
"""Share of a mel's loudest value below which one without a floor is taken as empty."""


def unscaled(spec: MelSpec) -> MelSpec:
    """The description without its scaling."""
    return spec if isinstance(spec.scaling, NoScaling) else spec.replace_quietly(scaling=NoScaling())


def lowest(spec: MelSpec) -> float:
    """Smallest linear value that the description tells from silence (0 where nothing bounds it): its clamped floor, or
    what float32 keeps above an added one."""
    known = limits(spec)
    return max(known.floor, 8 * known.blur)


def nats(mel: Mel) -> Floats:
    """ln of the linear mel, float64 [n_mels, frames]; values that the description cannot tell from silence stand at its
    lowest one.

    Raises:
        MissingUtterance: a per-utterance scaling without its statistics.
    """
    raw = mel.raw()
    linear = expand(raw.values, raw.spec)
    bottom = max(lowest(mel.spec), _SPAN * float(linear.max(initial=0.0)), 1e-30)
    return np.asarray(np.log(np.maximum(linear, bottom)))


def audible(mel: Mel) -> NDArray[np.bool_]:
    """Which values say something: above the floor and inside the clips of the scaling, bool [n_mels, frames]."""
    raw = mel.raw()
    linear = expand(raw.values, raw.spec)
    bottom = max(lowest(mel.spec), _SPAN * float(linear.max(initial=0.0)), 1e-30)
    seen: NDArray[np.bool_] = (linear > 1.01 * bottom) & (linear > 1.01 * epsilon_floor(mel.spec)[:, None])
    low, high = mel.spec.scaling.bounds()
    seen &= (mel.values > low + 1e-5) & (mel.values < high - 1e-5)
    if mel.spec.scaling.kind == "dynamic_range":
        seen &= mel.values > mel.values.min(initial=np.inf) + 1e-5
    return seen


def frame_centres_s(spec: MelSpec, frames: int) -> Floats:
    """Where the middle of each frame stands in the audio, in seconds, [frames]."""
    first = spec.frame_length / 2 - spec.left_pad
    return np.asarray((np.arange(frames) * spec.hop_length + first) / spec.sample_rate)


def reaches(a: MelSpec, b: MelSpec) -> NDArray[np.bool_]:
    """Which bands of `b` have their centre where a mel of `a` holds something, bool [b.n_mels]."""
    centre = centres_hz(b)
    top = min(a.physical_f_max_hz, a.sample_rate / 2)
    return np.asarray((centre >= physical_f_min_hz(a)) & (centre <= top))


def moved(values: Floats, a: MelSpec, b: MelSpec, frames: int) -> Floats:
    """Values on the grid of `a` [a.n_mels, t] → that of `b` [b.n_mels, frames], by straight lines in time and in mel.

    Outside the grid the nearest value holds.
    """
    rows = _between(hz_to_mel(centres_hz(b), "htk"), hz_to_mel(centres_hz(a), "htk"))
    columns = _between(frame_centres_s(b, frames), frame_centres_s(a, values.shape[1]))
    over_time = _lines(values, columns, axis=1)
    return _lines(over_time, rows, axis=0)


def in_time(values: NDArray[Any], a: MelSpec, b: MelSpec, frames: int) -> NDArray[Any]:
    """Values [rows, t] at the frames of `a` → at those of `b`, [rows, frames]."""
    return _lines(values, _between(frame_centres_s(b, frames), frame_centres_s(a, values.shape[1])), axis=1)


def _between(wanted: Floats, known: Floats) -> Floats:
    """Fractional index of each wanted position among the (rising) known ones, held at the ends."""
    return np.asarray(np.interp(wanted, known, np.arange(known.size, dtype=np.float64)))


def _lines(values: NDArray[Any], index: Floats, axis: int) -> NDArray[Any]:
    low = np.floor(index).astype(np.intp)
    high = np.minimum(low + 1, values.shape[axis] - 1)
    share = (index - low).astype(values.dtype)
    share = share[:, None] if axis == 0 else share
    return np.asarray(np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share)
