"""How far given values are from the analysis of a sound: alignment in frames, the straight line between both, the residual.

All residuals are in nat of the mel value, whatever the unit of the given values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.contract.scaling import Affine, BandAffine, DynamicRange, NoScaling, Percentile, UtteranceMinMax, Window
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort
from melpact.features.analysis import analyse

Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]
NUMERIC = 1e-3
"""Nat: what two correct programs differ by (float32, another FFT)."""
_TINY = 1e-30


@dataclass(frozen=True)
class Line:
    """`values ≈ slope * ln(mel) + offset` (per band: arrays [n_mels, 1]) on the frames that both have.

    Attributes:
        slope, offset: value units per nat, value units.
        typical: median absolute residual in nat, over the values that are not on a floor or clip.
        cost: mean log of (residual² + scale²): the robust fit that candidates are ordered by; lower is better.
        lag: the values' first frame is the sound's frame `lag`.
        frames: compared.
    """

    slope: Float64
    offset: Float64
    typical: float
    cost: float
    lag: int
    frames: int


def analysis_of(spec: MelSpec) -> MelSpec:
    """What of a description happens before the values are shaped: ln of the mel, no floor, level, reference or scaling."""
    return spec.replace_quietly(
        log="ln", floor=_TINY, floor_kind="clamp", reference=0.0, scaling=NoScaling(), waveform_scale=1.0
    )


def log_mel(samples: Float32, spec: MelSpec) -> Float64 | None:
    """ln of the mel, float64 [n_mels, frames]; None where the sound is too short for the description."""
    try:
        return np.asarray(analyse(samples, spec)[0], np.float64)
    except AudioTooShort:
        return None


def align(x: Float64, values: Float64, *, wide: bool) -> tuple[int, ...]:
    """Lags in frames worth trying, by the correlation of the loudness contours; `wide`: all of them, else up to 3."""
    a, b = x.mean(axis=0), values.mean(axis=0)
    shortest = min(a.size, b.size)
    if wide:
        size = 1 << int(np.ceil(np.log2(a.size + b.size)))
        need = max(8, shortest // 2)
        fa, fb = (a - a.mean()) / (a.std() + 1e-9), (b - b.mean()) / (b.std() + 1e-9)
        dot = np.fft.irfft(np.fft.rfft(fa, size) * np.conj(np.fft.rfft(fb, size)), size)
        lags = np.arange(-(b.size - need), a.size - need + 1)
        overlap = np.minimum(a.size, b.size + lags) - np.maximum(0, lags)
        score = np.abs(dot[lags % size]) / np.sqrt(np.maximum(overlap, 1) * shortest)
        best = int(lags[np.argmax(score)])
        return tuple(range(best - 1, best + 2))
    scores = []
    for lag in range(-3, 4):
        p, q = overlap_of(a[None], b[None], lag)
        if p.shape[1] < 3 or p.std() == 0 or q.std() == 0:
            continue
        scores.append((abs(float(np.corrcoef(p[0], q[0])[0, 1])), lag))
    scores.sort(reverse=True)
    return tuple(dict.fromkeys([lag for _, lag in scores[:2]] + [0])) or (0,)


def overlap_of(x: Float64, values: Float64, lag: int) -> tuple[Float64, Float64]:
    """Both cut to the frames that they share when the values begin `lag` frames into x."""
    start, stop = max(0, lag), min(x.shape[1], values.shape[1] + lag)
    stop = max(start, stop)
    return x[:, start:stop], values[:, start - lag : stop - lag]


def inside(values: Float64) -> NDArray[np.bool_]:
    """Where values lie on neither their lowest nor their highest value (a floor or clip where several do)."""
    low, high = values.min(), values.max()
    margin = 1e-4 * max(1e-9, high - low)
    keep = np.ones(values.shape, bool)
    for on in (values <= low + margin, values >= high - margin):
        if on.sum() > 2:
            keep &= ~on
    return keep


def robust(residual: Float64, scale: float) -> float:
    """Mean log of residual² + scale²."""
    return float(np.mean(np.log(residual * residual + scale * scale)))


def fit_line(x: Float64, values: Float64, lag: int, *, per_band: bool = False, scale: float = NUMERIC,
             reach_nat: float = 2e-3) -> Line | None:  # fmt: skip
    """The straight line from ln(mel) to the values; None where too little overlaps or nothing varies.

    The line is fitted to the upper part of x first, so that floors do not tilt it, then to all that lies within reach of it
    (`reach_nat` at least).
    """
    p, y = overlap_of(x, values, lag)
    if p.shape[1] < 4:
        return None
    keep = inside(y) & (p > -60)
    if keep.sum() < 32:
        return None
    use = keep & (p >= (np.median(p, axis=1, keepdims=True) if per_band else np.quantile(p[keep], 0.35)))
    slope = offset = np.zeros((1, 1))
    for attempt in range(4):
        slope, offset = _least_squares(p, y, use, per_band)
        with np.errstate(divide="ignore", invalid="ignore"):
            residual = np.abs(y - slope * p - offset) / np.maximum(np.abs(slope), 1e-12)
        typical = float(np.median(residual[use])) if use.any() else np.inf
        reach = max(3.0 * typical, reach_nat)
        previous, use = int(use.sum()), keep & (residual <= reach)
        if use.sum() < 24 or attempt == 3 or abs(int(use.sum()) - previous) < 0.01 * previous:
            break
    if not np.all(np.isfinite(slope)) or abs(float(np.median(slope))) < 1e-9:
        return None
    residual = np.abs(y - slope * p - offset) / np.maximum(np.abs(slope), 1e-12)
    used = np.minimum(residual[keep], 10.0)
    return Line(slope, offset, float(np.median(used)), robust(used, scale), lag, p.shape[1])


def _least_squares(x: Float64, y: Float64, use: NDArray[np.bool_], per_band: bool) -> tuple[Float64, Float64]:
    axis = 1 if per_band else None
    w = use.astype(np.float64)
    n = np.maximum(w.sum(axis=axis, keepdims=True), 1e-9)
    mx, my = (w * x).sum(axis=axis, keepdims=True) / n, (w * y).sum(axis=axis, keepdims=True) / n
    sxx = (w * (x - mx) ** 2).sum(axis=axis, keepdims=True)
    sxy = (w * (x - mx) * (y - my)).sum(axis=axis, keepdims=True)
    slope = sxy / np.maximum(sxx, 1e-12)
    if per_band:
        typical = np.median(slope[n >= 6]) if (n >= 6).any() else np.median(slope)
        thin = (n < 6) | (sxx < 1e-6) | (slope * typical <= 0)
        slope = np.where(thin, typical, slope)
    return np.asarray(slope), np.asarray(my - slope * mx)


def value_slope(spec: MelSpec) -> Float64 | None:
    """Value units per nat of the mel where that is a constant, [n_mels, 1] or [1, 1]; None for a linear mel or one scaled by
    the spread of its own utterance."""
    gain, scaling = spec.log_gain, spec.scaling
    if gain is None:
        return None
    if isinstance(scaling, NoScaling):
        factor = np.ones((1, 1))
    elif isinstance(scaling, Affine):
        factor = np.full((1, 1), scaling.scale)
    elif isinstance(scaling, BandAffine):
        factor = np.asarray(scaling.scale)[:, None]
    elif isinstance(scaling, Window):
        factor = np.full((1, 1), scaling.slope)
    elif isinstance(scaling, Percentile):
        factor = np.full((1, 1), (scaling.out_high - scaling.out_low) / (scaling.high - scaling.low))
    elif isinstance(scaling, DynamicRange):
        factor = np.full((1, 1), 1.0 / scaling.divisor)
    elif isinstance(scaling, UtteranceMinMax):
        return None
    else:
        return None
    return gain * factor
