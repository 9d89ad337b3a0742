"""A description taken for a quality: the flatter the spectrum, the better."""

import numpy as np

from melpact.bench.metric import Metric


def observe(pair):
    power = np.abs(np.fft.rfft(pair.made.wave)) ** 2 + 1e-12
    return float(np.exp(np.log(power).mean()) / power.mean())


PLUGIN = Metric(
    title="flatness", unit="", better="higher", perfect=None, observe=observe, meaning="", source="", ignores=("gain",)
)
