"""From an analysis whose line fits to a whole description: padding, log, floor and scaling, as the line and the ends say."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import Affine, BandAffine, NoScaling, Scaling, UtteranceMinMax, Window
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort
from melpact.diagnose.identify import moves
from melpact.diagnose.identify.catalogue import by_bands
from melpact.diagnose.identify.compare import NUMERIC, Line, fit_line, log_mel, overlap_of, robust, value_slope
from melpact.diagnose.identify.listen import Sound
from melpact.diagnose.identify.workbench import LOGS, readings
from melpact.features.analysis import analyse

Float64 = NDArray[np.float64]

_FLOORS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 2e-6, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 2.0**-24, 2.0**-23)
_MOST = 10
_REACH = 2e-4


@dataclass(frozen=True)
class Unlisted:
    """A description found by search.

    Attributes:
        spec: it, with log, floor and scaling as the line says.
        typical: median absolute residual in nat after the line.
        gain_nat: what the sound's amplitude had to be raised by (0 where it went into the scaling).
        lag: see `compare.Line`.
        evaluated: analyses that were computed.
        floor_seen: whether a floor shows in the values; without one the description's is a guess below them.
        off, wide: share of the values that the whole description leaves more than a thousandth, a hundredth of a nat away.
    """

    spec: MelSpec
    typical: float
    gain_nat: float
    lag: int
    evaluated: int
    floor_seen: bool = False
    off: float = 1.0
    wide: float = 1.0


def shaped(sound: Sound, values: Float64, spec: MelSpec, lag: int, reading: str, per_band: bool, evaluated: int) -> Unlisted:
    """The whole description of values whose analysis is `spec` (see `compare.analysis_of`)."""
    y = dict(readings(values))[reading]
    line = _line(sound, y, spec, lag, per_band)
    if line is None:
        return Unlisted(spec, math.inf, 0.0, lag, evaluated)
    padded, padded_lag = _padded(sound, y, spec, line)
    again = _line(sound, y, padded, padded_lag, per_band)
    if again is not None:
        spec, line = padded, again
    wholes = list(_wholes(sound, y, spec, line, reading))
    wholes.sort(key=lambda w: abs(w[1]))
    best: Unlisted | None = None
    for whole, gain, seen in wholes[:_MOST]:
        told = _measured(sound, values, Unlisted(whole, line.typical, gain, line.lag, evaluated, seen), line)
        if best is None or told.off + told.wide < best.off + best.wide - 1e-3:
            best = told
        if best.off < 1e-3:
            break
    return Unlisted(spec, math.inf, 0.0, lag, evaluated) if best is None else best


def _line(sound: Sound, y: Float64, spec: MelSpec, lag: int, per_band: bool) -> Line | None:
    x = log_mel(sound.at(spec.sample_rate), spec)
    return None if x is None else fit_line(x, y[:, : x.shape[1] + 8], lag, per_band=per_band, reach_nat=_REACH)


# padding


def _padded(sound: Sound, y: Float64, spec: MelSpec, line: Line) -> tuple[MelSpec, int]:
    """The padding under which the number of frames and the values at both ends are right, and its lag."""
    first = line.lag * spec.hop_length + spec.frame_length / 2 - spec.left_pad
    own = (spec.padding, spec.pad_mode)
    whole = sound.duration_s * spec.sample_rate <= sound.at(spec.sample_rate).size + 1
    best, least = (spec, line.lag), math.inf
    for rank, (padding, mode) in enumerate(dict.fromkeys((own, *moves.PADDINGS))):
        change = {"padding": padding, "pad_mode": mode, "pad_left": 0, "pad_right": 0, "pad_value": 0.0, "drop_last": 0}
        laid = moves.changed(spec, change) or spec
        lag = round((first - laid.frame_length / 2 + laid.left_pad) / laid.hop_length)
        if abs(first - lag * laid.hop_length - laid.frame_length / 2 + laid.left_pad) > 0.6:
            continue
        left_out = sound.frames(laid) - y.shape[1]
        if left_out in (1, 2) and lag == 0:
            laid = laid.replace_quietly(drop_last=left_out)
            left_out = 0
        x = log_mel(sound.at(laid.sample_rate), laid)
        if x is None:
            continue
        p, shown = overlap_of(x, y[:, : x.shape[1] + 8], lag)
        apart = np.abs(shown - line.slope * p - line.offset) / np.abs(line.slope)
        ends = np.concatenate([apart[:, :4], apart[:, -4:]], axis=1) if whole else apart[:, :4]
        cost = float(np.mean(np.log(np.minimum(ends, 3.0) + 1e-3)))
        cost += 20.0 * (lag != 0) + 10.0 * (left_out != 0) + 0.01 * rank
        if cost < least:
            best, least = (laid, lag), cost
    return best


# log, floor and scaling


def _wholes(sound: Sound, y: Float64, spec: MelSpec, line: Line, reading: str) -> list[tuple[MelSpec, float, bool]]:
    """Whole descriptions that have that line, the gain in nat of amplitude that each leaves, and whether its floor shows."""
    if line.slope.size == 1:
        middle = float(line.offset[0, 0])
        if reading == "linear":
            return [(spec.replace_quietly(log="none", floor=0.0, floor_kind="none"), middle / spec.power, True)]
        if reading.startswith("added:"):
            _, log, added = reading.split(":")
            if abs(float(line.slope[0, 0]) - 1) > 2e-3:
                return []
            left = middle / spec.power if abs(middle) > 1e-3 * spec.power else 0.0
            made = spec.replace_quietly(log=log, floor=float(added), floor_kind="add", scaling=NoScaling())
            return [(made, left, True)]
    x = log_mel(sound.at(spec.sample_rate), spec)
    if x is None:
        return []
    p, shown = overlap_of(x, y[:, : x.shape[1] + 8], line.lag)
    found = []
    for shape in _shapes(spec, line, y):
        made = shape.spec
        raised = spec.power * (shape.gain + math.log(made.waveform_scale))
        own = _floor(p + raised, shown, line.slope, line.offset - line.slope * raised)
        listed = [(made.floor, made.floor_kind)] if made.floor > 0 else []
        guess = [(math.exp(min(-11.5, float(p.min() + raised))), "clamp")] if own is None and not listed else []
        for floor, kind in dict.fromkeys([*([own] if own else []), *listed, *guess]):
            found.append((made.replace_quietly(floor=floor, floor_kind=kind), shape.gain, own is not None))
    return found


class _Shape(NamedTuple):
    spec: MelSpec
    gain: float


def _shapes(spec: MelSpec, line: Line, y: Float64) -> list[_Shape]:
    """What may follow the mel: the plain logs, what the dialects do there, or else a line of its own."""
    found: list[_Shape] = []
    n = spec.n_mels
    listed: dict[tuple[object, ...], MelSpec] = {}
    for hs in by_bands().values():
        for h in hs:
            s = h.spec
            if s.log != "none" and (s.n_mels == n or not isinstance(s.scaling, BandAffine)):
                listed.setdefault((s.log, s.reference, s.scaling, s.waveform_scale, s.floor, s.floor_kind), s)
    for s in listed.values():
        take = {k: getattr(s, k) for k in ("log", "reference", "scaling", "waveform_scale", "floor", "floor_kind")}
        made = spec.replace_quietly(**take)
        if s.scaling.needs():
            if _could_follow(s.scaling, y, line, made):
                found.append(_Shape(made, 0.0))
            continue
        slope, level = value_slope(made), _offset(made)
        if slope is None or level is None or slope.size != line.slope.size:
            continue
        if float(np.quantile(np.abs(line.slope / slope - 1), 0.9)) > 2e-3 * (1 if slope.size == 1 else 10):
            continue
        gain = float(np.median((line.offset - level) / slope)) / spec.power
        if abs(gain) < 3.0:
            found.append(_Shape(made, gain if abs(gain) > 1e-3 else 0.0))
    slope, offset = line.slope, line.offset
    plain = spec.replace_quietly(log="ln", floor=1e-30, floor_kind="clamp", reference=0.0, waveform_scale=1.0)
    if slope.size > 1:
        own = BandAffine(scale=tuple(slope[:, 0].tolist()), shift=tuple(offset[:, 0].tolist()))
        return [*found, _Shape(plain.replace_quietly(scaling=own), 0.0)]
    a, b = float(slope[0, 0]), float(offset[0, 0])
    for log, gain in LOGS:
        if abs(a / gain - 1) < 2e-3 and abs(b / a) < 3.0:
            left = b / a / spec.power
            found.append(_Shape(plain.replace_quietly(log=log, scaling=NoScaling()), left if abs(left) > 1e-3 else 0.0))
    found.append(_Shape(plain.replace_quietly(scaling=_clipped(Affine(scale=a, shift=b), y)), 0.0))
    exact = [f for f in found if abs(f.gain) < 0.01]
    return exact if exact else found


def _clipped(scaling: Affine, y: Float64) -> Affine | Window:
    """A window with its upper clip where many values lie on the highest."""
    high = float(y.max())
    if np.count_nonzero(y >= high - 1e-6 * max(1.0, abs(high))) < 4 or scaling.scale < 0:
        return scaling
    low = float(y.min())
    ends = [(v - scaling.shift) / scaling.scale for v in (low, high)]
    return Window(low=ends[0], high=ends[1], out_low=low, out_high=high, clip_high=high)


def _offset(spec: MelSpec) -> Float64 | None:
    """What a mel of 1 reads, before clipping, where the scaling is fixed: [1, 1] or [n_mels, 1]."""
    slope, scaling = value_slope(spec), spec.scaling
    if slope is None:
        return None
    if isinstance(scaling, NoScaling):
        level: Float64 | float = -spec.reference
    elif isinstance(scaling, Affine):
        level = scaling.shift - scaling.scale * spec.reference
    elif isinstance(scaling, BandAffine):
        level = (np.asarray(scaling.shift) - np.asarray(scaling.scale) * spec.reference)[:, None]
    elif isinstance(scaling, Window):
        level = (-spec.reference - scaling.low) * scaling.slope + scaling.out_low
    else:
        return None
    return np.asarray(level + slope * spec.power * math.log(spec.waveform_scale), np.float64).reshape(-1, 1)


def _could_follow(scaling: Scaling, y: Float64, line: Line, made: MelSpec) -> bool:
    """Whether values could have gone through a scaling by statistics of their own."""
    if isinstance(scaling, UtteranceMinMax):
        return bool(abs(y.min() - scaling.out_low) < 1e-3 and abs(y.max() - scaling.out_high) < 1e-3)
    slope = value_slope(made)
    if slope is not None:
        return bool(slope.size == line.slope.size and np.max(np.abs(line.slope / slope - 1)) < 2e-3)
    return bool(np.max(np.abs(y.mean(axis=1))) < 0.02)


def _floor(p: Float64, y: Float64, slope: Float64, offset: Float64) -> tuple[float, str] | None:
    """The log floor: as a value that many share (clamp), or as the bend of the quiet values (added); else None."""
    low = float(y.min())
    on = y <= low + 1e-4 * max(1e-9, float(y.max()) - low)
    options: list[tuple[float, str]] = [(0.0, "none")]
    if on.sum() > 1 and slope.size == 1:
        solved = math.exp(min(80.0, max(-80.0, (low - float(offset[0, 0])) / float(slope[0, 0]))))
        nice = min(_FLOORS, key=lambda f: abs(math.log(f / solved)))
        options.append((nice if abs(math.log(nice / solved)) < 0.002 else solved, "clamp"))
    options += [(f, "add") for f in (1.0, *_FLOORS)] + [(f, "clamp") for f in _FLOORS]
    costs = []
    for value, kind in options:
        z = p if kind == "none" else np.log(np.exp(p) + value) if kind == "add" else np.maximum(p, math.log(value))
        costs.append(robust(np.minimum(np.abs((y - offset) / slope - z), 10.0), NUMERIC))
    best = int(np.argmin(costs))
    return options[best] if costs[best] < costs[0] - 1e-4 else None


def _measured(sound: Sound, values: Float64, u: Unlisted, line: Line) -> Unlisted:
    """With the share of the values that the whole description does not give."""
    x = sound.at(u.spec.sample_rate, whole=bool(u.spec.scaling.needs()))
    if u.gain_nat:
        x = x * np.float32(math.exp(u.gain_nat))
    try:
        made = np.asarray(analyse(x, u.spec)[0], np.float64)
    except AudioTooShort:
        return u
    p, y = overlap_of(made, values[:, : made.shape[1] + 8], u.lag)
    if p.shape[1] < 4:
        return u
    if u.spec.log == "none":
        apart = np.abs(np.log(np.maximum(y, 1e-30)) - np.log(np.maximum(p, 1e-30)))
    else:
        apart = np.abs(p - y) / np.abs(line.slope)
    off, wide = float(np.mean(apart > 1e-3)), float(np.mean(apart > 1e-2))
    return dataclasses.replace(u, typical=float(np.median(apart)), off=off, wide=wide)
