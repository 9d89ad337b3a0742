"""Alternated timing: every candidate runs once per round, so that a drifting machine touches all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def alternate(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each candidate in each round, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for turn in range(rounds + 1):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(seconds: Mapping[str, list[float]], name: str, base: str) -> float:
    """How many times faster `name` is than `base`: the median of the round-by-round ratios."""
    return statistics.median(b / a for a, b in zip(seconds[name], seconds[base], strict=True))


def median(seconds: list[float]) -> float:
    """Median seconds."""
    return statistics.median(seconds)
