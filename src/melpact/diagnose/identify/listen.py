"""Identification with the sound at hand: the analysis of every dialect laid beside the values.

First every distinct analysis is compared through the best straight line, which forgives log, unit, reference and scaling;
then the dialects of the best ones are computed exactly, with one gain solved. What no dialect explains goes on to `search`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort
from melpact.diagnose.identify.catalogue import Hypothesis
from melpact.diagnose.identify.compare import (
    NUMERIC,
    Line,
    align,
    analysis_of,
    fit_line,
    inside,
    log_mel,
    overlap_of,
    robust,
    value_slope,
)
from melpact.diagnose.identify.traits import floor_evidence
from melpact.diagnose.identify.utterance import self_scaled
from melpact.features.analysis import analyse, to_rate

Float64 = NDArray[np.float64]
LONGEST_S = 12.0
_NEAR_FRAMES = 4
_FLOOR = 0.1
"""Cost of values that a description forbids, and gain of values exactly on what it gives silence."""
_LEVEL = 0.1
"""Cost of a nat of gain: of two descriptions that fit as well, the one nearer to the sound's own level is meant."""


class Sound:
    """One clip at the rates that are asked for, mono, at most `seconds` of it."""

    def __init__(self, audio: Audio, seconds: float = LONGEST_S) -> None:
        self._audio = audio.mono()
        self.duration_s = audio.duration_s
        self._seconds = seconds
        self._at: dict[int, NDArray[np.float32]] = {}

    def at(self, rate: int, *, whole: bool = False) -> NDArray[np.float32]:
        """Samples at that rate, float32 [time]."""
        if rate not in self._at:
            self._at[rate] = to_rate(self._audio, rate).samples[0]
        x = self._at[rate]
        return x if whole else x[: int(self._seconds * rate)]

    def frames(self, spec: MelSpec) -> int:
        """Frames of the whole clip in a description."""
        return spec.frames(round(self.duration_s * spec.sample_rate))

    @property
    def sample_rate(self) -> int:
        """Hz, of the clip itself."""
        return self._audio.sample_rate

    @property
    def n_samples(self) -> int:
        """Samples at the clip's own rate."""
        return self._audio.n_samples

    def like(self, samples: Float64) -> Sound:
        """Other samples [time] at the clip's own rate."""
        return Sound(Audio.of(samples.astype(np.float32), self._audio.sample_rate), self._seconds)

    def partial(self, seconds: float) -> Sound:
        """The same clip, of which only that much is analysed."""
        other = Sound(self._audio, seconds)
        other._at = self._at
        return other


@dataclass(frozen=True)
class Analysed:
    """One analysis beside the values: the line through both, global and per band."""

    spec: MelSpec
    line: Line
    band: Line | None
    linear: bool

    @property
    def best(self) -> Line:
        """The line that counts: per band only where one line for all cannot explain the values."""
        if self.band is not None and self.line.typical > 0.02 and self.band.typical < 0.4 * self.line.typical:
            return self.band
        return self.line


@dataclass(frozen=True)
class Heard:
    """One dialect computed exactly from the sound.

    Attributes:
        gain_nat: what the sound's amplitude had to be raised by, in nat (0 where nothing had to be).
        typical: median absolute residual in nat; `cost`: see `compare.Line`.
        lag: frames of the sound before the first of the values.
    """

    hypothesis: Hypothesis
    gain_nat: float
    typical: float
    cost: float
    lag: int
    residual: Float64


def near(sound: Sound, spec: MelSpec, frames: int) -> bool:
    """Whether the whole clip has about that many frames in a description."""
    expected = sound.frames(spec)
    return abs(expected - frames) <= max(_NEAR_FRAMES, 0.006 * expected)


def beside(sound: Sound, values: Float64, spec: MelSpec, *, wide: bool = False, lags: tuple[int, ...] | None = None,
           bands: bool = True) -> Analysed | None:  # fmt: skip
    """One analysis (see `analysis_of`) beside the values; None where they cannot be compared."""
    x = log_mel(sound.at(spec.sample_rate), spec)
    if x is None:
        return None
    best: Analysed | None = None
    for y, linear in _readings(values):
        shown = y[:, : x.shape[1] + 8] if not wide else y
        for lag in lags or align(x, shown, wide=wide):
            line = fit_line(x, shown, lag)
            if line is not None and (best is None or line.cost < best.line.cost):
                best = Analysed(spec, line, None, linear)
    if best is None or not bands:
        return best
    y = next(v for v, linear in _readings(values) if linear == best.linear)
    band = fit_line(x, y[:, : x.shape[1] + 8] if not wide else y, best.line.lag, per_band=True)
    return Analysed(best.spec, best.line, band, best.linear)


def _readings(values: Float64) -> list[tuple[Float64, bool]]:
    """The values as they are, and their logarithm where they could be a linear mel."""
    found = [(values, False)]
    if values.min() >= 0 and (values.max() > 30 * max(float(np.median(values)), 1e-30)):
        found.append((np.log(np.maximum(values, 1e-30)), True))
    return found


def analyses(sound: Sound, values: Float64, these: tuple[Hypothesis, ...]) -> list[Analysed]:
    """Every distinct analysis of the hypotheses beside the values, best first.

    Those with about the right number of frames come first; the others are only tried where none of these fits.
    """
    distinct: dict[str, MelSpec] = {}
    for h in these:
        spec = analysis_of(h.spec)
        distinct.setdefault(spec.fingerprint, spec)
    frames = values.shape[1]
    close = [s for s in distinct.values() if near(sound, s, frames)]
    found = [a for s in close if (a := beside(sound, values, s)) is not None]
    if not found or min(a.best.typical for a in found) > 0.1:
        fps = frames / sound.duration_s
        tried = {a.spec.fingerprint for a in found}
        others = [s for s in distinct.values() if s.fingerprint not in tried and s.frame_rate_hz > 0.9 * fps]
        found += [a for s in others if (a := beside(sound, values, s, wide=True)) is not None]
    per_band = bool(found) and min(a.line.typical for a in found) > 0.02
    if per_band and min(a.best.typical for a in found) < 0.4 * min(a.line.typical for a in found):
        return sorted(found, key=lambda a: (a.band or a.line).cost)
    return sorted(found, key=lambda a: a.line.cost)


def exact(sound: Sound, values: Float64, h: Hypothesis, lag: int, scale: float = NUMERIC) -> Heard | None:
    """One dialect computed from the sound as it stands, then with the one gain that fits best."""
    power, slope = h.spec.power, value_slope(h.spec)
    whole = bool(h.spec.scaling.needs())
    samples = sound.at(h.spec.sample_rate, whole=whole)
    gain = 0.0
    best: Heard | None = None
    if (own := self_scaled(samples, values, h.spec, lag, scale)) is not None:
        typical, cost = float(np.median(np.abs(own[1]))), robust(np.minimum(np.abs(own[1]), 10.0), scale)
        return Heard(h, own[0], typical, cost, lag, own[1])
    louder = 1.0 if slope is None else np.sign(slope)
    for attempt in range(4):
        try:
            v = np.asarray(analyse(samples * np.float32(np.exp(gain)) if gain else samples, h.spec)[0], np.float64)
        except AudioTooShort:
            return None
        p, y = overlap_of(v, values[:, : v.shape[1] + 8], lag)
        if p.shape[1] < 4:
            return None
        residual = _in_nat(p, y, h.spec, slope)
        typical = float(np.median(np.abs(residual)))
        cost = robust(np.minimum(np.abs(residual), 10.0), scale)
        if best is None or cost < best.cost - (0.002 if best.gain_nat == 0.0 else 0.0):
            best = Heard(h, gain, typical, cost, lag, residual)
        elif attempt > 1:
            break
        loud = inside(y) & inside(p) & (louder * p > np.quantile(louder * p, 0.5))
        if loud.sum() < 24:
            break
        step = float(np.median(residual[loud])) / power
        if abs(step) < 2e-4 or (h.spec.scaling.needs() and slope is None):
            break
        gain = float(np.clip(gain + step, -7.0, 7.0))
    return best


def _in_nat(p: Float64, y: Float64, spec: MelSpec, slope: Float64 | None) -> Float64:
    if spec.log == "none":
        tiny = 1e-9 * max(float(p.max()), 1e-30)
        return np.asarray(np.log(np.maximum(y, tiny)) - np.log(np.maximum(p, tiny)))
    if slope is None:
        slope = np.maximum(p.std(axis=1, keepdims=True), 1e-3) / 2.0
    return np.asarray((y - p) / slope)


def hear(sound: Sound, values: Float64, these: tuple[Hypothesis, ...], found: list[Analysed], most: int = 14) -> list[Heard]:
    """The dialects of the best analyses computed exactly, best first."""
    lag_of = {a.spec.fingerprint: (i, a.best.lag) for i, a in enumerate(found)}
    ranked = sorted(
        ((lag_of[f], h) for h in these if (f := analysis_of(h.spec).fingerprint) in lag_of), key=lambda e: e[0][0]
    )
    chosen = [(lag, h) for (rank, lag), h in ranked if rank < most]
    heard = [e for lag, h in chosen if (e := _as_it_lies(sound, values, h, lag)) is not None]
    if not heard:
        return []
    scale = max(NUMERIC, min(e.typical for e in heard))
    rescored = []
    floors = floor_evidence(values, tuple(e.hypothesis for e in heard))
    for e, (below, on, above) in zip(heard, floors, strict=True):
        cost = robust(np.minimum(np.abs(e.residual), 10.0), scale) + _LEVEL * abs(e.gain_nat)
        cost += _FLOOR * (float(below + above > 1e-4) - float(on > 0))
        rescored.append(Heard(e.hypothesis, e.gain_nat, e.typical, cost, e.lag, e.residual))
    return sorted(rescored, key=_order)


def _as_it_lies(sound: Sound, values: Float64, h: Hypothesis, lag: int) -> Heard | None:
    """At the lag that the line found, or from the sound's beginning: lines of their own per band hide where values lie."""
    tried = [e for k in dict.fromkeys((lag, 0)) if (e := exact(sound, values, h, k)) is not None]
    return min(tried, key=lambda e: e.cost, default=None)


def _order(e: Heard) -> tuple[float, ...]:
    """By cost; of those that cost as much the one nearest to the sound's level, then again by cost, then the plainest."""
    return round(e.cost, 3), round(abs(e.gain_nat), 2), round(e.cost, 5), abs(e.gain_nat), len(e.hypothesis.spec.facts())
