"""The search outwards from the best analysis, field by field, for a description that no dialect has.

The fields before the logarithm are found with the straight line of `compare`, which forgives everything behind it; log,
floor and scaling then follow from the line itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import Affine, BandAffine, NoScaling, Scaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.diagnose.identify.catalogue import hypotheses
from melpact.diagnose.identify.compare import NUMERIC, Line, log_mel, overlap_of, robust, value_slope
from melpact.diagnose.identify.listen import Analysed, Sound, beside, near

Float64 = NDArray[np.float64]

_RATES = (8000, 11025, 12000, 16000, 20000, 22050, 24000, 32000, 40000, 44100, 48000)
_HOPS = (
    64, 80, 100, 110, 120, 125, 128, 160, 192, 200, 220, 221, 240, 250, 256, 275, 276, 300, 320, 360, 384, 400, 441, 480,
    500, 512, 551, 600, 640, 720, 735, 800, 882, 960, 1024,
)  # fmt: skip
_F_MIN = (
    0.0,
    20.0,
    30.0,
    40.0,
    50.0,
    55.0,
    60.0,
    64.0,
    65.0,
    70.0,
    75.0,
    80.0,
    90.0,
    95.0,
    100.0,
    110.0,
    125.0,
    150.0,
    200.0,
)
_F_MAX = (
    3400.0, 3800.0, 4000.0, 5500.0, 6000.0, 7000.0, 7500.0, 7600.0, 7800.0, 8000.0, 9000.0, 10000.0, 11000.0, 11025.0,
    12000.0, 14000.0, 15000.0, 16000.0, 18000.0, 20000.0, 22050.0, 24000.0,
)  # fmt: skip
_SIZES = (256, 400, 512, 640, 800, 1024, 1100, 1102, 1200, 1280, 1536, 1920, 2048, 2400, 4096)
_FLOORS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 2e-6, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 2.0**-24, 2.0**-23)
_SECONDS = 2.5
_STARTS = 6
_DONE = 2 * math.log(NUMERIC) + 0.15
"""The cost at which only rounding is left to explain."""


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
    """

    spec: MelSpec
    typical: float
    gain_nat: float
    lag: int
    evaluated: int
    floor_seen: bool = False


class _Bench:
    """Scores analyses beside the values, each one once, with one line for all bands."""

    def __init__(self, sound: Sound, values: Float64) -> None:
        self.sound, self.values = sound, values
        self.scores: dict[str, float] = {}
        self.levels: dict[str, float] = {}
        """|offset / slope| of each line in nat: the level that has to be explained besides."""
        self.lag: int | None = None

    def score(self, spec: MelSpec, *, moved: bool) -> float:
        """The cost of the line; the lag is looked for again where the framing may have `moved`."""
        key = spec.fingerprint
        if key not in self.scores:
            lags = None if moved or self.lag is None else (self.lag,)
            found = beside(self.sound, self.values, spec, bands=False, lags=lags)
            self.scores[key] = math.inf if found is None else found.line.cost
            if found is not None and found.line.cost <= min(self.scores.values()):
                self.lag = found.line.lag
            self.levels[key] = 0.0 if found is None else abs(float(found.line.offset[0, 0] / found.line.slope[0, 0]))
        return self.scores[key]


def search(sound: Sound, values: Float64, starts: list[Analysed]) -> Unlisted:
    """From the best analyses of the dialects outwards until no single change of a field helps any more.

    Args:
        starts: as `listen.analyses` orders them; the best few of different framing are begun from.
    """
    bench = _Bench(sound.partial(_SECONDS), values)
    frames = values.shape[1]
    begun: dict[tuple[Any, ...], MelSpec] = {}
    close = [a for a in starts if near(sound, a.spec, frames)]
    for a in close or starts[:1]:
        begun.setdefault((a.spec.sample_rate, a.spec.n_fft, a.spec.hop_length, a.spec.power), a.spec)
    best, cost = starts[0].spec, math.inf
    for spec in list(begun.values())[:_STARTS]:
        bench.lag = None
        here, there = spec, bench.score(spec, moved=True)
        if not close:
            here, there = _improve(bench, here, there, _frames(here, sound, frames), moved=True)
        here, there = _improve(bench, here, there, _shapes(here, sound, frames), moved=False)
        if there < cost - 0.1 or (there < cost + 0.1 and bench.levels[here.fingerprint] < bench.levels[best.fingerprint]):
            best, cost = here, there
        if cost < _DONE and bench.levels[best.fingerprint] < 0.02:
            break
    bench.lag = None
    groups = ((_edges, False), (_powers, False), (_details, True), (_windows, True), (_shapes, False), (_frames, True))
    for _ in range(3):
        before = cost
        for group, moved in groups:
            if cost < _DONE:
                break
            best, cost = _improve(bench, best, cost, group(best, sound, frames), moved=moved)
        if cost > before - 0.01 or cost < _DONE:
            break
    best = _own_level(bench, best, cost)
    found = beside(sound, values, best)
    found = starts[0] if found is None else found
    return _finish(sound, values, found, found.best is found.band, len(bench.scores))


def _own_level(bench: _Bench, best: MelSpec, cost: float) -> MelSpec:
    """Of the same analysis at half, the same and twice the rate, which band-limited sound tells apart by level alone, that
    which needs no gain."""
    chosen, level = best, bench.levels.get(best.fingerprint, 0.0)
    sizes = ("sample_rate", "bank_sample_rate", "n_fft", "win_length", "hop_length", "pad_left", "pad_right")
    for twice in (True, False):
        change = {n: getattr(best, n) * 2 if twice else getattr(best, n) // 2 for n in sizes}
        if any(not twice and getattr(best, n) % 2 for n in sizes):
            continue
        for twin in _valid([(best, change)]):
            if bench.score(twin, moved=True) < cost + 0.3 and bench.levels[twin.fingerprint] < level - 0.1:
                chosen, level = twin, bench.levels[twin.fingerprint]
    return chosen


def _improve(
    bench: _Bench, best: MelSpec, cost: float, changes: Iterable[tuple[MelSpec, dict[str, Any]]], *, moved: bool
) -> tuple[MelSpec, float]:
    for candidate in _valid(changes):
        c = bench.score(candidate, moved=moved)
        if c < cost - 0.02:
            best, cost = candidate, c
            if cost < _DONE:
                break
    return best, cost


def _valid(changes: Iterable[tuple[MelSpec, dict[str, Any]]]) -> Iterable[MelSpec]:
    for spec, change in changes:
        try:
            yield spec.replace_quietly(**change)
        except MelpactError:
            continue


def _shapes(s: MelSpec, sound: Sound, frames: int) -> Iterable[tuple[MelSpec, dict[str, Any]]]:
    half = s.bank_sample_rate / 2
    for top in dict.fromkeys([s.f_max, *(f for f in (7600.0, 8000.0, 11025.0, 12000.0, 16000.0) if f <= half), half]):
        for scale in ("slaney", "htk"):
            for norm in ("slaney", "none"):
                yield s, {"mel_scale": scale, "f_max": top, "mel_norm": norm}


def _edges(s: MelSpec, sound: Sound, frames: int) -> Iterable[tuple[MelSpec, dict[str, Any]]]:
    half = s.bank_sample_rate / 2
    for low in _F_MIN:
        yield s, {"f_min": low}
    for low in dict.fromkeys((s.f_min, 0.0)):
        for top in (*_F_MAX, half):
            if top <= half:
                yield s, {"f_min": low, "f_max": top}
    for low in (20.0, 40.0, 80.0):
        for top in (7600.0, 8000.0, half):
            if top <= half:
                yield s, {"f_min": low, "f_max": top}


def _powers(s: MelSpec, sound: Sound, frames: int) -> Iterable[tuple[MelSpec, dict[str, Any]]]:
    for power in (2, 1):
        for norm in ("slaney", "none"):
            for scale in ("slaney", "htk"):
                yield s, {"power": power, "mel_norm": norm, "mel_scale": scale}


def _frames(s: MelSpec, sound: Sound, frames: int) -> Iterable[tuple[MelSpec, dict[str, Any]]]:
    for rate in _RATES:
        for hop in _HOPS:
            change: dict[str, Any] = {"sample_rate": rate, "hop_length": hop}
            if s.bank_sample_rate == s.sample_rate:
                change["bank_sample_rate"] = rate
                change["f_max"] = rate / 2 if s.f_max == s.sample_rate / 2 else min(s.f_max, rate / 2)
            if (rate, hop) == (s.sample_rate, s.hop_length) or abs(sound.duration_s * rate / hop - frames) > max(
                3.0, 0.004 * frames
            ):
                continue
            for n_fft in dict.fromkeys((s.n_fft, 512, 1024, 2048)):
                if n_fft >= hop:
                    yield s, change | {"n_fft": n_fft, "win_length": n_fft}


def _windows(s: MelSpec, sound: Sound, frames: int) -> Iterable[tuple[MelSpec, dict[str, Any]]]:
    for name in ("hann", "hamming", "blackman", "povey", "ones"):
        for periodic in (True, False):
            yield s, {"window": name, "window_periodic": periodic}
    for win in dict.fromkeys((*_SIZES, 4 * s.hop_length, round(0.05 * s.sample_rate), round(0.025 * s.sample_rate))):
        if s.hop_length <= win <= s.n_fft:
            yield s, {"win_length": win}
    sizes = (512, 1024, 2048, 4096, 400, 800, 1280, 1920)
    for n_fft in sizes:
        for win in dict.fromkeys((s.win_length, n_fft)):
            if s.hop_length <= win <= n_fft:
                for padding in ("centre", "same") if s.padding in ("centre", "same") else (s.padding,):
                    yield s, {"n_fft": n_fft, "win_length": win, "padding": padding}


def _details(s: MelSpec, sound: Sound, frames: int) -> Iterable[tuple[MelSpec, dict[str, Any]]]:
    for padding in ("centre", "same", "none", "end"):
        for mode in ("reflect", "zero", "none"):
            if (mode == "none") == (padding == "none"):
                yield (
                    s,
                    {"padding": padding, "pad_mode": "zero" if padding == "end" else mode, "pad_left": 0, "pad_right": 0},
                )
    for c in (0.0, 0.95, 0.97, 0.98):
        kind = "filter" if c else "none"
        yield s, {"preemphasis": c, "preemphasis_kind": kind}
    yield s, {"remove_dc": not s.remove_dc}
    yield s, {"mel_triangles": "mel" if s.mel_triangles == "hz" else "hz"}
    for rate in (s.sample_rate, 16000, 22050, 24000):
        top = min(s.f_max, rate / 2)
        yield s, {"bank_sample_rate": rate, "f_max": top}
    for kind, eps in (("none", 0.0), ("inside", 1e-9), ("inside", 1e-8), ("inside", 2e-7), ("inside", 1e-6),
                      ("inside", 1e-5), ("outside", 1e-9), ("clamp", 1e-10), ("clamp", 1e-8)):  # fmt: skip
        yield s, {"epsilon": eps, "epsilon_kind": kind}
    for drops in ("none", "nyquist", "dc"):
        yield s, {"bank_drops": drops}


def _finish(sound: Sound, values: Float64, found: Analysed, per_band: bool, evaluated: int) -> Unlisted:
    line = found.band if per_band and found.band is not None else found.line
    x = log_mel(sound.at(found.spec.sample_rate), found.spec)
    known = np.zeros((found.spec.n_mels, 1)) if x is None else x
    p, y = overlap_of(known, values[:, : known.shape[1] + 8], line.lag)
    if found.linear:
        spec = found.spec.replace_quietly(log="none", floor=0.0, floor_kind="none")
        return Unlisted(spec, line.typical, float(np.median(line.offset)) / spec.power, line.lag, evaluated, True)
    log, scaling, gain = _shaping(line, found.spec.power)
    floor = _floor(p, y, line)
    value, kind = floor or (math.exp(min(-11.5, float(p.min()))), "clamp")
    spec = found.spec.replace_quietly(log=log, floor=value, floor_kind=kind, scaling=scaling)
    return Unlisted(spec, line.typical, gain, line.lag, evaluated, floor is not None)


def _shaping(line: Line, power: int) -> tuple[str, Scaling, float]:
    """Log, scaling and leftover gain (nat of amplitude) that the line means."""
    slope, offset = line.slope, line.offset
    if slope.size > 1:
        return "ln", BandAffine(scale=tuple(slope[:, 0].tolist()), shift=tuple(offset[:, 0].tolist())), 0.0
    a, b = float(slope[0, 0]), float(offset[0, 0])
    for log, gain in (
        ("ln", 1.0),
        ("log10", 1 / math.log(10)),
        ("db_amplitude", 20 / math.log(10)),
        ("db_power", 10 / math.log(10)),
    ):
        if abs(a / gain - 1) < 3e-3 and abs(b / a) < 2.5:
            return log, NoScaling(), b / a / power
    for h in hypotheses():
        per_nat = value_slope(h.spec)
        if per_nat is None or per_nat.size != 1 or h.spec.scaling.needs() or isinstance(h.spec.scaling, NoScaling):
            continue
        zero = np.zeros((h.spec.n_mels, 1))
        shift = float(h.spec.scaling.undo(zero)[0, 0]) + h.spec.reference
        level = (-shift * float(per_nat[0, 0]) / (h.spec.log_gain or 1.0)) if math.isfinite(shift) else math.nan
        if abs(a / float(per_nat[0, 0]) - 1) < 1e-3 and abs(b - level) < 0.01 * abs(a) and h.spec.reference == 0.0:
            return h.spec.log, h.spec.scaling, 0.0
    return "ln", Affine(scale=a, shift=b), 0.0


def _floor(p: Float64, y: Float64, line: Line) -> tuple[float, str] | None:
    """The log floor: as a value that many share (clamp), or as the bend of the quiet values (added); else None."""
    low = float(y.min())
    on = y <= low + 1e-4 * max(1e-9, float(y.max()) - low)
    options: list[tuple[float, str]] = [(0.0, "none")]
    if on.sum() > 3 and line.slope.size == 1:
        solved = math.exp(min(80.0, max(-80.0, (low - float(line.offset[0, 0])) / float(line.slope[0, 0]))))
        nice = min(_FLOORS, key=lambda f: abs(math.log(f / solved)))
        options.append((nice if abs(math.log(nice / solved)) < 0.02 else solved, "clamp"))
    options += [(f, "add") for f in (1.0, *_FLOORS)] + [(f, "clamp") for f in _FLOORS]
    costs = []
    for value, kind in options:
        z = p if kind == "none" else np.log(np.exp(p) + value) if kind == "add" else np.maximum(p, math.log(value))
        costs.append(robust(np.minimum(np.abs((y - line.offset) / line.slope - z), 10.0), NUMERIC))
    best = int(np.argmin(costs))
    return options[best] if costs[best] < costs[0] - 0.003 else None
