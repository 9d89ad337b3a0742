"""Whether a system got worse than it was: a new report against an older one of the same originals.

A metric is worse where the paired difference over utterances points the wrong way, its 95 % interval excludes zero (and, if
asked, a tolerance), and Holm's procedure over all metrics and systems still calls it so: many metrics are looked at, and a
gate that cries wolf in one run of three is switched off. Holm 1979, A simple sequentially rejective multiple test procedure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from melpact.bench import bootstrap
from melpact.bench.metric import mean, metrics
from melpact.bench.report import Report
from melpact.bench.score import Score
from melpact.core.errors import MelpactError
from melpact.core.records import Record

FEWEST = 6
"""With fewer utterances even differences of one sign are no rarer than 1 in 20, so that nothing could ever fail."""
WORST = 5
ERRORS = 0.05
"""How often a system that did not change may be stopped, over all metrics together."""
_HALF_WIDTH = 1.959964
_SAME_LENGTH_S = 0.02


class Worst(Record):
    """One utterance: its value before and now."""

    utterance: str
    before: float
    now: float


class Gate(Record):
    """One metric of one system, before and now.

    Attributes:
        change: now minus before over the same utterances, with its interval.
        worse: whether that is worse by more than the noise. better: likewise.
        p: of a change as bad as this by chance, one-sided, before Holm's procedure; paired t test over utterances.
        paired: whether utterances were compared one by one.
        reason: why it could not be compared.
    """

    system: str
    metric: str
    title: str
    unit: str
    before: float | None = None
    now: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    p: float | None = None
    paired: bool = True
    worse: bool = False
    better: bool = False
    tolerance: float = 0.0
    worst: tuple[Worst, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Checked:
    """The verdict: `rows` for every metric, `lost` what was measured before and is missing or fails now."""

    rows: tuple[Gate, ...]
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether nothing got worse and nothing was lost."""
        return not self.lost and not any(row.worse for row in self.rows)


def check(before: Report, now: Report, tolerance: Mapping[str, float] | None = None, *, seed: int = 0) -> Checked:
    """Compare two reports of the same originals, system by system.

    Args:
        before, now: their systems belong together by name, or by position where neither name is known to the other.
        tolerance: metric → how much worse is let pass, in its unit.

    Raises:
        MelpactError: other systems, another rate or mel, or too few utterances for any difference to be told.
    """
    tolerance = dict(tolerance or {})
    unknown = sorted(set(tolerance) - set(before.metrics))
    if unknown:
        raise MelpactError("a tolerance for what was not measured", where="tolerance", got=", ".join(unknown),
                           wanted=f"one of {', '.join(before.metrics)}")  # fmt: skip
    for what, old, new in (("rate", before.rate, now.rate), ("mel", before.dialect, now.dialect)):
        if old != new:
            raise MelpactError(f"the two were not compared at the same {what}", where="check", got=str(new), wanted=str(old))
    pairs = _systems(before, now)
    notes, usable = _originals(before, now)
    if len(usable) < FEWEST:
        raise MelpactError(
            "too few utterances for any difference to be told from noise",
            where="check",
            got=f"{len(usable)} that both have",
            wanted=f"at least {FEWEST}",
            next="Make the baseline from more: melpact evaluate REF SYS -o DIR",
        )
    rows, lost = [], []
    for old, new in pairs.items():
        for name in before.metrics:
            rows.append(_row(before, now, old, new, name, usable, tolerance.get(name, 0.0), seed))
        lost += _lost(before, now, old, new)
    rows = _held(rows)
    if before.version != now.version:
        notes.append(f"the baseline was measured by melpact {before.version}, this by {now.version}")
    return Checked(tuple(rows), tuple(lost), tuple(notes))


def _systems(before: Report, now: Report) -> dict[str, str]:
    if set(before.systems) == set(now.systems):
        return {name: name for name in before.systems}
    if len(before.systems) == len(now.systems):
        return dict(zip(before.systems, now.systems))
    raise MelpactError("not the systems of the baseline", where="check", got=", ".join(now.systems),
                       wanted=", ".join(before.systems))  # fmt: skip


def _originals(before: Report, now: Report) -> tuple[list[str], list[str]]:
    """Notes, and the names of the utterances whose originals are as they were."""
    lengths = {u.name: u.seconds for u in before.utterances if not u.failed}
    notes, usable = [], []
    for utterance in now.utterances:
        known = lengths.get(utterance.name)
        if known is None or utterance.failed:
            continue
        if abs(known - utterance.seconds) > _SAME_LENGTH_S:
            notes.append(f"{utterance.name}: the original was {known:.2f} s long and is {utterance.seconds:.2f} s; left out")
            continue
        usable.append(utterance.name)
    new = sum(u.name not in lengths for u in now.utterances)
    if new:
        notes.append(f"{new} utterances are not in the baseline; left out")
    return notes, usable


def _values(report: Report, system: str, metric: str) -> dict[str, float]:
    found = {u.name: u.sides[system].values.get(metric) for u in report.utterances if system in u.sides}
    return {name: value for name, value in found.items() if value is not None}


def _row(
    before: Report, now: Report, old: str, new: str, name: str, usable: list[str], tolerance: float, seed: int
) -> Gate:
    facts = before.metrics[name]
    row = Gate(system=new, metric=name, title=facts.title, unit=facts.unit, tolerance=tolerance)
    was, score = before.scores[old][name], now.scores[new].get(name)
    if score is None:
        reason = now.unavailable.get(name) or ("it breaks its laws now" if name in now.withheld else "it was not measured")
        return row.model_copy(update={"reason": reason, "worse": True})
    if was.value is None:
        return row.model_copy(update={"now": score.value, "reason": f"the baseline has no value: {was.reason}"})
    if score.value is None:
        return row.model_copy(update={"before": was.value, "reason": score.reason, "worse": True})
    metric = metrics().get(name)
    if metric is None or metric.total is not mean:
        return _apart(row, facts.better, was, score, tolerance)
    a, b = _values(before, old, name), _values(now, new, name)
    both = [u for u in usable if u in a and u in b]
    if len(both) < FEWEST:
        return row.model_copy(update={"reason": f"only {len(both)} utterances have a value on both sides", "n": len(both)})
    x, y = [a[u] for u in both], [b[u] for u in both]
    change, ends = bootstrap.difference(metric, y, x, seed=seed)
    low, high = ends if ends is not None else (None, None)
    sign = 1 if facts.better == "higher" else -1
    order = sorted(both, key=lambda u: sign * (b[u] - a[u]))[:WORST]
    worst = tuple(Worst(utterance=u, before=a[u], now=b[u]) for u in order if sign * (b[u] - a[u]) < 0)
    p = _chance(sign * (np.asarray(y) - np.asarray(x)) + tolerance)
    found = row.model_copy(
        update={"before": float(np.mean(x)), "now": float(np.mean(y)), "change": change, "low": low, "high": high,
                "n": len(both), "worst": worst, "p": p}
    )  # fmt: skip
    return _judged(found, facts.better)


def _chance(gains: NDArray[np.float64]) -> float:
    """How often a mean gain as low as this comes by chance where the true one is zero (one-sided t test)."""
    from scipy.stats import t

    spread = float(gains.std(ddof=1)) / math.sqrt(gains.size)
    centre = float(gains.mean())
    if spread <= 1e-12 * max(1.0, abs(centre)):
        return 0.0 if centre < 0 else 1.0
    return float(t.cdf(centre / spread, gains.size - 1))


def _held(rows: list[Gate]) -> list[Gate]:
    """Holm's procedure: `worse` stays where it holds over all that were compared."""
    from itertools import takewhile

    tested = sorted((row.p, i) for i, row in enumerate(rows) if row.p is not None)
    certain = takewhile(lambda ranked: ranked[1][0] <= ERRORS / (len(tested) - ranked[0]), enumerate(tested))
    kept = {i for _, (_, i) in certain}
    return [
        row.model_copy(update={"worse": False}) if row.worse and row.p is not None and i not in kept else row
        for i, row in enumerate(rows)
    ]


def _judged(row: Gate, better: str) -> Gate:
    if row.low is None or row.high is None:
        return row
    if better == "higher":
        worse, good = row.high < -row.tolerance, row.low > 0
    else:
        worse, good = row.low > row.tolerance, row.high < 0
    return row.model_copy(update={"worse": worse, "better": good})


def _apart(row: Gate, better: str, was: Score, score: Score, tolerance: float) -> Gate:
    """Two totals over utterances: the widths of their intervals add as independent errors do."""
    from scipy.special import ndtr

    assert was.value is not None and score.value is not None
    update = {"before": was.value, "now": score.value, "change": score.value - was.value, "n": score.n, "paired": False}
    if was.low is None or was.high is None or score.low is None or score.high is None:
        return row.model_copy(update={**update, "reason": "no interval on one of the sides"})
    change, spread = score.value - was.value, math.hypot(was.high - was.low, score.high - score.low) / 2
    gain = (change if better == "higher" else -change) + tolerance
    p = float(ndtr(gain / (spread / _HALF_WIDTH))) if spread > 0 else float(gain >= 0)
    found = row.model_copy(update={**update, "low": change - spread, "high": change + spread, "p": p})
    return _judged(found, better)


def _lost(before: Report, now: Report, old: str, new: str) -> list[str]:
    there = {u.name: u for u in now.utterances}
    lost = []
    for utterance in before.utterances:
        side = utterance.sides.get(old)
        if side is None or side.failed or utterance.failed:
            continue
        again = there.get(utterance.name)
        if again is None:
            lost.append(f"{utterance.name}: the original is gone")
        elif again.failed:
            lost.append(f"{utterance.name}: original: {again.failed}")
        elif new not in again.sides or again.sides[new].failed:
            reason = again.sides[new].failed if new in again.sides else None
            lost.append(f"{utterance.name}: {new}: {reason or 'no sound'}")
    return lost
