"""Root mean square difference of two mels."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._mel import UNIT, mels
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = mels(pair)
    return float(np.sqrt(np.square(x - y).mean(dtype=np.float64)))


PLUGIN = Metric(
    title="mel RMSE",
    unit=UNIT,
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Root mean square difference of the log mels over bands and frames, in the unit of the comparison's dialect "
    "before scaling; large differences count more than in the mean absolute one.",
    source="(mean (M(x) - M(y))^2)^1/2; the dialect is stated",
    ignores=("polarity", "delay"),
)
