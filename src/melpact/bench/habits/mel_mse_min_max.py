"""Mean squared error of mels that were each brought to 0 .. 1."""

from __future__ import annotations

import numpy as np

from melpact.bench.habits._habit import Habit, log_mels
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    a, b = ((mel - mel.min()) / (np.ptp(mel) + 1e-9) for mel in log_mels(pair))
    return float(np.mean((a - b) ** 2))


PLUGIN = Habit(
    title="MSE of min-max-normalised mels",
    unit="",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Each mel is stretched by its own quietest and loudest value: an offset or a wrong unit vanishes, one quiet bin "
    "moves everything, and every number is small.",
    source="mean of ((a - min a) / (max a - min a) - (b - min b) / (max b - min b))^2",
    ignores=("gain", "polarity", "delay"),
)
