"""The two waveforms as the metrics of waveform-exact systems compare them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.sound import Pair

Floats = NDArray[np.float64]


def waves(pair: Pair) -> tuple[Floats, Floats]:
    """Original and made sound float64 [time], the delay taken out; gain and polarity are still the system's.

    Samples that the delay itself pushed over an end are left out on both sides, at most as many as the delay has. Whatever
    else is missing counts as zeros.
    """
    lag, length = pair.lag_samples, pair.original.wave.size
    missing = length - (pair.made_whole.wave.size - lag)
    first = min(max(0, -lag), length // 2)
    last = length - max(0, min(lag, missing, length // 2))
    x, y = (np.asarray(sound.wave[first:last], np.float64) for sound in (pair.original, pair.made))
    return x, y
