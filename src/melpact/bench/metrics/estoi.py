"""Extended short-time objective intelligibility."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._stoi import SEGMENT, segments
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = (_normalised(part) for part in segments(pair))
    return float(np.vdot(x, y) / (SEGMENT * len(x)))


def _normalised(part: np.ndarray) -> np.ndarray:
    """Zero mean and unit norm, first of every band over time, then of every frame over bands (0 where it is constant)."""
    for axis in (2, 1):
        part = part - part.mean(axis=axis, keepdims=True)
        part = part / np.maximum(np.linalg.norm(part, axis=axis, keepdims=True), 1e-12)
    return part


PLUGIN = Metric(
    title="ESTOI",
    unit="",
    better="higher",
    perfect=1.0,
    observe=observe,
    meaning="As STOI, but whole spectra are correlated, so that speech in modulated noise is judged too.",
    source="Jensen & Taal 2016, IEEE/ACM TASLP 24(11), eq. 3 to 8; resampling and bands by the package pystoi",
    domains=("speech",),
    ignores=("gain", "polarity", "delay"),
    packages=("pystoi",),
    install="pip install 'melpact[evaluate]'",
)
