"""A distance that is smallest for the quietest system."""

import numpy as np

from melpact.bench.metric import Metric


def observe(pair):
    return float(np.sqrt(np.square(pair.made.wave).mean()))


PLUGIN = Metric(
    title="loudness", unit="", better="lower", perfect=None, observe=observe, meaning="", source="", ignores=("gain",)
)
