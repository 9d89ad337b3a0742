"""Correlation of the two F0 contours."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._pitch import EDGE_FRAMES, INSTALL, PACKAGES, SOURCE, voiced_tracks
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair

_FLAT = 1e-4


def observe(pair: Pair) -> float:
    x, y = (np.log(track) for track in voiced_tracks(pair, EDGE_FRAMES))
    x, y = x - x.mean(), y - y.mean()
    if min(x.std(), y.std()) < _FLAT:
        raise NotMeasured(f"one of the F0 contours is constant over the {len(x)} frames that are voiced on both sides")
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


PLUGIN = Metric(
    title="F0 correlation",
    unit="",
    better="higher",
    perfect=1.0,
    observe=observe,
    meaning="Pearson correlation of log F0 over the frames of an utterance that are voiced on both sides, but for 10 ms "
    "next to where the voice starts or stops; blind to a constant shift in pitch.",
    source=f"Pearson's r of ln F0; {SOURCE}",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
    packages=PACKAGES,
    install=INSTALL,
)
