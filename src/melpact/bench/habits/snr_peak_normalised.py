"""SNR after each file was brought to a peak of 1."""

from __future__ import annotations

import math

import numpy as np

from melpact.bench.habits._habit import Habit, as_they_came
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = (wave / (np.abs(wave).max() + 1e-9) for wave in as_they_came(pair))
    return 10 * math.log10((float(x @ x) + 1e-12) / (float((x - y) @ (x - y)) + 1e-12))


PLUGIN = Habit(
    title="SNR after peak normalisation",
    unit="dB",
    better="higher",
    perfect=None,
    observe=observe,
    meaning="The gain is now decided by one sample of each file. Silence still gets 0 dB and beats a new phase.",
    source="x and y divided by their largest sample, then 10 log10(sum x^2 / sum (x - y)^2)",
    ignores=("gain", "polarity", "delay"),
)
