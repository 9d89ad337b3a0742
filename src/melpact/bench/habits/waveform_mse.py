"""Mean squared error of the waveforms as they came."""

from __future__ import annotations

from melpact.bench.habits._habit import Habit, as_they_came
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = as_they_came(pair)
    return float((x - y) @ (x - y)) / x.size


PLUGIN = Habit(
    title="Waveform MSE",
    unit="",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Silence has the error of the signal's power, a right sound with a new phase twice that.",
    source="mean (x - y)^2",
    ignores=("polarity", "delay"),
)
