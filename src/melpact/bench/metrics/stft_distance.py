"""Multi-resolution STFT distance."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._stft import Magnitude, Resolution, magnitude
from melpact.bench.sound import Pair, Sound

RESOLUTIONS = (Resolution(1024, 120, 600), Resolution(2048, 240, 1200), Resolution(512, 50, 240))
_FLOOR = np.float32(1e-7) ** np.float32(0.5)


def _floored(sound: Sound, size: Resolution) -> tuple[Magnitude, Magnitude]:
    """max(|STFT|², 1e-7)^½ and its natural logarithm."""

    def make() -> tuple[Magnitude, Magnitude]:
        level = np.maximum(magnitude(sound, size), _FLOOR)
        return level, np.log(level)

    return sound.keep(("stft_distance", size), make)


def observe(pair: Pair) -> float:
    total = 0.0
    for size in RESOLUTIONS:
        (x, log_x), (y, log_y) = _floored(pair.original, size), _floored(pair.made, size)
        convergence = np.linalg.norm(x - y) / np.linalg.norm(x)
        total += float(convergence) + float(np.abs(log_x - log_y).mean(dtype=np.float64))
    return total / len(RESOLUTIONS)


PLUGIN = Metric(
    title="multi-resolution STFT distance",
    unit="",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Spectral convergence plus mean difference of log magnitudes (natural log, power floored at 1e-7), averaged "
    "over three STFTs; the loss of many vocoders, sensitive to level.",
    source="Yamamoto et al. 2020, Parallel WaveGAN, eq. 4 to 7 and its three resolutions (512, 1024, 2048)",
    ignores=("polarity", "delay"),
)
