"""Signal-to-noise ratio of the waveform, after alignment of delay, gain and polarity."""

from __future__ import annotations

import math

from melpact.bench.metric import Metric
from melpact.bench.metrics._waveform import waves
from melpact.bench.sound import Pair

CAP_DB = 120.0


def observe(pair: Pair) -> float:
    x, y = waves(pair)
    noise = x - pair.gain * y
    signal, error = float(x @ x), float(noise @ noise)
    if error <= signal * 10 ** (-CAP_DB / 10):
        return CAP_DB
    return 10 * math.log10(signal / error)


PLUGIN = Metric(
    title="SNR",
    unit="dB",
    better="higher",
    perfect=CAP_DB,
    observe=observe,
    meaning="Energy of the original over energy of the difference, with the delay, gain and polarity that suit the system "
    "best; silence gets 0 dB, a correlation r gets -10 log10(1 - r^2). Only for systems that restore the waveform itself. "
    "Capped at 120 dB.",
    source="10 log10(sum x^2 / sum (x - g y)^2) with the least-squares g",
    ignores=("gain", "polarity", "delay"),
    waveform_exact=True,
)
