"""Mel cepstra of both sides from WORLD's spectral envelope, once per sound.

Warping a cepstrum is linear, so that cosine transform and warping together are one matrix, made once per size and order.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metrics._levels import loud
from melpact.bench.metrics._pitch import F0_MIN_HZ, f0, times_s, world
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Sound

Floats = NDArray[np.float64]

ORDER = 24
DB = 10 / math.log(10) * math.sqrt(2)
"""From the Euclidean distance of two mel cepstra to dB."""


@lru_cache(maxsize=32)
def warping(rate: int) -> float:
    """The constant of the all-pass whose phase comes closest to the mel scale 1000 log2(1 + f / 1000) below rate / 2."""
    omega = np.linspace(0, np.pi, 1001)
    mel = np.log1p(omega / np.pi * rate / 2000)
    alpha = np.linspace(0, 0.9, 901)[:, None]
    phase = omega + 2 * np.arctan(alpha * np.sin(omega) / (1 - alpha * np.cos(omega)))
    error = np.square(phase / np.pi - mel / mel[-1]).mean(axis=1)
    return float(alpha[int(np.argmin(error)), 0])


@lru_cache(maxsize=32)
def frequency_transform(size: int, order: int, alpha: float) -> Floats:
    """The matrix [order + 1, size] that warps a cepstrum of `size` coefficients (Oppenheim & Johnson 1972; SPTK's freqt).

    Column n is the all-pass to the power of n as a power series: each is the column before it, filtered once.
    """
    once = np.zeros((order + 1, order + 1))
    once[0, 0] = alpha
    if order:
        once[1, 0], once[1, 1] = 1 - alpha**2, alpha
    for row in range(2, order + 1):
        once[row, row - 1] += 1
        once[row, row] += alpha
        once[row] -= alpha * once[row - 1]
    columns = np.zeros((size, order + 1))
    columns[0, 0] = 1
    for n in range(1, size):
        columns[n] = once @ columns[n - 1]
    return np.ascontiguousarray(columns.T)


@lru_cache(maxsize=32)
def _log_power_to_mel_cepstrum(bins: int, order: int, alpha: float) -> Floats:
    """[bins, order + 1]: inverse real DFT of a symmetric log power spectrum, first term halved, warped."""
    n_fft = 2 * (bins - 1)
    n, k = np.arange(bins)[:, None], np.arange(bins)[None, :]
    cosines = np.cos(2 * np.pi * ((n * k) % n_fft) / n_fft) * np.where((k == 0) | (k == bins - 1), 1, 2) / n_fft
    cosines[0] /= 2
    return np.ascontiguousarray((frequency_transform(bins, order, alpha) @ cosines).T)


def mel_cepstrum_of(power: Floats, alpha: float, order: int = ORDER) -> Floats:
    """Power spectra float64 [frames, bins] → mel cepstra [frames, order + 1] (of the log amplitude, c0 first)."""
    return np.asarray(np.log(power) @ _log_power_to_mel_cepstrum(power.shape[1], order, alpha))


def mel_cepstrum(sound: Sound) -> Floats:
    """Mel cepstrum of the sound every 5 ms, float64 [frames, ORDER + 1].

    Raises:
        NotMeasured: silence has no spectral envelope.
    """
    if sound.silent:
        raise NotMeasured("a silent sound has no spectral envelope")

    def make() -> Floats:
        track, tools = f0(sound), world()
        size = tools.get_cheaptrick_fft_size(sound.rate, F0_MIN_HZ)
        wave = sound.wave.astype(np.float64)
        power = tools.cheaptrick(wave, track, times_s(track), sound.rate, fft_size=size)
        return mel_cepstrum_of(power, warping(sound.rate))

    return sound.keep(("mel cepstrum",), make)


def heard(sound: Sound) -> NDArray[np.bool_]:
    """Which frames of `mel_cepstrum` are not silent: within 40 dB of the loudest."""
    return sound.keep(("heard",), lambda: loud(sound.wave, sound.rate, times_s(f0(sound))))
