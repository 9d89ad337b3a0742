"""The rules of `diff`: for every field group, what a difference means, in one sentence with figures.

Levels are compared in the linear mel domain after gain and band constants (`Pair.lost`); the comparison itself is in `diff`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from melpact.contract import grids
from melpact.contract.filterbank import band_edges_hz, filterbank
from melpact.contract.limits import (
    Bands,
    Limits,
    epsilon_floor,
    gain_factor,
    limits,
    linear_to_raw,
    norm_factor,
    same_function,
    silence_raw,
    tanh_error,
)
from melpact.contract.scaling import DynamicRange, NoScaling, Tanh, Window
from melpact.contract.spec import MelSpec

Kind = Literal["same", "exact", "lossy", "impossible"]
KINDS: tuple[Kind, ...] = ("same", "exact", "lossy", "impossible")
Verdict = tuple[Kind, str]
SAME: Verdict = ("same", "")
_TOLERANCE_NAT = 1e-5


@dataclass(frozen=True, eq=False)
class Pair:
    """Two descriptions and what several rules need to know of them."""

    a: MelSpec
    b: MelSpec

    @cached_property
    def same_bands(self) -> bool:
        """Whether the band edges are the same in both."""
        return all(
            getattr(self.a, n) == getattr(self.b, n)
            for n in ("n_mels", "f_min", "f_max", "mel_scale", "bank_sample_rate")
        )

    @cached_property
    def factor(self) -> Bands:
        """Gain and band constant that take a linear mel value of `a` to `b`, per band of `a`."""
        return gain_factor(self.a, self.b) * norm_factor(self.a, self.b)

    @cached_property
    def limits(self) -> tuple[Limits, Limits]:
        return limits(self.a), limits(self.b)

    @cached_property
    def one_function(self) -> bool:
        return same_function(self.a, self.b)

    def moved(self, level: Bands | float) -> Bands:
        """A linear level of `a` in the linear domain of `b` (magnitudes become powers where the power differs)."""
        return np.asarray(self.factor * np.asarray(level) ** (self.b.power / self.a.power))

    def lost_below(self, level: float) -> float:
        """How far `b` shows below a level under which `a` shows nothing, in nat (0: it does not)."""
        if level == 0.0:
            return 0.0
        _, there = self.limits
        top, bottom = self.moved(level), self.moved(self.limits[0].least)
        above, below = there.reading(np.maximum(top, bottom)), there.reading(bottom)
        return float(np.where(above > below, above - below, 0.0).max())

    @cached_property
    def floor_loss(self) -> float:
        """nat that the clamped floor of `a` hides and `b` would show."""
        return self.lost_below(self.limits[0].floor)

    @cached_property
    def blur_loss(self) -> float:
        """nat by which float32 rounding at the additive floor of `a` moves what `b` shows."""
        here, there = self.limits
        seen = np.maximum(self.moved(here.least), max(there.floor, there.clip_low)) + there.added
        blur = self.factor * here.blur
        return float(np.divide(blur, seen, out=np.zeros_like(blur), where=seen > 0).max())

    @cached_property
    def floors_hold(self) -> bool:
        """Whether `b` shows nothing that the floor or a clip of `a` has hidden."""
        return max(self.floor_loss, self.blur_loss) <= _TOLERANCE_NAT and not self.clip_loss

    @cached_property
    def clip_loss(self) -> str:
        """What the scaling of `a` cut off although `b` shows it; "" where that is nothing."""
        here, there = self.limits
        parts = []
        if self.lost_below(here.clip_low) > _TOLERANCE_NAT:
            parts.append(f"everything below {self._level(here.clip_low)} reads the same")
        if math.isfinite(here.clip_high):
            top = float(self.moved(here.clip_high).min())
            if math.isinf(there.clip_high) or top < there.clip_high * (1 - 1e-9):
                parts.append(f"everything above {self._level(here.clip_high)} reads the same")
        even = np.ptp(self.factor) <= 1e-9 * self.factor.max() and self.a.power == self.b.power
        if math.isfinite(here.range_nat) and not (even and there.range_nat <= here.range_nat * (1 + 1e-9)):
            cut = figure(here.range_nat * (self.a.log_gain or 1.0))
            parts.append(
                f"everything more than {cut} {unit(self.a)} below the loudest value of the utterance reads the same"
            )
        return " and ".join(parts)

    def _level(self, linear: float) -> str:
        raw = float(linear_to_raw(self.a, np.array([linear]))[0])
        return f"{figure(raw)} {unit(self.a)} (linear {figure(linear)})"


@dataclass(frozen=True)
class Rule:
    """How one field group is read, judged and named. `always`: judged also where both spell it the same."""

    name: str
    judge: Callable[[Pair], Verdict]
    unit: str | Callable[[Pair], str] = ""
    value: Any = None
    always: bool = False

    def read(self, spec: MelSpec) -> Any:
        """The value that is shown for one description."""
        return getattr(spec, self.name) if self.value is None else self.value(spec)

    def unit_of(self, pair: Pair) -> str:
        """The unit of both values."""
        return self.unit if isinstance(self.unit, str) else self.unit(pair)


def figure(x: float, digits: int = 4) -> str:
    """A number as people read it: `digits` significant ones, no trailing zeros."""
    text = f"{x:.{digits}g}"
    return f"{x:.0f}" if "e+" in text and abs(x) < 1e9 else text


def unit(spec: MelSpec) -> str:
    """Short unit of the values before scaling."""
    return {"nat": "nat", "decade": "decades", "linear": "linear"}.get(spec.unit, "dB")


def say_scaling(spec: MelSpec) -> str:
    """The scaling in a few words."""
    s = spec.scaling
    if isinstance(s, NoScaling):
        return "none"
    if isinstance(s, Window):
        clip = [f"clips at {figure(x)}" for x in (s.clip_low, s.clip_high) if x is not None]
        text = f"window {figure(s.low)}..{figure(s.high)} to {figure(s.out_low)}..{figure(s.out_high)}"
        return ", ".join([text, " and ".join(clip)] if clip else [text])
    said = [
        f"{name} {value if isinstance(value, str) else figure(float(value))}"
        for name in type(s).model_fields
        if name != "kind" and not isinstance(value := getattr(s, name), tuple)
    ]
    return " ".join([s.kind.replace("_", " "), ", ".join(said) or f"{spec.n_mels} bands"])


def _with(name: str, kind: str) -> Callable[[MelSpec], Any]:
    def value(spec: MelSpec) -> Any:
        number = getattr(spec, name)
        return f"{figure(number)} {getattr(spec, kind)}" if getattr(spec, kind) != "none" else "none"

    return value


def _waveform_scale(p: Pair) -> Verdict:
    gain = gain_factor(p.a, p.b)
    change = f"every linear value times {figure(gain)} ({math.log(gain):+.4g} nat)"
    if p.a.epsilon or p.b.epsilon:
        if p.a.epsilon_kind != p.b.epsilon_kind or p.a.power != p.b.power or not _same_epsilon(p):
            return "lossy", f"{change}, but the epsilon is added after the gain and does not follow it"
    if not p.floors_hold:
        return "lossy", f"{change}; what the floor or a clip of this mel has hidden would then have to show"
    return "exact", change


def _same_epsilon(p: Pair) -> bool:
    ratio = p.b.waveform_scale / p.a.waveform_scale
    moved = p.a.epsilon * (ratio if p.a.epsilon_kind == "outside" else ratio**2)
    return p.a.epsilon_kind == p.b.epsilon_kind and math.isclose(moved, p.b.epsilon, rel_tol=1e-9)


def _epsilon(p: Pair) -> Verdict:
    if p.a.power == p.b.power and _same_epsilon(p):
        return "exact", "the same epsilon once the waveform scale is counted in"
    if p.a.power != p.b.power:
        return "lossy", "the one stands in magnitudes, the other in powers"
    quiet = [np.median(silence_raw(s)) for s in (p.a, p.b)]
    ours = [
        s.epsilon**2 if s.epsilon_kind == "outside" else s.epsilon for s in (p.a, p.b)
    ]
    # 1 % of the linear mel: |d sqrt(P + e)| / sqrt(P) = e / 2P, |d (P + e)| / P = e / P
    loud = 100 * max(ours) / (2 if p.b.power == 1 else 1)
    if "outside" in (p.a.epsilon_kind, p.b.epsilon_kind):
        loud = 1e4 * max(ours)
    level = (math.sqrt(loud) if p.b.power == 1 else loud) * filterbank(p.b).sum(axis=1)
    raw = float(np.median(linear_to_raw(p.b, level)))
    silence = f"digital silence reads {figure(quiet[0])} {unit(p.a)} here and {figure(quiet[1])} {unit(p.b)} there"
    return "lossy", f"changes bins by 1 % and more below about {figure(raw)} {unit(p.b)}; {silence}"


def _mel_norm(p: Pair) -> Verdict:
    if not p.same_bands:
        return "lossy", "on other band edges the norm is no constant per band"
    nats = np.log(norm_factor(p.a, p.b))
    low, high = sorted((float(np.abs(nats).min()), float(np.abs(nats).max())))
    way = "higher" if nats.max() > 0 and nats.min() >= 0 else "lower" if nats.max() <= 0 else "higher or lower"
    said = f"a constant per band: the target reads {low:.2f} … {high:.2f} nat {way}"
    if not p.floors_hold:
        return "lossy", f"{said}, so that what the floor or a clip of this mel has hidden would have to show"
    return "exact", said


def _log(p: Pair) -> Verdict:
    if p.one_function and "none" not in (p.a.log, p.b.log):
        return "same", "spelled differently: log, reference and scaling together are the same function"
    if p.a.log_gain is not None and p.b.log_gain is not None:
        return "exact", f"one {unit(p.a).rstrip('s')} here is {figure(p.b.log_gain / p.a.log_gain)} {unit(p.b)} there"
    return "exact", "the log is undone" if p.b.log == "none" else "the log of the linear values"


def _reference(p: Pair) -> Verdict:
    if p.one_function:
        return "same", "spelled differently: log, reference and scaling together are the same function"
    shift = p.a.reference / (p.a.log_gain or 1.0) - p.b.reference / (p.b.log_gain or 1.0)
    return "exact", f"a constant: {figure(shift * (p.b.log_gain or 1.0))} {unit(p.b)} on every value"


def _floor(p: Pair) -> Verdict:
    here, there = p.limits
    floors = tuple(figure(float(x)) for x in (p.a.floor, p.b.floor))
    moved = ""
    if not np.allclose(p.factor, 1.0):
        lows = p.moved(p.a.floor)
        moved = f" ({figure(float(lows.min()))} … {figure(float(lows.max()))} there, after gain and norm)"
    if p.a.floor_kind == "clamp" and p.floor_loss > _TOLERANCE_NAT:
        if not math.isfinite(p.floor_loss):
            return "lossy", f"bins below {floors[0]}{moved} are gone; the target has no floor"
        far = figure(p.floor_loss)
        down = (
            f"adds {floors[1]}, so that bins at the floor may be up to {far} nat too high"
            if there.added
            else f"would show up to {far} nat further down, to {figure(float(silence_raw(p.b).min()))} {unit(p.b)}"
        )
        return "lossy", f"bins below {floors[0]}{moved} are gone; the target {down}"
    if p.a.floor_kind == "add":
        if p.blur_loss > _TOLERANCE_NAT:
            return "lossy", (
                f"{floors[0]} was added and can be subtracted, but float32 keeps the rest only to {figure(here.blur)}, "
                f"up to {figure(p.blur_loss)} nat at the target's floor"
            )
        return "exact", f"{floors[0]} was added and is subtracted again before the target's floor"
    if p.a.floor_kind == "none":
        return "exact", "this mel has no floor: the target's is applied"
    if here.floor <= float(here.least.min()):
        return "exact", f"the epsilon keeps every band above {floors[0]}: this floor never acts"
    if there.clip_low >= float(p.moved(p.a.floor).max()):
        return "exact", "the target's scaling clips above this floor"
    return "exact", f"the floor rises{moved}: bins below {floors[1]} are raised to it"


def _scaling(p: Pair) -> Verdict:
    if p.clip_loss:
        return "lossy", f"the scaling of this mel clips: {p.clip_loss}"
    if p.one_function:
        spelled = "" if p.a.scaling == p.b.scaling else "spelled differently: the same function"
        return "same", spelled
    wide = tanh_error(p.a)
    if p.a.scaling != p.b.scaling and isinstance(p.a.scaling, Tanh):
        if wide > 1e-5 * max(1.0, abs(p.a.floor_value)):
            return "lossy", f"float32 tanh: values far from the centre come back up to {figure(wide)} {unit(p.a)} wrong"
    if p.a.scaling == p.b.scaling:
        return SAME
    needs = p.a.scaling.needs()
    undo = [] if isinstance(p.a.scaling, NoScaling) else [f"undo {say_scaling(p.a)}"]
    if needs and not isinstance(p.a.scaling, DynamicRange):
        undo.append(f"which takes the utterance's {', '.join(needs)} (a melpact file keeps them)")
    apply = [] if isinstance(p.b.scaling, NoScaling) else [f"apply {say_scaling(p.b)}"]
    if p.b.scaling.needs():
        apply.append(f"measured on this utterance ({', '.join(p.b.scaling.needs())})")
    return "exact", "; ".join(", ".join(part) for part in (undo, apply) if part)


def _drop_last(p: Pair) -> Verdict:
    more = p.b.drop_last - p.a.drop_last
    frames = f"{abs(more)} frame{'s' if abs(more) > 1 else ''}"
    if more > 0:
        return "exact", f"{frames} more {'are' if more > 1 else 'is'} dropped at the end"
    return "lossy", f"the last {frames} that the target keeps {'are' if more < -1 else 'is'} not in this mel"


def _bank_drops(p: Pair) -> Verdict:
    kept, dropped = (filterbank(p.a.replace_quietly(bank_drops=s.bank_drops)) for s in (p.a, p.b))
    if np.array_equal(kept, dropped):
        return "same", "no band reaches the dropped bin"
    peak = float(kept.max())
    bands = int(np.count_nonzero(np.any(kept != dropped, axis=1)))
    return "lossy", (
        f"{bands} band{'s' if bands > 1 else ''} change{'' if bands > 1 else 's'} by one bin with up to "
        f"{figure(float(np.abs(kept - dropped).max()) / peak)} of the peak weight"
    )


def _mel_triangles(p: Pair) -> Verdict:
    one, other = (
        filterbank(p.a.replace_quietly(mel_norm="none", mel_triangles=s.mel_triangles)) for s in (p.a, p.b)
    )
    return "lossy", f"filter weights differ by up to {figure(float(np.abs(one - other).max()), 2)} of the peak"


def _power(p: Pair) -> Verdict:
    return "lossy", "a band sums magnitudes or powers, and a sum of squares is not the square of a sum"


RULES: tuple[Rule, ...] = ()
