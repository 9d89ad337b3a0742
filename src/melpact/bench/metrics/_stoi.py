"""The one-third octave bands that STOI and ESTOI compare, computed once for both.

Resampling and bands come from the package `pystoi`; the rest of its arithmetic is done here over all frames at once and
gives its values (it would also return 1e-5 where it can say nothing; here that is a reason).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metrics._levels import DYNAMIC_DB, frames
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

Floats = NDArray[np.float64]
SEGMENT = 30
"""Frames that are compared at a time, 384 ms."""
_RATE, _LENGTH, _HOP, _N_FFT, _BANDS, _LOWEST_HZ = 10000, 256, 128, 512, 15, 150
_WINDOW = np.hanning(_LENGTH + 2)[1:-1]


def segments(pair: Pair) -> tuple[Floats, Floats]:
    """Band magnitudes of the original and of the made sound, float64 [segments, bands, SEGMENT], silent frames left out.

    Raises:
        NotMeasured: fewer than SEGMENT frames of sound, or a silent system.
    """
    return pair.keep(("stoi",), lambda: _segments(pair))


def _segments(pair: Pair) -> tuple[Floats, Floats]:
    if pair.made.silent:
        raise NotMeasured("the system's sound is silent: it has no correlation with anything")
    x, y = (frames(_at_10k(sound)[:-1], _LENGTH, _HOP) * _WINDOW for sound in (pair.original, pair.made))
    level = 20 * np.log10(np.linalg.norm(x, axis=1) + np.finfo(float).eps)
    heard = level > level.max(initial=-np.inf) - DYNAMIC_DB
    bands = [_bands(_overlapped(part[heard])) for part in (x, y)]
    if bands[0].shape[1] < SEGMENT:
        raise NotMeasured(f"{bands[0].shape[1]} frames of 12.8 ms are not silent; at least {SEGMENT} are needed")
    over = [np.lib.stride_tricks.sliding_window_view(b, SEGMENT, axis=1).transpose(1, 0, 2) for b in bands]
    return np.ascontiguousarray(over[0]), np.ascontiguousarray(over[1])


def _at_10k(sound: Sound) -> Floats:
    from pystoi.utils import resample_oct

    wave = sound.wave.astype(np.float64)
    return sound.keep(("stoi", _RATE), lambda: wave if sound.rate == _RATE else resample_oct(wave, _RATE, sound.rate))


def _overlapped(windowed: Floats) -> Floats:
    """Frames of two hops, added where they overlap."""
    if len(windowed) == 0:
        return np.zeros(0)
    out = np.zeros((len(windowed) + 1, _HOP))
    out[:-1] += windowed[:, :_HOP]
    out[1:] += windowed[:, _HOP:]
    return out.ravel()


def _bands(wave: Floats) -> Floats:
    """Magnitudes float64 [bands, frames]."""
    from pystoi.utils import thirdoct
    from scipy.fft import rfft

    spectrum = rfft(frames(wave[:-1], _LENGTH, _HOP) * _WINDOW, _N_FFT, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(np.sqrt(thirdoct(_RATE, _N_FFT, _BANDS, _LOWEST_HZ)[0] @ power.T))
