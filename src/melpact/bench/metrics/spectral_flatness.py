"""How far the spectral flatness (tone against noise) moves, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.metrics import _frames
from melpact.bench.sound import Pair, Sound

# Bins this far below the loudest bin of the sound are raised to it: numerical dust has no flatness.
_FLOOR = 1e-10


def flatness_db(sound: Sound) -> NDArray[np.float32]:
    """10 log10 of geometric over arithmetic mean of the power spectrum, float32 [frames]: 0 for a flat one."""

    def make() -> NDArray[np.float32]:
        power = _frames.power(sound)
        power = np.maximum(power, np.float32(_FLOOR) * power.max())
        found: NDArray[np.float32] = 10 / np.log(10) * (np.log(power).mean(axis=1) - np.log(power.mean(axis=1)))
        return found

    return sound.keep("spectral flatness", make)


def observe(pair: Pair) -> float:
    both = _frames.heard_in_both(pair)
    return float(np.abs(flatness_db(pair.made) - flatness_db(pair.original))[both].mean())


PLUGIN = Metric(
    title="Spectral flatness deviation",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="By how many dB the spectral flatness (0 dB: noise; far below: tones, or a missing band) misses the "
    "original's, as mean absolute difference over the 10 ms frames in which there is sound: buzzier and noisier both "
    "count.",
    source="Johnston 1988, Transform coding of audio signals using perceptual noise criteria, eq. 5",
    ignores=("gain", "polarity", "delay"),
)
