"""Difference in how periodic the two sounds are."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.metrics._levels import frames
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

Floats = NDArray[np.float64]
_RATE_HZ, _HOP_S, _WINDOW_S, _F0_MIN_HZ, _F0_MAX_HZ = 16000, 0.010, 0.032, 71.0, 500.0
_QUIET_DB = 50.0


def periodicity(sound: Sound) -> Floats:
    """The largest normalised cross-correlation of a window with itself one period later, float64 [frames], 0 … 1.

    Talkin 1995 (RAPT), eq. 2, over all lags of 71 to 500 Hz. As there, energy is added under the root, here what a frame
    50 dB below the loudest one has, so that silence is not periodic.
    """
    return sound.keep(("periodicity",), lambda: _periodicity(sound))


def _periodicity(sound: Sound) -> Floats:
    from scipy.fft import irfft, next_fast_len, rfft

    rate = min(_RATE_HZ, sound.rate)
    window, hop = round(_WINDOW_S * rate), round(_HOP_S * rate)
    near, far = int(rate / _F0_MAX_HZ), math.ceil(rate / _F0_MIN_HZ)
    wave = sound.at(rate).astype(np.float64)
    wave -= wave.mean()
    long = frames(wave, window + far, hop)
    if not len(long):
        raise NotMeasured(f"shorter than {1000 * (window + far) / rate:.0f} ms")
    size = next_fast_len(window + far, real=True)
    product = np.conj(rfft(long[:, :window], size, axis=1)) * rfft(long, size, axis=1)
    correlation = irfft(product, size, axis=1)[:, near : far + 1]
    running = np.concatenate([[0.0], np.cumsum(np.square(wave))])
    starts = np.arange(len(long)) * hop
    later = starts[:, None] + np.arange(near, far + 1)
    energy = running[later + window] - running[later]
    first = running[starts + window] - running[starts]
    quiet = float(first.max()) * 10 ** (-_QUIET_DB / 10)
    scale = np.sqrt((first[:, None] + quiet) * (np.maximum(energy, 0) + quiet))
    if quiet == 0:
        return np.zeros(len(long))
    return np.asarray(np.clip((correlation / scale).max(axis=1), 0, 1))


def observe(pair: Pair) -> tuple[float, int]:
    """Sum of squared differences and the number of frames."""
    x, y = periodicity(pair.original), periodicity(pair.made)
    return float(np.square(x - y).sum()), len(x)


def total(observations: Sequence[tuple[float, int]]) -> float:
    return math.sqrt(sum(squares for squares, _ in observations) / sum(count for _, count in observations))


PLUGIN = Metric(
    title="periodicity error",
    unit="",
    better="lower",
    perfect=0.0,
    observe=observe,
    total=total,
    meaning="Root mean square difference of the periodicity (0 noise, 1 a perfect tone) of every 10 ms: buzz where there "
    "was breath, and roughness where there was a voice.",
    source="Morrison et al. 2022, CARGAN, section 4.2; periodicity as in Talkin 1995, RAPT, eq. 2",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
)
