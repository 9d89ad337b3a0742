"""Means over clips with their intervals: from outcomes to `Value`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from melpact.bench import bootstrap
from melpact.bench.collapse.result import Value
from melpact.bench.collapse.scoring import Outcome, Scorer


def total(scorer: Scorer, outcomes: Sequence[Outcome]) -> dict[str, Value]:
    """Metric → mean of the utterances that have a value."""
    return {name: _value(scorer, name, outcomes) for name in scorer.metrics}


def _value(scorer: Scorer, name: str, outcomes: Sequence[Outcome]) -> Value:
    seen = [one.values[name] for one in outcomes if name in one.values]
    if not seen:
        reasons = [one.refused or one.reasons.get(name) for one in outcomes]
        return Value(reason=next((one for one in reasons if one), "no clip"))
    metric = scorer.averaged(name)
    ends = bootstrap.interval(metric, seen, seed=scorer.seed)
    low, high = ends or (None, None)
    return Value(value=metric.value(seen), low=low, high=high, n=len(seen))


def better(scorer: Scorer, name: str, sides: Mapping[str, Value]) -> str | None:
    """Of several sides the one that is best at a metric; None where none has a value."""
    sign = 1.0 if scorer.metrics[name].better == "higher" else -1.0
    known = {side: sign * value.value for side, value in sides.items() if value.value is not None}
    return max(known, key=lambda side: known[side]) if known else None
