"""A factorial table: what each factor changes by itself, and which factors depend on each other.

An effect is a contrast of two levels, paired over every setting of the other factors that exists for both, then over
utterances; its interval is the bootstrap's over utterances. Nothing is known here of mels or sounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from melpact.bench import bootstrap
from melpact.bench.metric import Metric, mean
from melpact.core.records import Record

Setting = tuple[str, ...]
"""One level per factor, in the order of the factors."""


class Effect(Record):
    """Level `b` of a factor instead of level `a`: the mean change of a metric, with its interval.

    `settings` is how many settings of the other factors it is averaged over, `n` how many utterances.
    """

    metric: str
    factor: str
    a: str
    b: str
    change: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    settings: int = 0
    reason: str | None = None

    @property
    def certain(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class Interaction(Record):
    """How much the change from `a` to `b` of one factor differs between levels `c` and `d` of another; 0: not at all."""

    metric: str
    factors: tuple[str, str]
    a: str
    b: str
    c: str
    d: str
    change: float
    low: float | None = None
    high: float | None = None
    n: int = 0

    @property
    def certain(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class Shares(Record):
    """Of the variance between settings (means over utterances): what each factor and pair explains, 0 to 1, and the rest.

    Only where every setting has a value; sums of squares of a balanced design (Montgomery, Design and analysis of
    experiments, ch. 5).
    """

    metric: str
    spread: float
    factors: dict[str, float]
    pairs: dict[str, float]
    rest: float


Observations = Mapping[Setting, Mapping[str, float]]
"""Setting → utterance → value."""



def _contrast(metric: Metric, first: list[Mapping[str, float]], second: list[Mapping[str, float]], seed: int):  # type: ignore[no-untyped-def]
    """Per utterance the mean of second - first over settings, for utterances that all settings have."""
    names = set.intersection(*(set(one) for one in [*first, *second]))
    ordered = sorted(names)
    if not ordered:
        return ordered, None, None
    a = np.array([[one[name] for name in ordered] for one in first]).mean(axis=0)
    b = np.array([[one[name] for name in ordered] for one in second]).mean(axis=0)
    change, ends = bootstrap.difference(metric, b.tolist(), a.tolist(), seed=seed)
    return ordered, change, ends


def effects(
    name: str, metric: Metric, factors: Mapping[str, Sequence[str]], seen: Observations, *, seed: int = 0
) -> list[Effect]:
    """Every level of every factor against the first level of it.

    Args:
        factors: name → levels, in the order of a setting.
        seen: what was measured; settings that do not exist are left out.
    """
    found: list[Effect] = []
    if metric.total is not mean:
        return found
    for place, factor in enumerate(factors):
        base = factors[factor][0]
        for level in factors[factor][1:]:
            pairs = [
                (setting, (*setting[:place], level, *setting[place + 1 :])) for setting in seen if setting[place] == base
            ]
            pairs = [(a, b) for a, b in pairs if b in seen]
            if not pairs:
                found.append(Effect(metric=name, factor=factor, a=base, b=level, reason="no setting has both levels"))
                continue
            names, change, ends = _contrast(metric, [seen[a] for a, _ in pairs], [seen[b] for _, b in pairs], seed)
            if change is None:
                found.append(Effect(metric=name, factor=factor, a=base, b=level, reason="no utterance has all settings"))
                continue
            low, high = ends if ends is not None else (None, None)
            found.append(
                Effect(metric=name, factor=factor, a=base, b=level, change=change, low=low, high=high, n=len(names),
                       settings=len(pairs))
            )  # fmt: skip
    return found


def interactions(
    name: str, metric: Metric, factors: Mapping[str, Sequence[str]], seen: Observations, *, seed: int = 0
) -> list[Interaction]:
    """For every pair of factors the contrast of contrasts that is furthest from zero, against the first levels of both."""
    found: list[Interaction] = []
    if metric.total is not mean:
        return found
    order = list(factors)
    for one, two in combinations(range(len(order)), 2):
        best: Interaction | None = None
        for b, d in product(factors[order[one]][1:], factors[order[two]][1:]):
            a, c = factors[order[one]][0], factors[order[two]][0]
            quads = []
            for setting in seen:
                if setting[one] == a and setting[two] == c:
                    corners = [_with(setting, one, x, two, y) for x, y in ((a, c), (b, c), (a, d), (b, d))]
                    if all(corner in seen for corner in corners):
                        quads.append(corners)
            if not quads:
                continue
            plain = [seen[q[1]] for q in quads] + [seen[q[2]] for q in quads]
            crossed = [seen[q[0]] for q in quads] + [seen[q[3]] for q in quads]
            names, change, ends = _contrast(metric, plain, crossed, seed)
            if change is None:
                continue
            # the means over 2 settings per quad are half the contrast of contrasts
            low, high = (2 * ends[0], 2 * ends[1]) if ends is not None else (None, None)
            held = Interaction(metric=name, factors=(order[one], order[two]), a=a, b=b, c=c, d=d, change=2 * change, low=low,
                               high=high, n=len(names))  # fmt: skip
            if best is None or abs(held.change) > abs(best.change):
                best = held
        if best is not None:
            found.append(best)
    return found


def _with(setting: Setting, one: int, x: str, two: int, y: str) -> Setting:
    changed = list(setting)
    changed[one], changed[two] = x, y
    return tuple(changed)


def shares(name: str, factors: Mapping[str, Sequence[str]], values: Mapping[Setting, float]) -> Shares | None:
    """What explains the differences between settings; None unless every setting has a value and there are two at least."""
    factors = {name: levels for name, levels in factors.items() if len(levels) > 1}
    settings = list(product(*factors.values()))
    if len(settings) < 2 or any(setting not in values for setting in settings):
        return None
    table = np.array([values[setting] for setting in settings]).reshape([len(levels) for levels in factors.values()])
    table = table - table.mean()
    whole = float((table**2).sum())
    if whole <= 0:
        return None
    order, alone, pairs = list(factors), {}, {}
    for place, factor in enumerate(order):
        alone[factor] = float((_marginal(table, (place,)) ** 2).sum()) * table.size / table.shape[place] / whole
    for one, two in combinations(range(len(order)), 2):
        both = _marginal(table, (one, two))
        joint = float((both**2).sum()) * table.size / both.size / whole
        pairs[f"{order[one]} × {order[two]}"] = max(0.0, joint - alone[order[one]] - alone[order[two]])
    rest = max(0.0, 1.0 - sum(alone.values()) - sum(pairs.values()))
    return Shares(metric=name, spread=float(table.std()), factors=alone, pairs=pairs, rest=rest)


def _marginal(table: NDArray[np.float64], kept: tuple[int, ...]) -> NDArray[np.float64]:
    return np.asarray(table.mean(axis=tuple(i for i in range(table.ndim) if i not in kept)))
