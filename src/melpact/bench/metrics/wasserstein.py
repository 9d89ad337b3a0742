"""Wasserstein distance between the level distributions of original and system, band by band over the corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics import _mel_frames


def total(observations: Sequence[_mel_frames.Counts]) -> float:
    original, made = _mel_frames.cumulated(observations)
    return float(_mel_frames.BIN_DB * np.abs(made - original).sum(axis=1).mean())


PLUGIN = Metric(
    title="Wasserstein distance of mel levels",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=_mel_frames.counts,
    total=total,
    meaning="How many dB the levels of a mel band have to be moved, on average, to be distributed over the corpus as "
    "the original's are; mean over bands. It does not see time: other sentences of the same speaker score as well as "
    "the right ones.",
    source="Vallender 1974, Calculation of the Wasserstein distance between probability distributions on the line",
    ignores=("polarity", "delay", "pairing"),
)
