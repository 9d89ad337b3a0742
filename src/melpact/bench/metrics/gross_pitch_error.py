"""Share of gross pitch errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._pitch import INSTALL, PACKAGES, SOURCE, voiced_tracks
from melpact.bench.sound import Pair

LIMIT = 0.2


def observe(pair: Pair) -> tuple[int, int]:
    """Frames with a gross error, and frames voiced on both sides."""
    x, y = voiced_tracks(pair)
    return int((np.abs(y - x) > LIMIT * x).sum()), len(x)


def total(observations: Sequence[tuple[int, int]]) -> float:
    wrong, count = (sum(column) for column in zip(*observations, strict=True))
    return 100.0 * int(wrong) / int(count)


PLUGIN = Metric(
    title="gross pitch error",
    unit="%",
    better="lower",
    perfect=0.0,
    observe=observe,
    total=total,
    meaning="Share of the frames voiced on both sides whose F0 is more than 20 % off, which octave errors are.",
    source=f"Chu & Alwan 2009, eq. 1; {SOURCE}",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
    packages=PACKAGES,
    install=INSTALL,
)
