"""Intervals that draw speakers instead of clips: clips of one voice are not independent of each other.

Source: Field and Welsh 2007, Bootstrapping clustered data, J. R. Stat. Soc. B 69(3): whole clusters are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from melpact.bench.bootstrap import LEVEL, Interval

DRAWS = 2000
FEWEST = 3
"""Speakers; of two, a draw is three values."""


def over_speakers(values: Mapping[str, float], speakers: Mapping[str, str], *, seed: int = 0) -> Interval | None:
    """95 % interval (percentile) of the mean over clips when speakers are drawn; None for fewer than `FEWEST`.

    Args:
        values: clip → number. speakers: clip → who says it.
    """
    groups: dict[str, list[float]] = {}
    for clip, value in values.items():
        groups.setdefault(speakers[clip], []).append(value)
    if len(groups) < FEWEST:
        return None
    return _drawn([(sum(own), len(own)) for own in groups.values()], seed)


def _drawn(groups: Sequence[tuple[float, int]], seed: int) -> Interval:
    sums, counts = (np.array(part, np.float64) for part in zip(*groups, strict=True))
    index = np.random.default_rng([seed, len(groups)]).integers(0, len(groups), (DRAWS, len(groups)))
    means = sums[index].sum(axis=1) / counts[index].sum(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
