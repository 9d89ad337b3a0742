"""F0 error in cents."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._pitch import EDGE_FRAMES, INSTALL, PACKAGES, SOURCE, cents, voiced_tracks
from melpact.bench.sound import Pair


def observe(pair: Pair) -> tuple[float, int]:
    """Sum of squares in cents² and the number of frames."""
    x, y = voiced_tracks(pair, EDGE_FRAMES)
    return float(np.square(cents(x, y)).sum()), len(x)


def total(observations: Sequence[tuple[float, int]]) -> float:
    return math.sqrt(sum(squares for squares, _ in observations) / sum(count for _, count in observations))


PLUGIN = Metric(
    title="F0 RMSE",
    unit="cents",
    better="lower",
    perfect=0.0,
    observe=observe,
    total=total,
    meaning="Root mean square difference of F0 over the frames that are voiced on both sides, but for 10 ms next to where "
    "the voice starts or stops; 100 cents are a semitone. One octave error in a hundred frames alone gives 120 cents.",
    source=f"(mean (1200 log2(f_y / f_x))^2)^1/2; {SOURCE}",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
    packages=PACKAGES,
    install=INSTALL,
)
