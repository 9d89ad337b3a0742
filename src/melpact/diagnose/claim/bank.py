"""Which filterbank the values went through: what a bank does to noise, bin by bin, beside what neighbouring bands show.

Where a band covers few bins of the transform, its height, the scatter of its values and what it shares with the next bands
jump from band to band in a pattern that the bank alone decides, whoever speaks. The pattern of the claimed bank is held
against those of its neighbours: another f_max, f_min, bank rate, mel scale, norm, FFT size or window.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import hz_to_mel, mel_to_hz
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.features.window import window

Floats = NDArray[np.float64]
FAMILIES = ("f_max", "f_min", "bank_rate", "mel_scale", "mel_norm", "n_fft", "window_length")
"""The changes that are tried, in the order of the leanings."""
LEANINGS = 8 + 3 * len(FAMILIES) + 3
_REACH = 4
"""Bins further apart than this are taken to be independent."""
_PLACED = ("f_max", "f_min", "bank_rate")
_TOLD = 4.0
_BINS = 28
"""Bands are looked at where four of their corners span fewer bins; wider ones follow the trend."""
_SMOOTH = 7
_LOCAL = 11
_LEAST = 0.3
_TOPS = np.exp(np.linspace(np.log(0.7), np.log(1.42), 72))
_BOTTOMS_HZ = np.arange(-100.0, 101.0, 10.0)
_RATES = np.exp(np.linspace(-0.75, 0.75, 91))
_USUAL_TOPS_HZ = (7600.0, 8000.0, 11025.0, 12000.0, 16000.0, 22050.0)
_USUAL_RATES = (16000, 22050, 24000, 32000, 44100, 48000)


class Candidates(NamedTuple):
    """What could be there in place of the claimed bank.

    Attributes:
        family: index into `FAMILIES` per candidate.
        place: how far the change goes: log of a factor, or Hz / 100 for f_min.
        base: the claimed bank's own rough pattern, [4, n_mels].
        change: how the rough patterns would change, [candidates, 4, n_mels]; nan where they do not show.
    """

    family: NDArray[np.int64]
    place: Floats
    base: Floats
    change: Floats


def near(spec: MelSpec) -> Floats:
    """Covariance of bins of a windowed transform of noise: |Σ w² e^(-2πidn/N)|² / (Σ w²)² for bins d = 0 … apart."""
    taper = window(spec).astype(np.float64) ** 2
    covariance = np.abs(np.fft.fft(taper, spec.n_fft)[: _REACH + 1]) ** 2
    return np.asarray(covariance / covariance[0])


def patterns(spec: MelSpec, covariance: Floats, f_min: Floats, f_max: Floats, rate: Floats) -> Floats:
    """What white noise gives in each band of some banks: height, scatter, correlation with the next and next but one.

    Args:
        spec: everything but f_min, f_max and bank rate, of which there are [banks] each.
        covariance: of bins, from the window (`near`).

    Returns:
        [banks, 4, n_mels]; nan where a band is empty or spans so many bins that it shows none of them.
    """
    low, high = hz_to_mel(f_min, spec.mel_scale), hz_to_mel(f_max, spec.mel_scale)
    steps = np.linspace(0.0, 1.0, spec.n_mels + 2)
    hz = mel_to_hz(low[:, None] + (high - low)[:, None] * steps, spec.mel_scale)
    bins = hz * (spec.n_fft / rate[:, None])
    narrow = np.full((f_min.size, spec.n_mels), False)
    narrow[:, :-2] = bins[:, 4:] - bins[:, :-4] < _BINS - 2
    deepest = int(narrow.any(axis=0).sum())
    out = np.full((f_min.size, 4, spec.n_mels), np.nan)
    if deepest < 8:
        return out
    at = np.floor(bins[:, :deepest, None]) + np.arange(_BINS)
    at_hz = at * (rate / spec.n_fft)[:, None, None]
    mel = spec.mel_triangles == "mel"
    corners, points = (hz_to_mel(hz, spec.mel_scale), hz_to_mel(at_hz, spec.mel_scale)) if mel else (hz, at_hz)
    weights: list[Floats] = []
    for k in range(3):
        left, top, right = (corners[:, k + i : k + i + deepest, None] for i in range(3))
        w = np.maximum(0.0, np.minimum((points - left) / (top - left), (right - points) / (right - top)))
        if spec.mel_norm == "slaney":
            w *= 2.0 / (hz[:, k + 2 : k + 2 + deepest, None] - hz[:, k : k + deepest, None])
        w[(at > spec.n_fft // 2 - (spec.bank_drops == "nyquist")) | (at < (spec.bank_drops == "dc"))] = 0.0
        weights.append(w)
    first = weights[0]
    spread = first.copy()
    for d in range(1, _REACH + 1):
        spread[..., d:] += covariance[d] * first[..., :-d]
        spread[..., :-d] += covariance[d] * first[..., d:]
    products = [(spread * w).sum(axis=-1) for w in weights]
    with np.errstate(all="ignore"):
        height = first.sum(axis=-1)
        own = products[0]
        found = np.full((f_min.size, 4, deepest), np.nan)
        found[:, 0], found[:, 1] = np.log(height) / spec.power, 0.5 * np.log(own) - np.log(height)
        found[:, 2, :-1] = products[1][:, :-1] / np.sqrt(own[:, :-1] * own[:, 1:])
        found[:, 3, :-2] = products[2][:, :-2] / np.sqrt(own[:, :-2] * own[:, 2:])
    found[~np.isfinite(found)] = np.nan
    out[:, :, :deepest] = np.where(narrow[:, None, :deepest], found, np.nan)
    return out


def rough(x: Floats) -> Floats:
    """What is left of [..., bands] after a running mean over neighbouring bands; nan where fewer than half are there."""
    known = np.isfinite(x)
    kernel = np.hanning(_SMOOTH + 2)[1:-1]
    total, n = _run(np.where(known, x, 0.0), kernel), _run(known.astype(np.float64), kernel)
    return np.where(known & (n > 0.5 * kernel.sum()), x - total / np.maximum(n, 1e-9), np.nan)


def _run(x: Floats, kernel: Floats) -> Floats:
    """Running sum along the last axis, weighted, with zeros outside."""
    half = kernel.size // 2
    padded = np.concatenate([np.zeros((*x.shape[:-1], half)), x, np.zeros((*x.shape[:-1], half))], axis=-1)
    return np.asarray(sum(k * padded[..., i : i + x.shape[-1]] for i, k in enumerate(kernel)))


@lru_cache(maxsize=64)
def candidates(spec: MelSpec) -> Candidates:
    """All banks that a description is held against."""
    nyquist, alike = spec.bank_sample_rate / 2, near(spec)
    tops = np.unique([t for t in (*spec.f_max * _TOPS, *_USUAL_TOPS_HZ, nyquist) if spec.f_max / 2 < t <= nyquist])
    tops = tops[np.abs(tops - spec.f_max) > 1.0]
    bottoms = np.unique(np.maximum(0.0, spec.f_min + _BOTTOMS_HZ))
    bottoms = bottoms[np.abs(bottoms - spec.f_min) > 1.0]
    rates = np.unique([r for r in (*spec.bank_sample_rate * _RATES, *_USUAL_RATES) if r >= 2 * spec.f_max])
    rates = rates[np.abs(rates / spec.bank_sample_rate - 1) > 1e-3]
    sizes = (1, tops.size, bottoms.size, rates.size)
    f_min, f_max, rate = (np.repeat(x, sum(sizes)) for x in (spec.f_min, spec.f_max, float(spec.bank_sample_rate)))
    ends = np.cumsum(sizes)
    f_max[ends[0] : ends[1]], f_min[ends[1] : ends[2]], rate[ends[2] : ends[3]] = tops, bottoms, rates
    found = [patterns(spec, alike, f_min, f_max, rate)]
    family = list(np.repeat([0, 1, 2], sizes[1:]))
    place = [np.log(tops / spec.f_max), (bottoms - spec.f_min) / 100, np.log(rates / spec.bank_sample_rate)]
    for code, change in _others(spec):
        try:
            other = spec.replace_quietly(**change)
        except MelpactError:
            continue
        one = (np.array([other.f_min]), np.array([other.f_max]), np.array([float(other.bank_sample_rate)]))
        found.append(patterns(other, near(other), *one))
        family.append(FAMILIES.index(code))
        place.append(np.zeros(1))
    every = rough(np.concatenate(found))
    return Candidates(np.array(family, np.int64), np.concatenate(place), every[0], every[1:] - every[0])


def _others(spec: MelSpec) -> list[tuple[str, dict[str, object]]]:
    changes: list[tuple[str, dict[str, object]]] = [
        ("mel_scale", {"mel_scale": "htk" if spec.mel_scale == "slaney" else "slaney"}),
        ("mel_norm", {"mel_norm": "none" if spec.mel_norm == "slaney" else "slaney"}),
    ]
    for n_fft in sorted({2 * spec.n_fft, spec.n_fft // 2, 1024, 2048, 4096} - {spec.n_fft}):
        changes.append(("n_fft", {"n_fft": n_fft, "win_length": min(spec.win_length, n_fft)}))
    for share in (0.4, 0.65, 1.0, 1.35, 1.7):
        length = min(spec.n_fft, 2 * round(spec.win_length * share / 2))
        if length != spec.win_length:
            changes.append(("window_length", {"win_length": length}))
    return changes


def observed(level: Floats, live: NDArray[np.bool_]) -> Floats:
    """The same patterns of a mel [n_mels, frames] in nat of amplitude: [4, n_mels]."""
    out = np.full((4, level.shape[0]), np.nan)
    n = live.sum(axis=1)
    enough = n > 0.1 * level.shape[1]
    out[0, enough] = (np.where(live, level, 0.0).sum(axis=1) / np.maximum(n, 1))[enough]
    both = live[:, 1:] & live[:, :-1]
    moved = np.where(both, np.diff(level, axis=1), 0.0)
    power = (moved * moved).sum(axis=1)
    with np.errstate(all="ignore"):
        out[1] = np.where(enough, 0.5 * np.log(power / both.sum(axis=1)), np.nan)
        for row, lag in ((2, 1), (3, 2)):
            r = (moved[lag:] * moved[:-lag]).sum(axis=1) / np.sqrt(power[lag:] * power[:-lag])
            out[row, :-lag] = np.where(np.minimum(power[lag:], power[:-lag]) > 1e-6, r, np.nan)
    out[~np.isfinite(out)] = np.nan
    return out


def leanings(level: Floats, live: NDArray[np.bool_], spec: MelSpec) -> Floats:
    """How much the values carry the claimed bank's pattern, and how far they lean to each family of others.

    [leanings]: share of the claimed pattern that is there and its size in deviations (4 each); then per family the best log
    likelihood ratio against the claim, by how much it beats every other family, and the best of the height alone; then where
    the best f_max, f_min and bank rate lie. 0 where nothing can be said.
    """
    tried = candidates(spec)
    seen = rough(observed(level, live))
    rest = seen - tried.base
    known = np.isfinite(rest)
    kernel = np.ones(_LOCAL)
    local = _run(np.where(known, rest, 0.0) ** 2, kernel) / np.maximum(_run(known.astype(np.float64), kernel), 1.0)
    weight = np.where(known, 1 / (local + 1e-4), 0.0)
    base, seen, rest = (np.where(known, x, 0.0) for x in (tried.base, seen, rest))
    size = np.sqrt((weight * base**2).sum(axis=-1))
    share = (weight * seen * base).sum(axis=-1) / np.maximum(size, _LEAST) ** 2
    change = np.where(np.isfinite(tried.change), tried.change, 0.0)
    along = np.einsum("sb,csb->cs", weight * rest, change)
    length = np.einsum("sb,csb->cs", weight, change**2)
    ratio = along - 0.5 * length
    total = ratio.sum(axis=1)
    best, height, place = np.zeros(len(FAMILIES)), np.zeros(len(FAMILIES)), np.zeros(3)
    for f in range(len(FAMILIES)):
        mine = np.flatnonzero(tried.family == f)
        if mine.size:
            i = mine[np.argmax(total[mine])]
            best[f], height[f] = total[i], ratio[mine, 0].max()
            if f < 3:
                place[f] = tried.place[i]
    others = np.array([np.max(np.delete(best, f)) for f in range(len(FAMILIES))])
    out = [np.clip(share, -2, 3), np.log1p(size), _squeezed(best), _squeezed(best - others), _squeezed(height), place]
    return np.asarray(np.nan_to_num(np.concatenate(out)), np.float64)


def fitting(leaning: Floats, spec: MelSpec, code: str) -> str | None:
    """Where the bank of `leanings` lies if that one number of the description is wrong; None where it does not show."""
    if code not in _PLACED or leaning[8 + FAMILIES.index(code)] < _squeezed(np.array(_TOLD)):
        return None
    place = float(leaning[len(leaning) - 3 + FAMILIES.index(code)])
    if code == "f_min":
        return f"f_min near {max(0.0, spec.f_min + 100 * place):.0f} Hz"
    name, believed = ("f_max", spec.f_max) if code == "f_max" else ("bank_sample_rate", spec.bank_sample_rate)
    return f"{name} near {believed * np.exp(place):.0f} Hz"


def _squeezed(x: Floats) -> Floats:
    return np.asarray(np.arcsinh(x / 2))
