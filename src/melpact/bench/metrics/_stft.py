"""STFT magnitudes that several metrics read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

Magnitude = NDArray[np.float32]
_SPAN_S = 0.046


class Resolution(NamedTuple):
    """Sizes in samples; a periodic Hann window of `win_length`, centred in `n_fft`."""

    n_fft: int
    hop_length: int
    win_length: int


def usual(rate: int) -> Resolution:
    """The power of two next to 46 ms (1024 at 16 to 24 kHz, 2048 from 32 kHz on), a quarter of it as the hop."""
    n_fft = 2 ** round(np.log2(_SPAN_S * rate))
    return Resolution(n_fft, n_fft // 4, n_fft)


def magnitude(sound: Sound, size: Resolution) -> Magnitude:
    """|STFT| as float32 [frames, bins]; frames are centred and the ends mirrored, as torch.stft and librosa.stft do.

    Raises:
        NotMeasured: the sound is too short for the mirrored ends.
    """
    return sound.keep(("magnitude", size), lambda: _magnitude(sound.wave, size))


def magnitudes(pair: Pair, size: Resolution) -> tuple[Magnitude, Magnitude]:
    """Those of the original and of what was made of it, of one shape."""
    return magnitude(pair.original, size), magnitude(pair.made, size)


def _magnitude(wave: NDArray[np.float32], size: Resolution) -> Magnitude:
    from scipy.fft import rfft
    from scipy.signal import get_window

    half = size.n_fft // 2
    if wave.size <= half:
        raise NotMeasured(f"{wave.size} samples are fewer than half a frame of {size.n_fft}")
    window = get_window("hann", size.win_length).astype(np.float32)
    inset = (size.n_fft - size.win_length) // 2
    padded = np.pad(wave, half, mode="reflect")
    count = 1 + wave.size // size.hop_length
    view = np.lib.stride_tricks.sliding_window_view(padded, size.n_fft)[:: size.hop_length][:count]
    out = np.empty((count, half + 1), np.float32)
    block = max(1, (1 << 18) // size.n_fft)
    buffer = np.zeros((block, size.n_fft), np.float32)
    for first in range(0, count, block):
        part = view[first : first + block]
        np.multiply(
            part[:, inset : inset + size.win_length], window, out=buffer[: len(part), inset : inset + size.win_length]
        )
        np.abs(rfft(buffer[: len(part)], axis=1), out=out[first : first + len(part)])
    return out
