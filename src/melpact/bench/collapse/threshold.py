"""Where a metric breaks: the dose at which half of what lies between ceiling and null is lost, with its interval.

The ceiling is the same vocoder on the right mel, the null the best of the nulls; both and the curve are means over the same
utterances, resampled together. A mel that gives no usable sound counts as the null. Between two doses the curve is a
straight line over the logarithm of the dose (over the dose itself where that has no logarithm).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.bench.collapse.result import Curve, Point, Threshold
from melpact.bench.collapse.scoring import Outcome, Scorer

RESAMPLES = 1000
Array = NDArray[np.float64]


def crossing(curve: Array, bar: float) -> float:
    """The first place (0: the first value, 1: the second, between them linear) at which a falling curve reaches the bar.

    Infinity where it never does.
    """
    below = np.flatnonzero(curve <= bar)
    if not below.size:
        return math.inf
    at = int(below[0])
    if at == 0:
        return 0.0
    before, here = float(curve[at - 1]), float(curve[at])
    return at - 1 + (before - bar) / (before - here)


def dose_at(place: float, doses: Sequence[float]) -> float:
    """The dose at a place between doses, along the logarithm where the two have one."""
    at = min(int(place), len(doses) - 2)
    share, a, b = place - at, doses[at], doses[at + 1]
    if a * b > 0:
        return math.copysign(math.exp((1 - share) * math.log(abs(a)) + share * math.log(abs(b))), a)
    return (1 - share) * a + share * b


def threshold(
    scorer: Scorer,
    name: str,
    points: Sequence[Point],
    rows: Sequence[Sequence[Outcome]],
    right: Sequence[Outcome],
    null: Sequence[Outcome],
    *,
    neutral: float | None,
) -> Threshold | None:
    """Where the metric breaks; None where no utterance has every dose.

    Args:
        rows: the points' outcomes, clip by clip. right: the ceiling's. null: of the null.
        neutral: the dose that changes nothing, where it is a number.
    """
    held = _observed(scorer, name, rows, right, null)
    if held is None:
        return None
    table, ends = held
    bar = float(ends.mean(axis=0).mean())
    if ends[:, 0].mean() <= ends[:, 1].mean():
        return Threshold(metric=name, bar=_sign(scorer, name) * bar, state="no room")
    whole = np.concatenate([ends[:, :1], table], axis=1)
    place = crossing(whole.mean(axis=0), bar)
    rng = np.random.default_rng([scorer.seed, table.shape[0]])
    drawn = np.array([_drawn(whole, ends, rng) for _ in range(RESAMPLES)]) if table.shape[0] > 1 else np.array([place])
    low, high = (np.quantile(drawn, q, method="inverted_cdf") for q in (0.025, 0.975))
    doses = [neutral, *(p.dose for p in points)]
    apart = [0.0, *(p.distance_nat if p.distance_nat is not None else math.nan for p in points)]
    state = "holds" if math.isinf(place) else "at once" if place < 1 and neutral is None else "breaks"
    told = place if state == "breaks" else math.nan
    distance = math.nan if math.isnan(told) else float(np.interp(told, range(len(apart)), apart))
    return Threshold(
        metric=name, bar=_sign(scorer, name) * bar, state=state, dose=_dose(told, doses), low=_dose(float(low), doses),
        high=_dose(float(high), doses), distance_nat=None if math.isnan(distance) else distance,
        certainty=float(np.isfinite(drawn).mean()),
    )  # fmt: skip


def kinds(
    scorer: Scorer,
    name: str,
    points: Sequence[Point],
    rows: Sequence[Sequence[Outcome]],
    right: Sequence[Outcome],
    null: Sequence[Outcome],
) -> Threshold | None:
    """Which kinds of a fault without sizes break the metric; each on the utterances that can show it."""
    broken, bars = [], []
    for point, row in zip(points, rows, strict=True):
        held = _observed(scorer, name, [row], right, null)
        if held is None:
            continue
        table, ends = held
        bar = float(ends.mean(axis=0).mean())
        bars.append(bar)
        if float(table.mean()) <= bar and ends[:, 0].mean() > ends[:, 1].mean():
            broken.append(point.words)
    if not bars:
        return None
    return Threshold(metric=name, bar=_sign(scorer, name) * float(np.mean(bars)), state="kinds", broken=tuple(broken))


def danger(curve: Curve, metric: str) -> float:
    """For an order, the most dangerous first: the distance of the mel at which the metric breaks; what holds comes last."""
    one = curve.threshold.get(metric)
    if one is None:
        return 1e9
    if one.state == "at once":
        return -1.0
    if one.state == "breaks":
        return one.distance_nat if one.distance_nat is not None else 1e6
    if one.state == "kinds" and one.broken:
        broken = [p.distance_nat for p in curve.points if p.words in one.broken and p.distance_nat is not None]
        return min(broken, default=1e6)
    return 1e8


def collapsed(curve: Curve, metric: str, *, higher: bool) -> Point | None:
    """The mildest dose at which the metric lies at or beyond its bar; None where there is none."""
    one = curve.threshold.get(metric)
    if one is None or one.state == "no room":
        return None
    for point in curve.points:
        value = point.values[metric].value
        if value is not None and (value <= one.bar if higher else value >= one.bar):
            return point
    return None


def _sign(scorer: Scorer, name: str) -> float:
    return 1.0 if scorer.metrics[name].better == "higher" else -1.0


def _observed(
    scorer: Scorer, name: str, rows: Sequence[Sequence[Outcome]], right: Sequence[Outcome], null: Sequence[Outcome]
) -> tuple[Array, Array] | None:
    """Values [utterances, doses] and [utterances, (ceiling, null)], higher is better; without a sound that of the null."""
    sign = _sign(scorer, name)
    table, ends = [], []
    known = [one.values[name] for one in null if name in one.values]
    for i, (top, bottom) in enumerate(zip(right, null, strict=True)):
        if name not in top.values or not known or any(row[i].refused is not None for row in rows):
            continue
        worst = bottom.values.get(name, float(np.mean(known)))
        table.append([sign * row[i].values.get(name, worst) for row in rows])
        ends.append([sign * top.values[name], sign * worst])
    return (np.array(table), np.array(ends)) if table else None


def _drawn(whole: Array, ends: Array, rng: np.random.Generator) -> float:
    pick = rng.integers(0, len(whole), len(whole))
    return crossing(whole[pick].mean(axis=0), float(ends[pick].mean(axis=0).mean()))


def _dose(place: float, doses: Sequence[float | None]) -> float | None:
    """The dose of a place, or None where it lies beyond the doses."""
    if not math.isfinite(place):
        return None
    known = [math.nan if one is None else float(one) for one in doses]
    found = dose_at(place, known) if len(known) > 1 else known[0]
    return None if math.isnan(found) else found
