"""Intervals over utterances. An utterance is drawn as a whole, observations are totalled again for every draw; nothing is
known here of metrics but their `total`.

Sources: Efron 1987, Better bootstrap confidence intervals, eq. 6.8 and 6.12 (BCa, for means); for other totals the basic
interval around the value, since their draws are biased (a resample of a corpus is always further from the corpus).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric, mean
from melpact.core.errors import MelpactError

DRAWS_OF_MEANS, DRAWS_OF_TOTALS = 2000, 300
LEVEL = 0.95
_CHUNK = 2_000_000
Interval = tuple[float, float]


def draws(metric: Metric, observations: Sequence[Any], *, seed: int = 0) -> NDArray[np.float64]:
    """The metric's value for resampled utterances, float64 [draws]; NaN where a draw has none.

    Two systems with equally many utterances get the same resamples, so that the difference of their draws is paired.
    """
    n = len(observations)
    rng = np.random.default_rng([seed, n])
    if metric.total is mean:
        values = np.asarray(observations, dtype=np.float64)
        rows = max(1, _CHUNK // n)
        parts = []
        for begin in range(0, DRAWS_OF_MEANS, rows):
            index = rng.integers(0, n, (min(rows, DRAWS_OF_MEANS - begin), n))
            parts.append(values[index].mean(axis=1))
        return np.concatenate(parts)
    found = np.full(DRAWS_OF_TOTALS, np.nan)
    for i, index in enumerate(rng.integers(0, n, (DRAWS_OF_TOTALS, n))):
        found[i] = _value(metric, [observations[j] for j in index])
    return found


def _value(metric: Metric, observations: Sequence[Any]) -> float:
    try:
        return metric.value(observations)
    except (MelpactError, ArithmeticError, ValueError, np.linalg.LinAlgError):
        return float("nan")


def interval(
    metric: Metric, observations: Sequence[Any], drawn: NDArray[np.float64] | None = None, *, seed: int = 0
) -> Interval | None:
    """95 % interval of the value over utterances; None for fewer than two utterances or where too few draws have a value."""
    if len(observations) < 2:
        return None
    drawn = draws(metric, observations, seed=seed) if drawn is None else drawn
    if metric.total is mean:
        return bca(np.asarray(observations, dtype=np.float64), drawn)
    return around(_value(metric, observations), drawn)


def bca(values: NDArray[np.float64], drawn: NDArray[np.float64]) -> Interval:
    """Bias-corrected and accelerated interval of a mean."""
    from scipy.special import ndtr, ndtri

    centre = values.mean()
    deviation = values - centre
    spread = float((deviation**2).sum())
    if spread <= (1e-12 * max(1.0, abs(float(centre)))) ** 2:
        return float(centre), float(centre)
    below = (np.sum(drawn < centre) + 0.5 * np.sum(drawn == centre)) / drawn.size
    bias = float(ndtri(np.clip(below, 0.5 / drawn.size, 1 - 0.5 / drawn.size)))
    # the jackknife's skewness; of a mean it is that of the values
    acceleration = float((deviation**3).sum()) / (6 * spread**1.5)
    edges = ndtri(np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
    share = ndtr(bias + (bias + edges) / (1 - acceleration * (bias + edges)))
    low, high = np.quantile(drawn, share)
    return float(low), float(high)


def around(value: float, drawn: NDArray[np.float64]) -> Interval | None:
    """The draws' 95 % range, moved so that their median lies on the value."""
    known = drawn[np.isfinite(drawn)]
    if known.size < 0.9 * drawn.size or not np.isfinite(value):
        return None
    low, middle, high = np.quantile(known, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return float(value + low - middle), float(value + high - middle)


def difference(
    metric: Metric,
    a: Sequence[Any],
    b: Sequence[Any],
    drawn: Callable[[Sequence[Any]], NDArray[np.float64]] | None = None,
    *,
    seed: int = 0,
) -> tuple[float, Interval | None]:
    """Value of a minus value of b on the same utterances (in the same order), and its paired 95 % interval."""
    if metric.total is mean:
        values = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
        found = draws(metric, values.tolist(), seed=seed) if len(values) > 1 else None
        return float(values.mean()), None if found is None else bca(values, found)
    value = _value(metric, a) - _value(metric, b)
    if len(a) < 2:
        return value, None
    draw = drawn or (lambda observations: draws(metric, observations, seed=seed))
    return value, around(value, draw(a) - draw(b))
