"""From observations to scores: values, nulls and ceilings on the same utterances, skill, intervals, paired differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench import bootstrap
from melpact.bench.metric import Metric
from melpact.bench.report import Difference
from melpact.bench.score import Score
from melpact.bench.suites import Suite
from melpact.bench.task import Outcome
from melpact.core.errors import MelpactError

FEW = 10
TELLING = 6  # with fewer, all differences having one sign is no rarer than 1 in 20: 2 / 2^5
_FOLLOWS = 0.5


def skill(value: float, null: float, ceiling: float) -> float:
    """0 at the null, 1 at the ceiling; for metrics of either direction."""
    return (value - null) / (ceiling - null)


class Totals:
    """All scores of a run.

    Args:
        metrics: by name. outcomes: of every utterance. systems: names.
        seed: of the bootstrap. rate: of the comparison, Hz.
    """

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        suite: Suite,
        outcomes: Sequence[Outcome],
        systems: Sequence[str],
        *,
        seed: int,
        rate: int,
    ) -> None:
        self._metrics, self._suite, self._systems, self._seed, self._rate = metrics, suite, tuple(systems), seed, rate
        self._outcomes = outcomes
        self._drawn: dict[tuple[str, str, tuple[str, ...]], NDArray[np.float64]] = {}

    def _seen(self, side: str, metric: str) -> dict[str, Any]:
        """Utterance → observation."""
        found = {o.name: o.found[side][metric] for o in self._outcomes if side in o.found}
        return {name: one.observation for name, one in found.items() if one.reason is None}

    def _failed(self, side: str, metric: str) -> dict[str, str]:
        failed = {}
        for outcome in self._outcomes:
            if side in outcome.found:
                reason = outcome.found[side][metric].reason
            else:
                reason = outcome.failed.get(side) or outcome.failed.get("")
            if reason is not None:
                failed[outcome.name] = reason
        return failed

    def _draws(self, side: str, metric: str, names: tuple[str, ...]) -> NDArray[np.float64]:
        key = (side, metric, names)
        if key not in self._drawn:
            seen = self._seen(side, metric)
            self._drawn[key] = bootstrap.draws(self._metrics[metric], [seen[name] for name in names], seed=self._seed)
        return self._drawn[key]

    def _value(self, metric: Metric, observations: Sequence[Any]) -> float | None:
        try:
            return metric.value(observations)
        except (MelpactError, ArithmeticError, ValueError):
            return None

    def _bare(self, side: str, name: str) -> Score:
        """Value and interval, without null and ceiling."""
        metric = self._metrics[name]
        seen, failed = self._seen(side, name), self._failed(side, name)
        if not seen:
            reason = _most(failed) or "no utterance"
            return Score(unit=metric.unit, reason=reason, failed=failed)
        try:
            value = metric.value(list(seen.values()))
        except (MelpactError, ArithmeticError, ValueError) as error:
            return Score(unit=metric.unit, reason=str(error), failed=failed)
        found = None
        if len(seen) > 1:
            found = bootstrap.interval(metric, list(seen.values()), self._draws(side, name, tuple(seen)), seed=self._seed)
        low, high = found or (None, None)
        return Score(value=value, unit=metric.unit, n=len(seen), low=low, high=high, failed=failed)

    def anchor(self, anchor: str) -> dict[str, Score]:
        """Metric → what an anchor gets."""
        return {name: self._bare(anchor, name) for name in self._metrics}

    def scores(self, system: str) -> dict[str, Score]:
        """Metric → a system's score."""
        return {name: self._score(system, name) for name in self._metrics}

    def _score(self, system: str, name: str) -> Score:
        bare, metric = self._bare(system, name), self._metrics[name]
        if bare.value is None:
            return bare
        on = set(self._seen(system, name))
        sign = 1 if metric.better == "higher" else -1
        nulls = self._of(self._suite.nulls_of(metric), name, on)
        ceilings = self._of(self._suite.ceilings_of(metric), name, on)
        null = max(nulls, key=lambda anchor: sign * nulls[anchor], default=None)
        # a ceiling that does not reach the null, as where the mel ends far below the sound, leaves the word to the next
        floor = -np.inf if null is None else sign * nulls[null]
        above = (anchor for anchor in ceilings if sign * ceilings[anchor] > floor)
        ceiling = next(above, next(iter(ceilings), None))
        facts: dict[str, Any] = {"null_anchor": null, "ceiling_anchor": ceiling}
        facts["null"] = None if null is None else nulls[null]
        facts["ceiling"] = None if ceiling is None else ceilings[ceiling]
        facts |= self._skill(bare.value, facts, sign)
        facts["warning"] = self._warning(system, name, bare, facts["null"])
        return bare.model_copy(update=facts)

    def _of(self, anchors: Sequence[str], name: str, on: set[str]) -> dict[str, float]:
        """What each anchor gets on these utterances; one that has no value for more than half of them has none."""
        found = {}
        for anchor in anchors:
            seen = {utterance: one for utterance, one in self._seen(anchor, name).items() if utterance in on}
            value = self._value(self._metrics[name], list(seen.values())) if 2 * len(seen) > len(on) else None
            if value is not None:
                found[anchor] = value
        return found

    def _skill(self, value: float, facts: Mapping[str, Any], sign: int) -> dict[str, Any]:
        null, ceiling = facts["null"], facts["ceiling"]
        if null is None or ceiling is None:
            lacks = "null" if null is None else "ceiling"
            return {"skill": None, "reason": f"no skill: no {lacks} has a value"}
        room = sign * (ceiling - null)
        if room <= 1e-6 * max(abs(ceiling), abs(null), 1e-9):
            return {
                "skill": None,
                "reason": f"no skill: {facts['null_anchor']} gets {null:.4g} and {facts['ceiling_anchor']} {ceiling:.4g}",
            }
        return {"skill": skill(value, null, ceiling)}

    def _warning(self, system: str, name: str, score: Score, null: float | None) -> str | None:
        metric, said = self._metrics[name], []
        if score.n == 1:
            said.append("one utterance: no interval")
        elif score.n < FEW:
            said.append(f"n = {score.n} is small")
        if score.failed:
            said.append(f"{len(score.failed)} of {score.n + len(score.failed)} have no value")
        if null is not None and score.low is not None and score.high is not None and score.low <= null <= score.high:
            said.append("cannot be told from its null")
        if metric.rate_hz is not None and self._rate < metric.rate_hz:
            said.append(f"defined at {metric.rate_hz} Hz, compared at {self._rate} Hz")
        if metric.waveform_exact:
            matches = [abs(o.facts[system].match) for o in self._outcomes if system in o.facts]
            if matches and float(np.median(matches)) < _FOLLOWS:
                match = f"correlation {np.median(matches):.2f}"
                said.append(f"the waveform does not follow the original ({match}): says nothing of how it sounds")
        return "; ".join(said) or None

    def differences(self) -> tuple[Difference, ...]:
        """Every pair of systems on every metric."""
        pairs = list(combinations(self._systems, 2))
        return tuple(self._difference(name, a, b) for name in self._metrics for a, b in pairs)

    def _difference(self, name: str, a: str, b: str) -> Difference:
        metric, seen_a, seen_b = self._metrics[name], self._seen(a, name), self._seen(b, name)
        both = tuple(utterance for utterance in seen_a if utterance in seen_b)
        if not both:
            return Difference(metric=name, a=a, b=b, reason="no utterance that both have")
        left, right = [seen_a[u] for u in both], [seen_b[u] for u in both]
        sides = {id(left): a, id(right): b}
        value, found = bootstrap.difference(
            metric, left, right, lambda observations: self._draws(sides[id(observations)], name, both), seed=self._seed
        )
        if not np.isfinite(value):
            return Difference(metric=name, a=a, b=b, n=len(both), reason="one of the two has no value")
        low, high = found or (None, None)
        winner = None
        if len(both) >= TELLING and low is not None and high is not None and (low > 0 or high < 0):
            winner = a if (value > 0) == (metric.better == "higher") else b
        return Difference(metric=name, a=a, b=b, value=value, low=low, high=high, n=len(both), winner=winner)

    def best(self, differences: Sequence[Difference]) -> dict[str, str]:
        """Metric → the system that beats every other."""
        found = {}
        for name in self._metrics:
            wins = [d.winner for d in differences if d.metric == name]
            for system in self._systems:
                if len(self._systems) > 1 and wins.count(system) == len(self._systems) - 1:
                    found[name] = system
        return found


def _most(reasons: Mapping[str, str]) -> str | None:
    """The commonest of several reasons."""
    counts: dict[str, int] = {}
    for reason in reasons.values():
        counts[reason] = counts.get(reason, 0) + 1
    return max(counts, key=lambda reason: counts[reason], default=None)
