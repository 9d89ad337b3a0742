"""Log-spectral distance of aligned sounds."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._stft import Magnitude, magnitude, usual
from melpact.bench.sound import Pair, Sound

RANGE_DB = 80.0


def _decibels(sound: Sound, floor: float) -> Magnitude:
    level = np.maximum(magnitude(sound, usual(sound.rate)), np.float32(floor))
    np.log10(level, out=level)
    level *= 20
    return level


def observe(pair: Pair) -> float:
    floor = float(magnitude(pair.original, usual(pair.rate)).max()) * 10 ** (-RANGE_DB / 20)
    x = pair.original.keep(("decibels",), lambda: _decibels(pair.original, floor))
    y = _decibels(pair.made, floor)
    y -= x
    return float(np.sqrt(np.einsum("tk,tk->t", y, y) / y.shape[1]).mean(dtype=np.float64))


PLUGIN = Metric(
    title="log-spectral distance",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Root mean square difference of the two log spectra over frequency, averaged over time; whatever lies more "
    "than 80 dB below the original's loudest bin counts as that floor.",
    source="Gray & Markel 1976; Rabiner & Juang 1993, ch. 4 (power in dB, 46 ms Hann frames, a quarter as hop)",
    ignores=("polarity", "delay"),
)
