"""The bench of the search: any analysis of the sound beside the values, on a sample of frames, in a few milliseconds.

Spectra are kept, so that another filterbank over the same spectrum costs one product. Only frames that lie wholly inside the
sound are used: how its ends are padded is settled afterwards, in `shaping`. Which analyses are tried is in `search`.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import band_edges_hz, filterbank
from melpact.contract.spec import MelSpec
from melpact.diagnose.identify.compare import NUMERIC, inside
from melpact.diagnose.identify.listen import LONGEST_S, Sound
from melpact.features.framing import preemphasise
from melpact.features.window import window

Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]
Fit = Literal["line", "offsets", "bands"]
_FRAMES = 48
_BANDS = 64
_STILL = 0.1
_KEPT = 24
_WORST_NAT = 3.0
_FEWEST = 3


class Score(NamedTuple):
    """One analysis beside the values.

    Attributes:
        cost: mean ln of the residual in nat, of the nine tenths that fit best; about ln 1e-4 or less where it is right.
        lag: frames of the sound before the first of the values.
        level: |offset / slope| of the line in nat.
        reading: which of the readings of the values.
    """

    cost: float
    lag: int
    level: float
    reading: int


WORST = Score(math.inf, 0, 0.0, 0)


ADDED_FLOORS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
LOGS = (("ln", 1.0), ("log10", 1 / math.log(10)), ("db_amplitude", 20 / math.log(10)), ("db_power", 10 / math.log(10)))
_FLOOR_SHOWS = 2.0
_LOUDEST_NAT = (-4.0, 9.0)
_CLEAR_OF_FLOOR = 1.02
_RANGE_NAT = 2.5


def readings(values: Float64) -> list[tuple[str, Float64]]:
    """What the values could be a straight line of: they themselves, or the ln of a linear mel, or of what stood under a log
    with an added floor (`added:log:floor`), where the lowest values lie near one that programs add."""
    found = [("log", values)]
    if values.min() >= 0 and values.max() > 30 * max(float(np.median(values)), 1e-30):
        found.append(("linear", np.log(np.maximum(values, 1e-30))))
    low, high = float(values.min()), float(values.max())
    for log, gain in LOGS:
        if not _LOUDEST_NAT[0] < high / gain < _LOUDEST_NAT[1] or high - low < _RANGE_NAT * gain:
            continue
        lowest = math.exp(max(-80.0, low / gain))
        floor = next((f for f in ADDED_FLOORS if f <= lowest * (1 + 1e-5)), 0.0)
        if floor and lowest < _FLOOR_SHOWS * floor:
            under = np.exp(values / gain) / floor
            clear = under > _CLEAR_OF_FLOOR
            y = np.where(clear, math.log(floor) + np.log(np.where(clear, under - 1.0, 1.0)), -100.0)
            found.append((f"added:{log}:{floor:g}", y))
    return found


class Bench:
    """Scores analyses (`compare.analysis_of`) beside the values.

    Args:
        per_band: every band has a line of its own, as after normalisation per band; norm and pre-emphasis then do not show.
    """

    def __init__(self, sound: Sound, values: Float64, per_band: bool = False) -> None:
        self.sound, self.per_band = sound, per_band
        self.evaluated, self.most = 0, 1 << 30
        frames = values.shape[1]
        used = min(frames, max(8, int(frames * LONGEST_S / max(sound.duration_s, LONGEST_S))))
        margin = min(9, used // 6)
        self.frames = _lively(values[:, margin : used - margin], _FRAMES) + margin
        self.bands = _moving(values, _BANDS)
        self.readings: list[tuple[str, Float64, NDArray[np.bool_]]] = []
        for name, y in readings(values):
            keep = (inside(y) if name == "log" or name == "linear" else inside(values)) & (y > -60)
            at = np.ix_(self.bands, self.frames)
            self.readings.append((name, y[at].T.copy(), keep[at].T.copy()))
        self._samples: dict[tuple[object, ...], Float32] = {}
        self._power: dict[tuple[object, ...], Float64] = {}
        self._scores: dict[tuple[object, ...], Score] = {}

    def score(self, spec: MelSpec, lags: tuple[int, ...], fit: Fit = "line", reading: int | None = None,
              share: float = 0.9) -> Score:  # fmt: skip
        """The best of some lags and readings (all where None); `fit` says what a line may forgive: one slope and offset,
        one slope and an offset per band, or both per band; `share` of the residuals, the smallest ones, count."""
        fit = "bands" if self.per_band else fit
        key = (spec, lags, fit, reading, share)
        if key not in self._scores:
            best = WORST
            for lag in sorted(lags, key=lambda k: abs(k - lags[len(lags) // 2])):  # the reading shows at the likeliest
                x = self._mel(spec, lag)
                for i, (_, y, keep) in enumerate(self.readings):
                    if i == reading or (reading is None and (best is WORST or i == best.reading or best.lag == lag)):
                        cost, level = _cost(x, y, keep, fit, share)
                        best = min(best, Score(cost, lag, level, i), key=lambda s: s.cost)
            self.evaluated += 1
            self._scores[key] = best
        return self._scores[key]

    def likely_banks(self, spec: MelSpec, lag: int, reading: int, tops_hz: tuple[float, ...], bottoms_hz: tuple[float, ...],
                     most: int) -> list[tuple[str, float, float]]:  # fmt: skip
        """(scale, f_min, f_max) of the banks whose bands move most like the spectrum at their centres, the likeliest first.

        Each band of the values is correlated over time with the spectrum smoothed at every bin, once; every pair of edges is
        then a look-up.
        """
        p = self._spectrum(spec, lag)
        total = np.concatenate([np.zeros((p.shape[0], 1)), np.cumsum(p, axis=1)], axis=1)
        bins = np.arange(p.shape[1])
        reach = np.maximum(1, np.round(0.025 * bins)).astype(int)
        low, high = np.maximum(bins - reach, 0), np.minimum(bins + reach + 1, bins.size)
        smooth = np.log(np.maximum((total[:, high] - total[:, low]) / (high - low), 1e-30))
        _, y, keep = self.readings[reading]
        a, b = smooth - smooth.mean(axis=0), np.where(keep, y, np.nan)
        b = np.nan_to_num(b - np.nanmean(np.where(keep.any(axis=0), b, 0.0), axis=0))
        alike = (a / (np.linalg.norm(a, axis=0) + 1e-9)).T @ (b / (np.linalg.norm(b, axis=0) + 1e-9))
        alike = np.sign(alike.sum()) * alike
        half, per_hz = spec.bank_sample_rate / 2, spec.n_fft / spec.bank_sample_rate
        rows = np.arange(self.bands.size)
        found = []
        for scale in ("slaney", "htk"):
            for bottom in bottoms_hz:
                for top in tops_hz:
                    if bottom < top <= half:
                        centre = band_edges_hz(spec.n_mels, bottom, top, scale)[1:-1][self.bands] * per_hz
                        k = np.minimum(centre.astype(int), bins.size - 2)
                        part = centre - k
                        score = (1 - part) * alike[k, rows] + part * alike[k + 1, rows]
                        found.append((float(score.mean()), scale, bottom, top))
        found.sort(reverse=True)
        return [(scale, bottom, top) for _, scale, bottom, top in found[:most]]

    def _mel(self, spec: MelSpec, lag: int) -> Float64:
        """ln of the mel at the chosen frames, [frames, n_mels]; very low where a band holds nothing."""
        p = self._spectrum(spec, lag)
        if spec.epsilon_kind == "inside":
            p = p + spec.epsilon
        elif spec.epsilon_kind == "clamp":
            p = np.maximum(p, spec.epsilon)
        if spec.power == 1:
            p = np.sqrt(p)
            if spec.epsilon_kind == "outside":
                p = p + spec.epsilon
        mel = p @ filterbank(spec)[self.bands].T
        return np.asarray(np.log(np.maximum(mel, 1e-30)))

    def _spectrum(self, spec: MelSpec, lag: int) -> Float64:
        """|STFT|² at the chosen frames, [frames, bins]."""
        start = lag * spec.hop_length - spec.left_pad
        length = spec.frame_length
        key = (spec.sample_rate, spec.hop_length, start, length, spec.n_fft, spec.win_length, spec.window,
               spec.window_periodic, spec.preemphasis, spec.preemphasis_kind, spec.remove_dc)  # fmt: skip
        if key in self._power:
            return self._power[key]
        x = self._signal(spec)
        at = np.clip(self.frames * spec.hop_length + start, -length, x.size - 2 * length)  # x has `length` zeros each side
        framed = np.lib.stride_tricks.sliding_window_view(x, length)[at + length]
        if spec.remove_dc:
            framed = framed - framed.mean(axis=1, keepdims=True)
        if spec.preemphasis_kind == "frame":
            c = np.float32(spec.preemphasis)
            framed = framed - c * np.concatenate([framed[:, :1], framed[:, :-1]], axis=1)
        spectrum = np.fft.rfft(framed * window(spec), spec.n_fft, axis=1)
        if len(self._power) >= _KEPT:
            self._power.pop(next(iter(self._power)))
        self._power[key] = spectrum.real**2 + spectrum.imag**2
        return self._power[key]

    def _signal(self, spec: MelSpec) -> Float32:
        """The sound at that rate, pre-emphasised, between as many zeros as a frame has samples."""
        filtered = spec.preemphasis if spec.preemphasis_kind in ("filter", "filter_reflect") else 0.0
        key = (spec.sample_rate, filtered, spec.frame_length)
        if key not in self._samples:
            x = self.sound.at(spec.sample_rate)
            if filtered:
                x = preemphasise(x.astype(np.float64), spec).astype(np.float32)
            if len(self._samples) >= _KEPT:
                self._samples.pop(next(iter(self._samples)))
            self._samples[key] = np.pad(x, spec.frame_length)
        return self._samples[key]


def _lively(values: Float64, most: int) -> NDArray[np.intp]:
    """Indices of up to `most` frames, in equal shares over the time: in each stretch the loudest and liveliest."""
    frames = values.shape[1]
    if frames <= most:
        return np.arange(frames)
    loud = values.mean(axis=0)
    loud = (loud - loud.mean()) / (loud.std() + 1e-9)
    worth = loud + 0.5 * np.concatenate([[0.0], np.abs(np.diff(loud))])
    stretches = np.array_split(np.arange(frames), 16)
    per = most // len(stretches)
    chosen = [s[np.argsort(-worth[s])[:per]] for s in stretches]
    return np.asarray(np.sort(np.concatenate(chosen)), np.intp)


def _moving(values: Float64, most: int) -> NDArray[np.intp]:
    """Indices of up to `most` bands, evenly, without those that hold nothing but an epsilon or rounding."""
    spread = values.std(axis=1)
    alive = np.flatnonzero(spread > _STILL * np.quantile(spread, 0.9))
    at = np.unique(np.round(np.linspace(0, alive.size - 1, min(most, alive.size))).astype(int))
    return np.asarray(alive[at], np.intp)


def _cost(x: Float64, y: Float64, keep: NDArray[np.bool_], fit: Fit, share: float) -> tuple[float, float]:
    """Mean ln of the residual and the level, both in nat, [frames, bands] each."""
    use = keep & (x > -60)
    if use.sum() < 64:
        return math.inf, 0.0
    axis = None if fit == "line" else 0
    at = x
    if axis is None:
        low = np.quantile(at[use], 0.35)
    else:
        low = np.where(use, at, 0.0).sum(axis=0) / np.maximum(use.sum(axis=0), 1)
    w = (use & (at >= low)).astype(np.float64)
    slope: Float64 | float = 0.0
    residual = at
    for attempt in range(3):
        n = np.maximum(w.sum(axis=axis, keepdims=True), 1e-9)
        mx, my = (w * at).sum(axis=axis, keepdims=True) / n, (w * y).sum(axis=axis, keepdims=True) / n
        dx = w * (at - mx)
        sxx, sxy = (dx * at).sum(axis=axis, keepdims=True), (dx * y).sum(axis=axis, keepdims=True)
        if fit == "offsets":
            sxx, sxy = sxx.sum(), sxy.sum()
        slope = sxy / np.maximum(sxx, 1e-12)
        if fit == "bands":
            middle = float(np.median(slope))
            slope = np.where((sxx < 1e-6) | (slope * middle <= 0), middle, slope)
        size = np.maximum(np.abs(slope), 1e-9)
        residual = np.abs(y - my - slope * (at - mx)) / size
        if attempt < 2:
            reach = max(3.0 * float(np.median(residual[w > 0])) if w.any() else 1.0, 2e-4)
            near = use & (residual <= reach)
            w = np.where(near.sum(axis=axis, keepdims=True) >= _FEWEST, near, w).astype(np.float64)
    if float(np.median(np.abs(slope))) < 1e-6:
        return math.inf, 0.0
    level = float(np.median(np.abs(my / size - np.sign(slope) * mx)))
    r = np.sort(residual[use])
    r = np.minimum(r[: max(1, int(share * r.size))], _WORST_NAT)
    return float(np.mean(np.log(r + 0.1 * NUMERIC))), level
