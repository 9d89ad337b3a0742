"""How far the spectral centre of gravity moves, frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.metrics import _frames
from melpact.bench.sound import Pair, Sound


def centroid_hz(sound: Sound) -> NDArray[np.float32]:
    """Centre of gravity of the magnitude spectrum, float32 [frames]; 0 in digital silence."""

    def make() -> NDArray[np.float32]:
        magnitude = np.sqrt(_frames.power(sound))
        frequency = np.arange(magnitude.shape[1], dtype=np.float32) * np.float32(sound.rate / _frames.sizes(sound.rate)[0])
        found: NDArray[np.float32] = magnitude @ frequency / np.maximum(magnitude.sum(axis=1), 1e-20)
        return found

    return sound.keep("spectral centroid", make)


def observe(pair: Pair) -> float:
    both = _frames.heard_in_both(pair)
    return float(np.abs(centroid_hz(pair.made) - centroid_hz(pair.original))[both].mean())


PLUGIN = Metric(
    title="Spectral centroid deviation",
    unit="Hz",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="By how many Hz the centre of gravity of the magnitude spectrum misses the original's, as mean absolute "
    "difference over the 10 ms frames in which there is sound: duller and brighter both count.",
    source="Peeters 2004, A large set of audio features, section 6.1.1 (magnitude weights)",
    ignores=("gain", "polarity", "delay"),
)
