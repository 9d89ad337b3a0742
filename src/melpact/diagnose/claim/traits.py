"""What the values show of how they were made, laid out alike for every description: floors, levels, profile, texture, pace.

One vector of fixed length. Levels are in nat of amplitude, bands are counted in shares of the claimed bank or in claimed Hz,
so that two mels of different sizes can be compared once each is laid beside what its description gives known speech.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.diff.grid_rules import centres_hz
from melpact.contract.spec import MelSpec
from melpact.diagnose.evidence import Evidence

Floats = NDArray[np.float64]
LEAST_FRAMES = 24
_GROUPS = 8
_FINE = 16
_LAGS = (1, 2, 3, 4, 6, 8, 12, 16)
_FEW = 4
_ROW = 5
_HALVES = (1, 4, 15)
_ROUGHER = (-1.0, 0.4)
_SECONDS = (0.0125, 0.025, 0.05, 0.1, 0.2, 0.4)
_GRID_HZ = np.array([70, 130, 200, 280, 370, 470, 600, 750, 950, 1200, 1500, 1850, 2250, 2750, 3300, 4000, 4800, 5700, 6700,
                     7700, 9000, 10500, 12500, 15000])  # fmt: skip
_REACH = 7.5
_TINY = 1e-3


def _blocks() -> Mapping[str, slice]:
    sizes = {
        "level and floor": 15,
        "the profile over the bands": 3 * _FINE + 2 * _GRID_HZ.size + _FINE + 8 + 6,
        "pace and texture over time": (len(_LAGS) + 1) * _GROUPS + 3 * len(_SECONDS),
        "what neighbouring bands share": 3 * _FINE + 2 * 8 + _FINE + 8 + 2 * (_FINE + 8) + _GROUPS + 1,
        "the first and last frames": 12 + 2 * len(_HALVES),
        "steps in a row": _ROW * _FEW,
    }
    ends = list(itertools.accumulate(sizes.values()))
    return MappingProxyType({name: slice(end - n, end) for (name, n), end in zip(sizes.items(), ends, strict=True)})


BLOCKS = _blocks()
"""Where the parts of the vector lie, by what they are called."""
ABSOLUTE = slice(BLOCKS["the first and last frames"].stop - 2 * len(_HALVES), BLOCKS["the first and last frames"].stop)
"""Traits whose right value is the same for every claim; known speech is not laid beside them."""
N_TRAITS = max(part.stop for part in BLOCKS.values())


class Cells(NamedTuple):
    """The mel in nat of amplitude, and which of its cells say something.

    Attributes:
        level: [n_mels, frames].
        live: cells above the floor and near enough to what is loud, [n_mels, frames].
        piled: cells on the lowest value.
        below: cells below the claimed floor.
        ceiling: the largest level that samples in [-1, 1] can give, [n_mels, 1].
        off: how far the lowest value lies above the claimed floor.
    """

    level: Floats
    live: NDArray[np.bool_]
    piled: NDArray[np.bool_]
    below: NDArray[np.bool_]
    ceiling: Floats
    off: float


def cells(evidence: Evidence) -> Cells | None:
    """What there is to compare; None for a mel too short, too empty, or of a scaling that cannot be undone."""
    raw = evidence.raw
    bands, frames = raw.shape
    if frames < LEAST_FRAMES or bands < 8 or not evidence.has_level or not evidence.finite.all():
        return None
    level = np.maximum(evidence.level, -60.0)
    ceiling = evidence.nats(evidence.ceiling[:, None])
    floor = np.maximum(evidence.nats(evidence.floor[:, None]), -60.0)
    used = (ceiling > floor + 0.1)[:, 0]
    if used.sum() < 8:
        return None
    below = level < floor - 0.3
    lowest = float(raw.min())
    piled = raw <= lowest + 1e-4 * max(1.0, abs(lowest))
    live = (level > floor + 0.3) & ~piled
    peaks = np.quantile(level - ceiling, 0.99, axis=1)
    live[peaks < np.max(peaks[used]) - _REACH] = False
    live[~used] = False
    live |= below & ~piled
    if live.sum() < 200 or float(level[live].std()) < 1e-3:
        return None
    return Cells(level, live, piled, below, ceiling, (lowest - float(evidence.floor.min())) / abs(evidence.gain))


def traits(evidence: Evidence, found: Cells | None = None) -> Floats | None:
    """Everything that is compared with the claim, [traits]; nan where a mel does not show it. None for one too short or odd.

    Needs a scaling that can be undone and finite values. `found` are its cells where they are there already.
    """
    found = found or cells(evidence)
    if found is None:
        return None
    level, live = found.level, found.live
    middle = float(np.median(level[live]))
    spread = float(level[live].std())
    heads = [
        _levels(level - found.ceiling, live, found.piled, found.below, found.off),
        _profile(level - middle, live, evidence.spec),
        _texture(level, live, spread, evidence.spec),
        _ends(evidence.filled, level, spread),
        _rows(level, live),
    ]
    return np.concatenate(heads)


def _levels(
    depth: Floats, live: NDArray[np.bool_], piled: NDArray[np.bool_], below: NDArray[np.bool_], off: float
) -> Floats:
    """Quantiles below the ceiling, and what lies on the lowest value, below the floor and above the ceiling."""
    cells = depth[live]
    shares = [piled.mean(), below.mean(), (depth > 0.1).mean(), live.mean(), piled.any(axis=1).mean()]
    pile = math.tanh(off / 4) if piled.mean() > 0.01 else math.nan
    quantiles = np.quantile(cells, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 0.999])
    return np.array([*np.log(_TINY + np.array(shares)), pile, *quantiles, math.log(cells.std() + _TINY)])


def _profile(level: Floats, live: NDArray[np.bool_], spec: MelSpec) -> Floats:
    """Mean, spread and loud end per group of bands and at fixed frequencies."""
    enough = live.mean(axis=1) > 0.1
    masked = np.where(live & enough[:, None], level, np.nan)
    with np.errstate(all="ignore"):
        n = live.sum(axis=1)
        mean = np.where(enough, np.nansum(masked, axis=1) / np.maximum(n, 1), np.nan)
        std = np.sqrt(np.where(enough, np.nansum((masked - mean[:, None]) ** 2, axis=1) / np.maximum(n, 1), np.nan))
    ordered = np.sort(np.where(live, level, -1e9), axis=1)
    loud = np.where(enough, ordered[:, int(0.95 * (level.shape[1] - 1))], np.nan)
    out = [_grouped(x, _FINE) for x in (mean, std, loud)]
    hz = centres_hz(spec)
    for x in (mean, loud):
        at = np.interp(_GRID_HZ, hz, x, left=np.nan, right=np.nan)
        out.append(at)
    bend = mean[1:-1] - 0.5 * (mean[2:] + mean[:-2])
    out += [_grouped(np.abs(bend), _FINE), np.concatenate([bend, np.full(8, np.nan)])[:8], mean[:6]]
    return np.concatenate(out)


def _texture(level: Floats, live: NDArray[np.bool_], spread: float, spec: MelSpec) -> Floats:
    """How far neighbours lie apart in time (in frames and in seconds) and over bands, and what neighbouring bands share."""
    out = []
    for lag in _LAGS:
        out.append(_log_grouped(*_steps(level[:, lag:] - level[:, :-lag], live[:, lag:] & live[:, :-lag]), _GROUPS, spread))
    both = live[:, 2:] & live[:, 1:-1] & live[:, :-2]
    bend = level[:, 1:-1] - 0.5 * (level[:, 2:] + level[:, :-2])
    out.append(_log_grouped(*_steps(bend, both), _GROUPS, spread))
    rate = spec.frame_rate_hz
    for seconds in _SECONDS:
        wanted = seconds * rate
        low = min(max(1, int(wanted)), level.shape[1] - 8)
        high = min(low + 1, level.shape[1] - 8)
        sides = [
            _log_grouped(*_steps(level[:, k:] - level[:, :-k], live[:, k:] & live[:, :-k]), 3, spread) for k in (low, high)
        ]
        share = float(np.clip(wanted - low, 0.0, 1.0))
        out.append((1 - share) * sides[0] + share * sides[1])
    for lag in (1, 2, 3):
        total, n = _steps(level[lag:] - level[:-lag], live[lag:] & live[:-lag])
        out.append(_log_grouped(total, n, _FINE, spread))
        if lag < 3:
            out.append(_log_grouped(total[:8], n[:8], 8, spread))
    both = live[2:] & live[1:-1] & live[:-2]
    total, n = _steps(level[1:-1] - 0.5 * (level[2:] + level[:-2]), both)
    out += [_log_grouped(total, n, _FINE, spread), _log_grouped(total[:8], n[:8], 8, spread)]
    moved = np.where(live[:, 1:] & live[:, :-1], np.diff(level, axis=1), 0.0)
    power = (moved * moved).sum(axis=1)
    for lag in (1, 2):
        r = (moved[lag:] * moved[:-lag]).sum(axis=1) / np.sqrt(np.maximum(power[lag:] * power[:-lag], 1e-9))
        r = np.where(np.minimum(power[lag:], power[:-lag]) > 1e-6, r, np.nan)
        out += [_grouped(r, _FINE), np.concatenate([r, np.full(8, np.nan)])[:8]]
    turned = (moved[:, 1:] * moved[:, :-1]).sum(axis=1) / np.maximum(power, 1e-9)
    out.append(_grouped(np.where(power > 1e-6, turned, np.nan), _GROUPS))
    common = float(level.mean(axis=0).var()) / max(float(level.var()), 1e-9)
    out.append(np.array([common]))
    return np.concatenate(out)


def _ends(values: Floats, level: Floats, spread: float) -> Floats:
    """How the first and last frames stand to their neighbours: as a share of the value, and as a step."""
    out = []
    for near, far in ((0, 1), (0, 3), (-1, -2), (-1, -4)):
        x, y = values[:, near], values[:, far]
        out += [float(np.clip((x * y).sum() / max(float((y * y).sum()), 1e-9), 0.0, 2.0))]
        out += [
            float(np.mean(level[:, near] - level[:, far])) / spread,
            float(np.abs(level[:, near] - level[:, far]).mean()) / spread,
        ]
    for half in _HALVES:
        share = (half + 1 + np.arange(half)) / (2 * half + 1)
        ratios = [_undone(side, share) for side in (values, values[:, ::-1])]
        out += [min(ratios), max(ratios)]
    return np.array(out)


def _undone(values: Floats, share: Floats) -> float:
    """Log of how much rougher the first frames get when an average that counted zeros before them is undone."""
    n = min(share.size, values.shape[1] - 1)
    given = values[:, : n + 1]
    undone = np.concatenate([given[:, :n] / share[:n], given[:, n:]], axis=1)
    before, after = (float(np.abs(np.diff(x, axis=1)).mean()) for x in (given, undone))
    return float(np.clip(math.log((after + 1e-3) / (before + 1e-3)), *_ROUGHER))


def _rows(level: Floats, live: NDArray[np.bool_]) -> Floats:
    """Correlation of steps in time with later ones, per group of bands: it falls as the windows of the frames part."""
    moved = np.where(live[:, 1:] & live[:, :-1], np.diff(level, axis=1), 0.0)
    edges = _edges(level.shape[0], _FEW)
    starts = np.minimum(edges[:-1], level.shape[0] - 1)
    power = np.add.reduceat((moved * moved).sum(axis=1), starts)
    out = []
    for lag in range(1, _ROW + 1):
        both = np.add.reduceat((moved[:, lag:] * moved[:, :-lag]).sum(axis=1), starts)
        out.append(np.where(power > 1e-6, both / np.maximum(power, 1e-9), np.nan))
    return np.concatenate(out)


def _steps(steps: Floats, live: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.int64]]:
    return np.where(live, np.abs(steps), 0.0).sum(axis=1), live.sum(axis=1)


@lru_cache(maxsize=512)
def _edges(size: int, groups: int) -> NDArray[np.int64]:
    return np.round(np.linspace(0, size, groups + 1)).astype(np.int64)


def _grouped(x: Floats, groups: int) -> Floats:
    """Mean over each group of what is a number; nan where nothing is."""
    edges = _edges(x.size, groups)
    known = np.isfinite(x)
    total = np.concatenate([[0.0], np.cumsum(np.where(known, x, 0.0))])
    count = np.concatenate([[0], np.cumsum(known)])
    n = count[edges[1:]] - count[edges[:-1]]
    return np.where(n > 0, (total[edges[1:]] - total[edges[:-1]]) / np.maximum(n, 1), np.nan)


def _log_grouped(total: Floats, n: NDArray[np.int64], groups: int, spread: float) -> Floats:
    """Log of the mean step of each group over the spread of the mel; nan where fewer than 20 pairs are there."""
    edges = _edges(total.size, groups)
    totals = np.concatenate([[0.0], np.cumsum(total)])
    counts = np.concatenate([[0], np.cumsum(n)])
    k = counts[edges[1:]] - counts[edges[:-1]]
    mean = (totals[edges[1:]] - totals[edges[:-1]]) / np.maximum(k, 1)
    return np.where(k >= 20, np.log(_TINY + mean / spread), np.nan)


def facts(spec: MelSpec, frames: int) -> Floats:
    """The claim itself, for how much a trait may differ from one recording to the next depends on it; [facts]."""
    hz = centres_hz(spec)
    bins = np.interp([0.02, 0.2, 0.5, 0.9], np.linspace(0, 1, hz.size), np.gradient(hz)) * spec.n_fft / spec.sample_rate
    kinds = [spec.mel_scale == "slaney", spec.mel_norm == "slaney", spec.power == 2, spec.log == "none"]
    kinds += [spec.floor_kind == "clamp", spec.floor_kind == "add", spec.scaling.kind == "none"]
    sizes = [spec.n_mels / 80, spec.win_length / spec.hop_length / 4, 80 * spec.hop_length / spec.sample_rate,
             spec.n_fft / spec.win_length, spec.f_max / 8000, 1 + spec.f_min / 100, frames / 200]  # fmt: skip
    floor = math.log10(max(spec.floor, 1e-12)) / spec.power / 5
    return np.concatenate([np.log(np.maximum(bins, 1e-3)), np.log(np.maximum(sizes, 1e-3)), np.array(kinds, float), [floor]])
