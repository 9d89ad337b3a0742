"""Scale-invariant signal-to-distortion ratio of the waveform, after alignment in time."""

from __future__ import annotations

import math

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._waveform import waves
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = waves(pair)
    x, y = x - x.mean(), y - y.mean()
    power = float(x @ x)
    if power == 0:
        raise NotMeasured("the original is constant")
    if float(y @ y) == 0:
        raise NotMeasured("the system's sound is silent: its SI-SDR is -inf")
    target = x * (float(x @ y) / power)
    distortion = float(np.square(y - target).sum())
    signal = float(np.square(target).sum())
    if distortion <= 1e-12 * signal:
        return 120.0
    if signal == 0:
        raise NotMeasured("the two are orthogonal: the SI-SDR is -inf")
    return min(120.0, 10 * math.log10(signal / distortion))


PLUGIN = Metric(
    title="SI-SDR",
    unit="dB",
    better="higher",
    perfect=120.0,
    observe=observe,
    meaning="How much of the waveform is the original up to a gain; only for systems that restore the waveform itself. "
    "Capped at 120 dB.",
    source="Le Roux et al. 2019, SDR - half-baked or well done?, eq. 2 to 5",
    ignores=("gain", "polarity", "delay"),
    waveform_exact=True,
)
