"""Spectral convergence of aligned sounds."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._stft import magnitudes, usual
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = magnitudes(pair, usual(pair.rate))
    return float(np.linalg.norm(x - y) / np.linalg.norm(x))


PLUGIN = Metric(
    title="spectral convergence",
    unit="",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Size of the difference of the two magnitude spectrograms, relative to the original's: 0 is equal, silence "
    "gets 1; loud frames and low frequencies decide it.",
    source="Sturmel & Daudet 2011; Arik et al. 2019, eq. 2 (Frobenius norms of |STFT|, 46 ms Hann, a quarter as hop)",
    ignores=("polarity", "delay"),
)
