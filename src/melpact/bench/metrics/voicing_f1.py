"""Agreement on which frames are voiced."""

from __future__ import annotations

from collections.abc import Sequence

from melpact.bench.metric import Metric
from melpact.bench.metrics._pitch import FEWEST_FRAMES, INSTALL, PACKAGES, SOURCE, tracks
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair


def observe(pair: Pair) -> tuple[int, int, int]:
    """Frames voiced on both sides, in the system's sound alone, in the original alone."""
    x, y = (track > 0 for track in tracks(pair))
    if x.sum() < FEWEST_FRAMES:
        raise NotMeasured(f"{int(x.sum())} frames of the original are voiced; at least {FEWEST_FRAMES} are needed")
    return int((x & y).sum()), int((y & ~x).sum()), int((x & ~y).sum())


def total(observations: Sequence[tuple[int, int, int]]) -> float:
    both, invented, lost = (sum(column) for column in zip(*observations, strict=True))
    return float(2 * both / (2 * both + invented + lost))


PLUGIN = Metric(
    title="voicing F1",
    unit="",
    better="higher",
    perfect=1.0,
    observe=observe,
    total=total,
    meaning="F1 score of the voiced frames: 1 where both sides are voiced at the same times, 0 where they never are.",
    source=f"2 TP / (2 TP + FP + FN) over all frames; {SOURCE}",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
    packages=PACKAGES,
    install=INSTALL,
)
