"""Kolmogorov-Smirnov distance between the level distributions of original and system, band by band over the corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics import _mel_frames


def total(observations: Sequence[_mel_frames.Counts]) -> float:
    original, made = _mel_frames.cumulated(observations)
    return float(np.abs(made - original).max(axis=1).mean())


PLUGIN = Metric(
    title="Kolmogorov-Smirnov distance of mel levels",
    unit="",
    better="lower",
    perfect=0.0,
    observe=_mel_frames.counts,
    total=total,
    meaning="Largest difference between the cumulative level distributions of original and system (0: alike, 1: no "
    "overlap), mean over mel bands, over the corpus. It does not see time, nor how far apart two levels are.",
    source="Smirnov 1948, Table for estimating the goodness of fit of empirical distributions (two-sample statistic)",
    ignores=("polarity", "delay", "pairing"),
)
