"""Mean absolute difference of two mels."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._mel import UNIT, mels
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = mels(pair)
    return float(np.abs(x - y).mean(dtype=np.float64))


PLUGIN = Metric(
    title="mel MAE",
    unit=UNIT,
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Mean absolute difference of the log mels over bands and frames, in the unit of the comparison's dialect "
    "before scaling (1 nat = 8.69 dB of magnitude); sensitive to level.",
    source="mean |M(x) - M(y)|, the reconstruction error of HiFi-GAN and its kin; the dialect is stated",
    ignores=("polarity", "delay"),
)
