"""Short spectra of a piece and back, for changes frame by frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from melpact.corpus.augment._augmentation import Float64

Complex = NDArray[np.complex128]


def sizes(sample_rate: int) -> tuple[int, int]:
    """(n_fft, hop_length): about 46 ms, a power of two, and a quarter of it."""
    n_fft = 1 << round(np.log2(0.046 * sample_rate))
    return max(n_fft, 64), max(n_fft, 64) // 4


def window(n_fft: int) -> Float64:
    """Periodic Hann."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)


def spectra(samples: Float64, positions: NDArray[np.int64], n_fft: int) -> Complex:
    """The spectra [frames, bins] of windows whose middles lie at `positions` (samples; outside is silence)."""
    before, behind = max(0, n_fft // 2 - int(positions.min())), max(0, int(positions.max()) + n_fft // 2 - samples.size)
    padded = np.pad(samples, (before, behind))
    starts = positions + before - n_fft // 2
    frames = padded[starts[:, None] + np.arange(n_fft)] * window(n_fft)
    found: Complex = rfft(frames, axis=1)
    return found


def overlapped(found: Complex, hop_length: int, n_samples: int, n_fft: int) -> Float64:
    """The sound of spectra whose middles lie at 0, hop, 2 hop …; its window squared is divided out."""
    shape = window(n_fft)
    frames = irfft(found, n_fft, axis=1) * shape
    length = (len(found) - 1) * hop_length + n_fft
    total, weight = np.zeros(length), np.zeros(length)
    for i, frame in enumerate(frames):
        total[i * hop_length : i * hop_length + n_fft] += frame
        weight[i * hop_length : i * hop_length + n_fft] += shape**2
    sound: Float64 = total / np.maximum(weight, 1e-3 * weight.max())
    return sound[n_fft // 2 : n_fft // 2 + n_samples]


def stretched(samples: Float64, factor: float, n_samples: int, sample_rate: int) -> Float64:
    """The sound `factor` times as long, [n_samples] from its middle, at the same pitch.

    A phase vocoder whose bins follow the peak they belong to (Laroche and Dolson, 1999: identity phase locking). The phase
    advance is measured between two spectra exactly one hop apart.
    """
    n_fft, hop = sizes(sample_rate)
    count = -(-n_samples // hop) + 1
    middle_in, middle_out = samples.size / 2, n_samples / 2
    positions = np.rint(middle_in + (np.arange(count) * hop - middle_out) / factor).astype(np.int64)
    now, past = spectra(samples, positions, n_fft), spectra(samples, positions - hop, n_fft)
    magnitude, angle = np.abs(now), np.angle(now)
    advance = angle - np.angle(past)
    phase = np.empty_like(angle)
    phase[0] = angle[0]
    for t in range(1, count):
        owner = _peak_of(magnitude[t])
        led = phase[t - 1, owner] + advance[t, owner]
        phase[t] = led + angle[t] - angle[t, owner]
    return overlapped(magnitude * np.exp(1j * phase), hop, n_samples, n_fft)


def _peak_of(magnitude: Float64) -> NDArray[np.int64]:
    """For every bin, the peak whose region it lies in: peaks top two bins on either side, regions meet half way."""
    padded = np.pad(magnitude, 2, constant_values=-1.0)
    inner = padded[2:-2]
    top = (inner >= padded[1:-3]) & (inner >= padded[:-4]) & (inner > padded[3:-1]) & (inner > padded[4:])
    peaks = np.flatnonzero(top)
    if peaks.size == 0:
        return np.arange(magnitude.size)
    borders = (peaks[1:] + peaks[:-1]) / 2
    found: NDArray[np.int64] = peaks[np.searchsorted(borders, np.arange(magnitude.size))]
    return found
