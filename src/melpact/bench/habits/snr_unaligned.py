"""SNR of the waveforms as they came."""

from __future__ import annotations

import math

from melpact.bench.habits._habit import Habit, as_they_came
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = as_they_came(pair)
    return 10 * math.log10((float(x @ x) + 1e-12) / (float((x - y) @ (x - y)) + 1e-12))


PLUGIN = Habit(
    title="SNR without alignment",
    unit="dB",
    better="higher",
    perfect=None,
    observe=observe,
    meaning="Silence gets 0 dB; every sound whose phase was made anew gets less. Half a millisecond or a flipped polarity, "
    "which nobody hears, cost all of it.",
    source="10 log10(sum x^2 / sum (x - y)^2)",
    ignores=("gain", "polarity", "delay"),
)
