"""Short-time spectra of a `Sound` for the descriptive metrics: 32 ms Hann frames every 10 ms, and which of them hold sound.

Mels of the comparison are not made here (`_mel_frames`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

FRAME_S, HOP_S = 0.032, 0.010
FRAME_RATE_HZ = 1 / HOP_S
# A frame holds sound where it lies within this of the loudest frame.
ACTIVE_DB = 40.0


def sizes(rate: int) -> tuple[int, int]:
    """Samples of a frame (even) and of a hop."""
    return 2 * round(FRAME_S * rate / 2), max(1, round(HOP_S * rate))


def power(sound: Sound) -> NDArray[np.float32]:
    """|STFT|², float32 [frames, bins], of whole frames only.

    Raises:
        NotMeasured: less than three frames.
    """
    return sound.keep("descriptive power", lambda: _power(sound))


def _power(sound: Sound) -> NDArray[np.float32]:
    length, hop = sizes(sound.rate)
    if sound.wave.size < length + 2 * hop:
        raise NotMeasured(f"{sound.seconds * 1000:.0f} ms are too short for spectra over time")
    return _wave_power(sound.wave, sound.rate)


def _wave_power(wave: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """|STFT|² of the whole frames of a waveform, float32 [frames, bins]."""
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    length, hop = sizes(rate)
    frames = np.lib.stride_tricks.sliding_window_view(wave, length)[::hop]
    spectrum = rfft(frames * hann(length, sym=False).astype(np.float32), axis=1)
    found: NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
    return found


def level_db(sound: Sound) -> NDArray[np.float32]:
    """Power of each frame in dB below the loudest one, at least -120; float32 [frames].

    Raises:
        NotMeasured: the sound is silent, or too short.
    """

    def make() -> NDArray[np.float32]:
        total = power(sound).sum(axis=1)
        if sound.silent or total.max() <= 0:
            raise NotMeasured("the sound is silent")
        relative: NDArray[np.float32] = 10 * np.log10(np.maximum(total / total.max(), 1e-12))
        return relative

    return sound.keep("descriptive level", make)


def heard_in_both(pair: Pair) -> NDArray[np.bool_]:
    """The frames in which the original is active and the system's sound is not digital silence; bool [frames].

    Raises:
        NotMeasured: the system is silent in more than half of the frames in which the original is not.
    """

    def make() -> NDArray[np.bool_]:
        active = level_db(pair.original) > -ACTIVE_DB
        if pair.made.silent:
            raise NotMeasured("the system's sound is silent")
        both = active & (level_db(pair.made) > -90.0)
        if both.sum() * 2 < active.sum():
            raise NotMeasured(f"the system is silent in {active.sum() - both.sum()} of {active.sum()} frames of sound")
        return both

    return pair.keep("heard in both", make)


def bands(rate: int, n_bands: int = 16, low_hz: float = 100.0, high_hz: float = 8000.0) -> NDArray[np.int64]:
    """First bin of each of `n_bands` bands of equal width in mel (HTK), and the end of the last; int [n_bands + 1]."""
    length, _ = sizes(rate)
    high_hz = min(high_hz, 0.45 * rate)
    edges = np.linspace(np.log1p(low_hz / 700), np.log1p(high_hz / 700), n_bands + 1)
    bins = np.rint(np.expm1(edges) * 700 * length / rate).astype(np.int64)
    found: NDArray[np.int64] = np.maximum(bins, bins[0] + np.arange(n_bands + 1))
    return found


def band_power(sound: Sound) -> NDArray[np.float32]:
    """Power in 16 bands between 100 and 8000 Hz, float32 [frames, bands]."""

    return sound.keep("descriptive bands", lambda: _in_bands(power(sound), sound.rate))


def wave_band_power(wave: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The same of the whole frames of a waveform of at least one frame."""
    return _in_bands(_wave_power(wave, rate), rate)


def _in_bands(found: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    edges = bands(rate)
    summed: NDArray[np.float32] = np.add.reduceat(found[:, : edges[-1]], edges[:-1], axis=1)
    return summed
