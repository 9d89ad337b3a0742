"""The waveform SNR of many papers: no alignment, and offered for every kind of system."""

import numpy as np

from melpact.bench.metric import Metric


def observe(pair):
    x, y = pair.original.wave, np.zeros_like(pair.original.wave)
    count = min(x.size, pair.made_whole.wave.size)
    y[:count] = pair.made_whole.wave[:count]
    return float(10 * np.log10(np.sum(x**2) / max(np.sum((x - y) ** 2), 1e-12 * np.sum(x**2))))


PLUGIN = Metric(
    title="plain SNR", unit="dB", better="higher", perfect=120.0, observe=observe, meaning="", source="",
    ignores=("gain", "polarity", "delay"),
)  # fmt: skip
