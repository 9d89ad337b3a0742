"""What a description can still tell apart: its epsilon, its floor and the clips of its scaling, as
linear mel values.

Also the canonical form of everything behind the filterbank, by which two spellings of one function are
recognised. Comparing two descriptions with these numbers is in `diff`; moving values is in `convert`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import band_edges_hz, filterbank
from melpact.contract.scaling import (
    Affine,
    BandAffine,
    DynamicRange,
    Percentile,
    Tanh,
    UtteranceMinMax,
    UtteranceStandard,
    Window,
)
from melpact.contract.spec import MelSpec

Bands = NDArray[np.float64]
_HALF_ULP = 2.0**-24
"""Largest relative error of one float32 rounding."""


@dataclass(frozen=True, eq=False)
class Limits:
    """Per-band limits in the linear mel domain of one description, [n_mels] where not said otherwise.

    Attributes:
        least: smallest value before the floor: what the epsilon alone gives (0 without one).
        floor: the clamped floor; everything below reads the same (0 where there is none).
        added: the additive floor (0 where there is none).
        clip_low: below it the scaling clips (0 where it does not).
        clip_high: above it the scaling clips (infinite where it does not).
        range_nat: a scaling that cuts this far below the loudest value, in nat (infinite where it does not).
        blur: what float32 rounding of the stored value hides near an additive floor, as a linear value.
    """

    least: Bands
    floor: float
    added: float
    clip_low: float
    clip_high: float
    range_nat: float
    blur: float

    def reading(self, x: Bands) -> Bands:
        """ln of what this description shows of a linear value x (minus infinity where it shows 0)."""
        with np.errstate(divide="ignore"):
            return np.log(np.minimum(np.maximum(x, max(self.floor, self.clip_low)), self.clip_high) + self.added)


def limits(spec: MelSpec) -> Limits:
    """The limits of a description."""
    clip_low, clip_high = 0.0, math.inf
    if isinstance(spec.scaling, Window | Percentile):
        low, high = spec.scaling.bounds()
        if math.isfinite(low):
            clip_low = max(0.0, raw_to_linear(spec, float(spec.scaling.undo(np.array([low]))[0])) - _added(spec))
        if math.isfinite(high):
            clip_high = max(0.0, raw_to_linear(spec, float(spec.scaling.undo(np.array([high]))[0])) - _added(spec))
    range_nat = math.inf
    if isinstance(spec.scaling, DynamicRange):
        range_nat = spec.scaling.range / (spec.log_gain or 1.0)
    return Limits(
        least=epsilon_floor(spec),
        floor=spec.floor if spec.floor_kind == "clamp" else 0.0,
        added=_added(spec),
        clip_low=clip_low,
        clip_high=clip_high,
        range_nat=range_nat,
        blur=_blur(spec),
    )


def epsilon_floor(spec: MelSpec) -> Bands:
    """The linear mel of digital silence before the floor, [n_mels]: what the epsilon alone puts into
    each band."""
    if spec.epsilon_kind == "none":
        return np.zeros(spec.n_mels)
    level = spec.epsilon
    if spec.epsilon_kind in ("inside", "clamp") and spec.power == 1:
        level = math.sqrt(spec.epsilon)
    return np.asarray(level * filterbank(spec).sum(axis=1))


def raw_to_linear(spec: MelSpec, raw: float) -> float:
    """A value before scaling → linear mel with its floor still in it (infinite where it overflows)."""
    if spec.log_gain is None:
        return raw
    exponent = (raw + spec.reference) / spec.log_gain
    return math.exp(exponent) if exponent < 700 else math.inf


def linear_to_raw(spec: MelSpec, x: Bands) -> Bands:
    """Linear mel before the floor → value before scaling: floor, log and reference."""
    if spec.floor_kind == "clamp":
        x = np.maximum(x, spec.floor)
    elif spec.floor_kind == "add":
        x = x + spec.floor
    return x if spec.log_gain is None else spec.log_gain * np.log(x) - spec.reference


def silence_raw(spec: MelSpec) -> Bands:
    """What digital silence reads before scaling, [n_mels]."""
    return linear_to_raw(spec, epsilon_floor(spec))


def loudest_raw(spec: MelSpec) -> float:
    """About the largest value before scaling that samples in [-1, 1] can give: a full-scale tone in
    the widest band."""
    peak = (spec.win_length / 2 * spec.waveform_scale) ** spec.power * float(filterbank(spec).max())
    return float(linear_to_raw(spec, np.array([peak]))[0])


def norm_factor(a: MelSpec, b: MelSpec) -> Bands:
    """What turns a band normalised as in `a` into one normalised as in `b`, on the band edges of `a`:
    [n_mels]."""
    if a.mel_norm == b.mel_norm:
        return np.ones(a.n_mels)
    edges = band_edges_hz(a.n_mels, a.f_min, a.f_max, a.mel_scale)
    slaney = 2.0 / (edges[2:] - edges[:-2])
    return slaney if b.mel_norm == "slaney" else 1.0 / slaney


def gain_factor(a: MelSpec, b: MelSpec) -> float:
    """What the waveform scale of `b` makes of a linear mel value of `a`."""
    return float((b.waveform_scale / a.waveform_scale) ** a.power)


def behind_the_bank(spec: MelSpec) -> tuple[Any, ...]:
    """Log, reference and scaling as one canonical function of u = ln(linear mel) (of the linear mel
    without a log).

    Two descriptions with (nearly) the same tuple compute the same numbers however they spell it; see
    `same_function`.
    """
    gain, shift = spec.log_gain or 1.0, -spec.reference
    domain = "linear" if spec.log_gain is None else "log"
    s = spec.scaling
    if isinstance(s, Tanh):
        return domain, "tanh", s.amplitude, gain / s.width, (shift - s.centre) / s.width
    if isinstance(s, DynamicRange):
        return domain, "dynamic_range", gain / s.divisor, (s.shift + shift) / s.divisor, s.range / gain
    if isinstance(s, UtteranceMinMax):
        return domain, "min_max", s.out_low, s.out_high, s.epsilon / gain
    if isinstance(s, UtteranceStandard):
        if s.spread == "none":
            return domain, "mean", gain
        return domain, s.spread, s.epsilon / (gain if s.spread == "added" else gain**2), s.ddof
    low, high = -math.inf, math.inf
    slope: Any = 1.0
    offset: Any = 0.0
    if isinstance(s, Affine):
        slope, offset = s.scale, s.shift
    elif isinstance(s, BandAffine):
        slope, offset = np.asarray(s.scale), np.asarray(s.shift)
    elif isinstance(s, Window | Percentile):
        slope = (s.out_high - s.out_low) / (s.high - s.low)
        offset = s.out_low - s.low * slope
        low, high = s.bounds()
    ones = np.ones(spec.n_mels)
    return domain, "line", tuple(slope * gain * ones), tuple((slope * shift + offset) * ones), low, high


def same_function(a: MelSpec, b: MelSpec) -> bool:
    """Whether log, reference and scaling of both are one function, up to rounding in the last digits."""
    left, right = behind_the_bank(a), behind_the_bank(b)
    if left[:2] != right[:2] or len(left) != len(right):
        return False
    for one, other in zip(left[2:], right[2:], strict=True):
        x, y = np.atleast_1d(np.asarray(one, float)), np.atleast_1d(np.asarray(other, float))
        if x.size != y.size:
            if np.ptp(x) > 0 or np.ptp(y) > 0:
                return False
            x, y = x[:1], y[:1]
        if not np.allclose(x, y, rtol=1e-12, atol=1e-12):
            return False
    return True


def tanh_error(spec: MelSpec) -> float:
    """Largest error, in the unit before scaling, of a float32 tanh value between silence and full scale."""
    s = spec.scaling
    if not isinstance(s, Tanh):
        return 0.0
    widths = [abs(raw - s.centre) / s.width for raw in (float(silence_raw(spec).min()), loudest_raw(spec))]
    return s.width * _HALF_ULP * math.cosh(min(max(widths), 300.0)) ** 2


def _added(spec: MelSpec) -> float:
    return spec.floor if spec.floor_kind == "add" else 0.0


def _blur(spec: MelSpec) -> float:
    if spec.floor_kind != "add" or spec.log_gain is None:
        return 0.0
    raw = spec.floor_value
    error = _HALF_ULP * max(1.0, abs(raw))
    if not spec.scaling.needs() and not isinstance(spec.scaling, Tanh):
        near = np.full((spec.n_mels, 2), raw) + np.array([0.0, 1.0])
        stored = spec.scaling.apply(near)
        slope = np.abs(stored[:, 1] - stored[:, 0])
        if np.all(slope > 0):
            error = float((_HALF_ULP * np.abs(stored[:, 0]) / slope).max())
    return spec.floor * max(error, _HALF_ULP) / spec.log_gain
