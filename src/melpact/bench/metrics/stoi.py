"""Short-time objective intelligibility."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._stoi import segments
from melpact.bench.sound import Pair

_CLIP = 1 + 10 ** (15 / 20)
_TINY = np.finfo(float).eps


def observe(pair: Pair) -> float:
    x, y = segments(pair)
    gain = np.linalg.norm(x, axis=2, keepdims=True) / (np.linalg.norm(y, axis=2, keepdims=True) + _TINY)
    y = np.minimum(y * gain, x * _CLIP)
    x, y = (part - part.mean(axis=2, keepdims=True) for part in (x, y))
    scale = (np.linalg.norm(x, axis=2) + _TINY) * (np.linalg.norm(y, axis=2) + _TINY)
    return float((np.einsum("sbt,sbt->sb", x, y) / scale).mean())


PLUGIN = Metric(
    title="STOI",
    unit="",
    better="higher",
    perfect=1.0,
    observe=observe,
    meaning="Correlation of the loudness contours of 15 bands over 384 ms, made to predict how many words of noisy speech "
    "are understood. Frames more than 40 dB below the loudest are left out.",
    source="Taal et al. 2011, IEEE TASLP 19(7), eq. 2 to 6; resampling and bands by the package pystoi",
    domains=("speech",),
    ignores=("gain", "polarity", "delay"),
    packages=("pystoi",),
    install="pip install 'melpact[evaluate]'",
)
