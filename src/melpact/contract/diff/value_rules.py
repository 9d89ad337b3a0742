"""The rules of `diff` for values: gain, epsilon, band norm, log, reference, floor, scaling, dropped frames.

Each takes a `Pair` and gives a kind with one sentence. The rules for framing and bank are in `grid_rules`.
"""

from __future__ import annotations

import math

import numpy as np

from melpact.contract.diff.limits import (
    Bands,
    epsilon_floor,
    gain_factor,
    linear_to_raw,
    norm_factor,
    silence_raw,
    tanh_error,
)
from melpact.contract.diff.pair import SAME, TOLERANCE_NAT, Pair, Verdict, figure, unit
from melpact.contract.filterbank import filterbank
from melpact.contract.scaling import DynamicRange, NoScaling, Tanh, Window
from melpact.contract.spec import MelSpec

_POWERS = np.concatenate([[0.0], np.logspace(-20, 4, 481)])
"""Powers of an FFT bin, from digital silence upwards."""


def say_scaling(spec: MelSpec) -> str:
    """The scaling in a few words."""
    s = spec.scaling
    if isinstance(s, NoScaling):
        return "none"
    if isinstance(s, Window):
        clip = [figure(x) for x in (s.clip_low, s.clip_high) if x is not None]
        text = f"window {figure(s.low)}..{figure(s.high)} to {figure(s.out_low)}..{figure(s.out_high)}"
        return f"{text}, clips at {' and '.join(clip)}" if clip else text
    said = [
        f"{name} {value if isinstance(value, str) else figure(float(value))}"
        for name in type(s).model_fields
        if name != "kind" and not isinstance(value := getattr(s, name), tuple)
    ]
    return " ".join([s.kind.replace("_", " "), ", ".join(said) or f"{spec.n_mels} bands"])


def waveform_scale(p: Pair) -> Verdict:
    gain = gain_factor(p.a, p.b)
    change = f"every linear value times {figure(gain)} ({math.log(gain):+.4g} nat)"
    if (p.a.epsilon or p.b.epsilon) and (p.a.power != p.b.power or not _same_epsilon(p)):
        return "lossy", f"{change}, but the epsilon comes after the gain and does not follow it"
    if not p.floors_hold:
        return "lossy", f"{change}; but {_hidden(p)}"
    return "exact", change


def _same_epsilon(p: Pair) -> bool:
    ratio = p.b.waveform_scale / p.a.waveform_scale
    moved = p.a.epsilon * (ratio if p.a.epsilon_kind == "outside" else ratio**2)
    return p.a.epsilon_kind == p.b.epsilon_kind and math.isclose(moved, p.b.epsilon, rel_tol=1e-9)


def epsilon(p: Pair) -> Verdict:
    if p.a.power == p.b.power and _same_epsilon(p):
        return "exact", "the same epsilon once the waveform scale is counted in"
    if p.a.power != p.b.power:
        return "lossy", "the one stands in magnitudes, the other in powers"
    apart, nats = _epsilon_effect(p)
    if nats <= TOLERANCE_NAT:
        return "exact", "the target's floor or clip hides all that the epsilon does"
    level = figure(float(linear_to_raw(p.b, np.array([100 * apart]))[0]))
    most = f"{figure(nats, 3)} nat" if math.isfinite(nats) else f"{figure(apart)} (linear)"
    quiet = [f"{figure(float(np.median(silence_raw(s))))} {unit(s)}" for s in (p.a, p.b)]
    return "lossy", (
        f"quiet bins differ by up to {most}, bins above {level} {unit(p.b)} by less than 1 %; "
        f"digital silence reads {quiet[0]} here and {quiet[1]} there"
    )


def _epsilon_effect(p: Pair) -> tuple[float, float]:
    """The most that the two epsilons set any mel apart: as a linear value, and in nat where `b` shows
    least."""
    grid = np.concatenate([_POWERS, [p.a.epsilon, p.b.epsilon]])
    one, other = (_bins(grid, s, p.b.power) for s in (p.a, p.b))
    apart = float(np.abs(one - other).max()) * filterbank(p.b).sum(axis=1)
    here, there = p.limits
    least = np.minimum(epsilon_floor(p.b), here.least if here.least.size == p.b.n_mels else 0.0)
    seen = np.maximum(least, max(there.floor, there.clip_low)) + there.added
    nats = np.log1p(np.divide(apart, seen, out=np.full_like(apart, np.inf), where=seen > 0))
    return float(apart.max()), float(nats.max())


def _bins(power: Bands, spec: MelSpec, exponent: int) -> Bands:
    """What the epsilon of a description makes of the powers of FFT bins."""
    inner = np.maximum(power, spec.epsilon) if spec.epsilon_kind == "clamp" else power
    if spec.epsilon_kind == "inside":
        inner = power + spec.epsilon
    if exponent == 2:
        return inner
    return np.asarray(np.sqrt(inner) + (spec.epsilon if spec.epsilon_kind == "outside" else 0.0))


def mel_norm(p: Pair) -> Verdict:
    nats = np.log(norm_factor(p.a, p.b))
    low, high = sorted((float(np.abs(nats).min()), float(np.abs(nats).max())))
    way = "higher" if nats.min() >= 0 else "lower" if nats.max() <= 0 else "higher or lower"
    said = f"{low:.2f} … {high:.2f} nat {way}"
    if not p.same_bands:
        return "lossy", f"the target reads about {said}, on other band edges: no exact constant per band"
    if not p.floors_hold:
        return "lossy", f"a constant per band, the target reads {said}; but {_hidden(p)}"
    return "exact", f"a constant per band: the target reads {said}"


def _hidden(p: Pair) -> str:
    if p.clip_loss:
        return f"this mel clips ({p.clip_loss}) and the target would show it"
    if math.isinf(p.floor_loss):
        return f"bins below the floor of {figure(p.a.floor)} are gone and the target has no floor"
    if p.floor_loss > TOLERANCE_NAT:
        more = f"the target shows up to {figure(p.floor_loss)} nat more"
        return f"bins below the floor of {figure(p.a.floor)} are gone and {more}"
    blur = f"up to {figure(p.blur_loss)} nat"
    return f"float32 rounding above the added {figure(p.a.floor)} shows there, {blur}"


def log(p: Pair) -> Verdict:
    if p.one_function and "none" not in (p.a.log, p.b.log):
        return "same", "spelled differently: log, reference and scaling together are the same function"
    if p.a.log_gain is not None and p.b.log_gain is not None:
        ratio = figure(p.b.log_gain / p.a.log_gain)
        return "exact", f"one {unit(p.a).rstrip('s')} here is {ratio} {unit(p.b)} there"
    return "exact", "the log is undone" if p.b.log == "none" else "the log of the linear values"


def reference(p: Pair) -> Verdict:
    if p.one_function:
        return "same", "spelled differently: log, reference and scaling together are the same function"
    shift = p.a.reference / (p.a.log_gain or 1.0) - p.b.reference / (p.b.log_gain or 1.0)
    return "exact", f"a constant: {figure(shift * (p.b.log_gain or 1.0))} {unit(p.b)} on every value"


def floor(p: Pair) -> Verdict:
    here, there = p.limits
    floors = tuple(figure(float(x)) for x in (p.a.floor, p.b.floor))
    moved = ""
    if not np.allclose(p.factor, 1.0):
        lows = p.moved(p.a.floor)
        moved = f" ({figure(float(lows.min()))} … {figure(float(lows.max()))} there, after gain and norm)"
    if p.a.floor_kind == "clamp" and p.floor_loss > TOLERANCE_NAT:
        if not math.isfinite(p.floor_loss):
            return "lossy", f"bins below {floors[0]}{moved} are gone; the target has no floor"
        far, lowest = figure(p.floor_loss), figure(float(silence_raw(p.b).min()))
        down = (
            f"adds {floors[1]}, so that bins at the floor may be up to {far} nat too high"
            if there.added
            else f"would show up to {far} nat further down, to {lowest} {unit(p.b)}"
        )
        return "lossy", f"bins below {floors[0]}{moved} are gone; the target {down}"
    if p.a.floor_kind == "add":
        if p.blur_loss > TOLERANCE_NAT:
            return "lossy", (
                f"{floors[0]} was added and can be subtracted, but float32 keeps the rest only to "
                f"{figure(here.blur)}: up to {figure(p.blur_loss)} nat at the target's floor"
            )
        return "exact", f"{floors[0]} was added and is subtracted again before the target's floor"
    if p.a.floor_kind == "none":
        return "exact", "this mel has no floor: the target's is applied"
    if here.floor <= float(here.least.min()):
        return "exact", f"the epsilon keeps every band above {floors[0]}: this floor never acts"
    if there.clip_low >= float(p.moved(p.a.floor).max()):
        return "exact", "the target's scaling clips above this floor"
    return "exact", f"the floor rises{moved}: bins below {floors[1]} are raised to it"


def scaling(p: Pair) -> Verdict:
    if p.clip_loss:
        return "lossy", f"the scaling of this mel clips: {p.clip_loss}"
    if p.one_function:
        spelled = "" if p.a.scaling == p.b.scaling else "spelled differently: the same function"
        return "same", spelled
    wide = tanh_error(p.a)
    if isinstance(p.a.scaling, Tanh) and wide > 1e-5 * max(1.0, abs(p.a.floor_value)):
        far = f"up to {figure(wide)} {unit(p.a)} wrong"
        return "lossy", f"float32 tanh: values far from the centre come back {far}"
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


def drop_last(p: Pair) -> Verdict:
    more = p.b.drop_last - p.a.drop_last
    frames = f"{abs(more)} frame{'s' if abs(more) > 1 else ''}"
    if more > 0:
        return "exact", f"{frames} more {'are' if more > 1 else 'is'} dropped at the end"
    return "lossy", f"the last {frames} that the target keeps {'are' if more < -1 else 'is'} not in this mel"


def power(p: Pair) -> Verdict:
    return "lossy", "a band sums magnitudes or powers, and a sum of squares is not the square of a sum"
