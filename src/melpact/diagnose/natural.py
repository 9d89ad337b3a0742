"""What natural speech and singing look like in a mel, measured so that unit, rate and number of bands hardly matter.

`measure` gives a few numbers of one mel; `RANGES` (natural.json, made by `python -m melpact.diagnose.natural_fit FOLDER`)
gives
what clean mels of all dialects have: speech, singing, quiet, padded with silence, one second long. Levels are in nat of
amplitude
below the ceiling of the band, so that a power mel and a magnitude mel, or two norms, read alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.diagnose.evidence import Evidence

Floats = NDArray[np.float64]


_REACH = 7.5
"""Nat of amplitude below the loudest band (65 dB)."""


class Range(NamedTuple):
    """Of one number over clean mels: the least, the 5 % quantile, the median, the 95 % quantile, the largest."""

    least: float
    low: float
    middle: float
    high: float
    most: float


@lru_cache(maxsize=1)
def ranges() -> Mapping[str, Range]:
    """The ranges of clean mels by the name of the number."""
    text = files("melpact.diagnose").joinpath("natural.json").read_text(encoding="utf-8")
    return MappingProxyType({name: Range(*values) for name, values in json.loads(text)["ranges"].items()})


def named(name: str, spec: MelSpec) -> str:
    """The range that holds for a description: steps in time depend on how far the windows overlap."""
    if name not in ("step_t", "turn_t"):
        return name
    covers = overlap(spec)
    return f"{name}@{2 if covers < 3 else 4 if covers < 4.6 else 6}"


def unlikely(numbers: Mapping[str, float], names: tuple[str, ...] = ("top", "span", "spread")) -> float:
    """Mean squared distance from the medians in (half) widths of the 5 to 95 % ranges: about 0.4 for a clean mel."""
    total = 0.0
    for name in names:
        r = ranges()[name]
        half = (r.high - r.middle) if numbers[name] > r.middle else (r.middle - r.low)
        total += ((numbers[name] - r.middle) / max(half, 1e-9)) ** 2
    return total / len(names)


def outside(name: str, value: float, spec: MelSpec) -> float:
    """How far a number lies outside what clean mels have, in widths of their 5 to 95 % range; 0 inside."""
    r = ranges()[named(name, spec)]
    width = max(r.high - r.low, 1e-9)
    return max(0.0, value - r.most, r.least - value) / width


def measure(evidence: Evidence, raw: Floats | None = None) -> dict[str, float] | None:
    """The numbers of a mel, or of other raw values read with its description; None where too little of it sounds.

    Returns:
        top: 99.5 % quantile of the level below the ceiling (nat); span: from the 5 % to the 99 % quantile of what lies above
        the floor; spread: standard deviation of the same; tilt: lower minus upper third of the bands; step_t, step_f: mean
        step
        from frame to frame and from band to band over the spread; turn_t: correlation of neighbouring steps in time (noise:
        -0.5); turn_f: the same over bands; frames_share: share of the variance that is common to all bands of a frame;
        bands_share: share that is constant in time; span_uncut, spread_uncut: as above, where hardly a value lies
        at the floor.
    """
    raw = evidence.raw if raw is None else raw
    if raw.shape[1] < 20 or not evidence.has_level:
        return None
    keep = evidence.ceiling > evidence.floor + 0.1 * abs(evidence.gain)
    if keep.sum() < 8:
        return None
    # bands above the sound's own bandwidth hold rounding noise: leave out what never comes within 65 dB of the loudest
    peaks = np.quantile(evidence.nats(raw) - evidence.nats(evidence.ceiling[:, None]), 0.99, axis=1)
    reach = max(_REACH, 3.0 * float(np.median(np.abs(peaks[keep] - np.median(peaks[keep])))))
    keep &= peaks > np.max(peaks[keep]) - reach
    if keep.sum() < 8:
        return None
    level = (evidence.nats(raw) - evidence.nats(evidence.ceiling[:, None]))[keep]
    floor = (evidence.nats(evidence.floor[:, None]) - evidence.nats(evidence.ceiling[:, None]))[keep]
    lowest = raw[keep].min(axis=1, keepdims=True)
    live = (level > floor + 0.3) & (raw[keep] > lowest + 0.05 * abs(evidence.gain))
    frames = live.mean(axis=0) > 0.3
    if frames.sum() < 20:
        return None
    level, live = level[:, frames], live[:, frames]
    cells = level[live]
    spread = float(cells.std())
    if spread < 1e-6:
        return None
    # how far a mel reaches down only tells something where its floor does not cut it off
    uncut = float((level < floor[:, :1] + 0.7).mean()) < 0.02
    third = level.shape[0] // 3
    step_t, step_f = np.diff(level, axis=1), np.diff(level, axis=0)
    total = float(level.var()) + 1e-12
    numbers = {
        "top": float(np.quantile(cells, 0.995)),
        "span": float(np.quantile(cells, 0.99) - np.quantile(cells, 0.05)),
        "spread": spread,
        "tilt": float(level[:third].mean() - level[-third:].mean()) / spread,
        "step_t": float(np.abs(step_t).mean()) / spread,
        "step_f": float(np.abs(step_f).mean()) / spread,
        "turn_t": _r(step_t[:, 1:], step_t[:, :-1]),
        "turn_f": _r(step_f[1:], step_f[:-1]),
        "frames_share": float(level.mean(axis=0).var()) / total,
        "bands_share": float(level.mean(axis=1).var()) / total,
    }
    if uncut:
        numbers |= {"span_uncut": numbers["span"], "spread_uncut": spread}
    return numbers


LEVELS = ("top", "span", "spread", "span_uncut", "spread_uncut")
"""The numbers that a wrong unit, power or scaling changes; the last two only where the floor cuts nothing off."""


def _r(x: Floats, y: Floats) -> float:
    spread = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / spread if spread > 0 else 0.0


def overlap(spec: MelSpec) -> float:
    """Windows that cover one sample: how alike neighbouring frames must be."""
    return spec.win_length / spec.hop_length
