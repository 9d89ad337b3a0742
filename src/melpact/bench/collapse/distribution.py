"""Chapter 1: what a refiner does to the distribution of mel values: moments, distances, bounds, modulation.

Everything is in nat of the linear mel and measured on the mels themselves, before any sound is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench.collapse.parts import Clip, Treatment, nats
from melpact.bench.collapse.result import Distribution
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError

Array = NDArray[np.float64]
SEGMENT_S, HIGHEST_HZ = 0.64, 40.0
_SLACK_NAT = 1e-4
"""What rounding to float32 may move a value over a bound."""


def moments(values: Array) -> tuple[float, float, float, float]:
    """Mean, standard deviation, skewness and excess kurtosis of all values (population)."""
    centre = float(values.mean())
    apart = values - centre
    variance = float((apart**2).mean())
    if variance <= 0:
        return centre, 0.0, 0.0, 0.0
    spread = variance**0.5
    return centre, spread, float((apart**3).mean()) / spread**3, float((apart**4).mean()) / variance**2 - 3.0


def wasserstein(a: Array, b: Array) -> Array:
    """Per band the mean distance that levels have to be moved, float64 [n_mels]; frames may differ in number."""
    if a.shape == b.shape:
        return np.asarray(np.abs(np.sort(a, axis=1) - np.sort(b, axis=1)).mean(axis=1))
    places = np.concatenate([np.arange(1, a.shape[1]) / a.shape[1], np.arange(1, b.shape[1]) / b.shape[1], [0.0, 1.0]])
    edges = np.unique(places)
    middle = (edges[1:] + edges[:-1]) / 2
    sorted_a, sorted_b = np.sort(a, axis=1), np.sort(b, axis=1)
    at_a = sorted_a[:, np.minimum((middle * a.shape[1]).astype(int), a.shape[1] - 1)]
    at_b = sorted_b[:, np.minimum((middle * b.shape[1]).astype(int), b.shape[1] - 1)]
    return np.asarray((np.abs(at_a - at_b) * np.diff(edges)).sum(axis=1))


def smirnov(a: Array, b: Array) -> Array:
    """Per band the largest difference of the cumulative distributions, float64 [n_mels]."""
    found = np.empty(a.shape[0])
    for band, (x, y) in enumerate(zip(np.sort(a, axis=1), np.sort(b, axis=1), strict=True)):
        both = np.concatenate([x, y])
        below = [np.searchsorted(one, both, side="right") / one.size for one in (x, y)]
        found[band] = np.abs(below[0] - below[1]).max()
    return found


def modulation_hz(spec: MelSpec) -> Array:
    """Modulation frequencies of `modulation`, Hz."""
    length = _segment(spec)
    top = 1 + int(min(HIGHEST_HZ, spec.frame_rate_hz / 2) * length / spec.frame_rate_hz)
    return np.arange(1, top) * spec.frame_rate_hz / length


def modulation(mels: Sequence[Array], spec: MelSpec) -> Array:
    """Power of the bands' movements by modulation frequency, mean of half-overlapping Hann segments of 0.64 s, float64
    [n_mels, frequencies]; zeros where no mel is that long."""
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    length, wanted = _segment(spec), modulation_hz(spec).size
    taper = hann(length, sym=False)
    total, count = np.zeros((mels[0].shape[0], wanted)), 0
    for values in mels:
        if values.shape[1] < length:
            continue
        parts = np.lib.stride_tricks.sliding_window_view(values, length, axis=1)[:, :: length // 2]
        lines = rfft((parts - parts.mean(axis=2, keepdims=True)) * taper, axis=2)[:, :, 1 : 1 + wanted]
        total += (np.abs(lines) ** 2).sum(axis=1)
        count += parts.shape[1]
    return total / max(count, 1)


def _segment(spec: MelSpec) -> int:
    return max(4, round(SEGMENT_S * spec.frame_rate_hz))


def compared(natural: Sequence[Array], changed: Sequence[Array], spec: MelSpec, ceiling: Array) -> dict[str, Any]:
    """All numbers of a `Distribution` but those that need pairs.

    Args:
        natural, changed: nats, [n_mels, frames] each. ceiling: highest natural value per band, [n_mels].
    """
    a, b = np.concatenate(natural, axis=1), np.concatenate(changed, axis=1)
    centre, spread, skewness, kurtosis = moments(b)
    bands = wasserstein(a, b)
    before, after = modulation(natural, spec), modulation(changed, spec)
    least = 1e-6 * max(float(before.max()), 1e-30)
    ratio = 10 * np.log10((after + least) / (before + least))
    over = [np.mean([m.var(axis=1) for m in mels], axis=0) for mels in (natural, changed)]
    moving = over[0] > 1e-9
    deviation = 10 * np.log10(np.maximum(over[1][moving], 1e-9) / over[0][moving])
    floor = np.log(spec.floor) if spec.floor > 0 and spec.floor_kind != "none" else -np.inf
    return {
        "mean": centre,
        "std": spread,
        "skewness": skewness,
        "kurtosis": kurtosis,
        "wasserstein": float(bands.mean()),
        "smirnov": float(smirnov(a, b).mean()),
        "variance_db": float(deviation.mean()) if moving.any() else 0.0,
        "modulation_db": float(np.abs(ratio).mean()),
        "below_floor": float((b < floor - _SLACK_NAT).mean()),
        "above_ceiling": float((b > ceiling[:, None] + _SLACK_NAT).mean()),
        "bands": tuple(round(float(v), 5) for v in bands),
        "modulation": tuple(round(float(v), 4) for v in ratio.mean(axis=0)),
    }  # fmt: skip


def distributions(
    clips: Sequence[Clip], refiners: Sequence[Treatment], given: Mapping[str, Mapping[str, Mel]]
) -> list[Distribution]:
    """What each refiner does to what it is given.

    Args:
        given: name of the input → clip's name → mel; "natural" is added in front.
    """
    spec = clips[0].mel.spec
    natural = [nats(clip.mel) for clip in clips]
    ceiling = np.concatenate(natural, axis=1).max(axis=1)
    rows = _nulls(natural, spec, ceiling)
    inputs: dict[str, Mapping[str, Mel]] = {"natural": {clip.name: clip.mel for clip in clips}, **given}
    for of, mels in inputs.items():
        start = [nats(mels[clip.name]) for clip in clips]
        for refiner in refiners:
            try:
                made = [nats(refiner.apply(mels[clip.name])) for clip in clips]
            except MelpactError as error:
                zero = dict.fromkeys(
                    ("mean", "std", "skewness", "kurtosis", "wasserstein", "smirnov", "variance_db", "modulation_db",
                     "below_floor", "above_ceiling"), 0.0
                )  # fmt: skip
                rows.append(Distribution(of=of, refiner=refiner.name, reason=str(error).rstrip("."), **zero))
                continue
            facts = compared(natural, made, spec, ceiling)
            rows.append(
                Distribution(of=of, refiner=refiner.name, meaning=refiner.title, moved=_apart(start, made),
                             error=_apart(natural, made), **facts)
            )  # fmt: skip
    return rows


def _apart(a: Sequence[Array], b: Sequence[Array]) -> float:
    return float(np.abs(np.concatenate(a, axis=1) - np.concatenate(b, axis=1)).mean())


def _nulls(natural: Sequence[Array], spec: MelSpec, ceiling: Array) -> list[Distribution]:
    """What the distances are where nothing is refined: other sentences, and a mel that never moves."""
    rows = []
    if len(natural) > 1:
        facts = compared(natural[::2], natural[1::2], spec, ceiling)
        said = "one half of the natural mels against the other: what different sentences differ by"
        rows.append(Distribution(of="natural", refiner="other sentences", kind="null", meaning=said, **facts))
    flat = [np.repeat(one.mean(axis=1, keepdims=True), one.shape[1], axis=1) for one in natural]
    facts = compared(natural, flat, spec, ceiling)
    said = "each band held at its mean over the clip"
    rows.append(
        Distribution(of="natural", refiner="constant mel", kind="null", meaning=said, error=_apart(natural, flat), **facts)
    )
    return rows
