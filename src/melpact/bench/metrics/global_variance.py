"""How much less (or more) the mel bands move over an utterance than the original's, over the corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.metrics import _mel_frames
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair


def observe(pair: Pair) -> NDArray[np.float64]:
    """Variance over time of each band, float64 [2, n_mels]: original, system."""
    return np.stack([level.astype(np.float64).var(axis=1) for level in _mel_frames.both_db(pair)])


def total(observations: Sequence[NDArray[np.float64]]) -> float:
    _mel_frames.require_one_mel(one.shape for one in observations)
    original, made = np.mean(observations, axis=0)
    moving = original > 1e-3
    if not moving.any():
        raise NotMeasured("no band of the original moves")
    ratio = np.maximum(made[moving], 1e-3) / original[moving]
    return float(np.abs(10 * np.log10(ratio)).mean())


PLUGIN = Metric(
    title="Global variance deviation",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=observe,
    total=total,
    meaning="By how many dB the variance over an utterance of each log-mel band misses the original's, mean over "
    "bands, over the corpus. Over-smoothed (averaged, muffled) systems move too little; noise fills the pauses and "
    "does the same.",
    source="Toda & Tokuda 2007, A speech parameter generation algorithm considering global variance, eq. 15",
    ignores=("polarity", "delay", "pairing"),
)
