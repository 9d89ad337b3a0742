"""The mel filterbank of a description, in float64, exactly as published systems define it.

Slaney scale: linear to 1 kHz, then logarithmic (Slaney, Auditory Toolbox, 1998; librosa's default).
HTK scale: 2595 log10(1 + f/700) (HTK Book eq. 5.13; torchaudio's, Kaldi's and TensorFlow's).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from melpact.contract.spec import MelSpec

_SLANEY_STEP_HZ = 200.0 / 3.0
_SLANEY_BREAK_HZ = 1000.0
_SLANEY_LOG_STEP = math.log(6.4) / 27.0


def hz_to_mel(f_hz: ArrayLike, scale: str) -> NDArray[np.float64]:
    """Frequency in Hz → mel, for "slaney" or "htk"."""
    f = np.asarray(f_hz, np.float64)
    if scale == "htk":
        return 2595.0 * np.log10(1.0 + f / 700.0)
    linear = f / _SLANEY_STEP_HZ
    logarithmic = _SLANEY_BREAK_HZ / _SLANEY_STEP_HZ + np.log(np.maximum(f, 1e-9) / _SLANEY_BREAK_HZ) / _SLANEY_LOG_STEP
    return np.where(f < _SLANEY_BREAK_HZ, linear, logarithmic)


def mel_to_hz(mel: ArrayLike, scale: str) -> NDArray[np.float64]:
    """Mel → frequency in Hz, the inverse of `hz_to_mel`."""
    m = np.asarray(mel, np.float64)
    if scale == "htk":
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    corner = _SLANEY_BREAK_HZ / _SLANEY_STEP_HZ
    return np.where(m < corner, m * _SLANEY_STEP_HZ, _SLANEY_BREAK_HZ * np.exp((m - corner) * _SLANEY_LOG_STEP))


def band_edges_hz(n_mels: int, f_min: float, f_max: float, scale: str) -> NDArray[np.float64]:
    """The n_mels + 2 corner frequencies in Hz of the bank's own sample rate; band m spans edges m to m + 2."""
    ends = hz_to_mel(np.array([f_min, f_max]), scale)
    return mel_to_hz(np.linspace(ends[0], ends[1], n_mels + 2), scale)


@lru_cache(maxsize=256)
def _bank(
    n_fft: int,
    rate: int,
    n_mels: int,
    f_min: float,
    f_max: float,
    scale: str,
    norm: str,
    triangles: str,
    drops: str,
) -> NDArray[np.float64]:
    edges = band_edges_hz(n_mels, f_min, f_max, scale)
    bins = np.arange(n_fft // 2 + 1) * (rate / n_fft)
    corners, points = (hz_to_mel(edges, scale), hz_to_mel(bins, scale)) if triangles == "mel" else (edges, bins)
    width = corners[1:] - corners[:-1]
    rising = (points[None, :] - corners[:-2, None]) / width[:-1, None]
    falling = (corners[2:, None] - points[None, :]) / width[1:, None]
    bank = np.asarray(np.maximum(0.0, np.minimum(rising, falling)), np.float64)
    if norm == "slaney":
        bank *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    if drops == "nyquist":
        bank[:, -1] = 0.0
    elif drops == "dc":
        bank[:, 0] = 0.0
    bank.flags.writeable = False
    return bank


def filterbank(spec: MelSpec) -> NDArray[np.float64]:
    """The bank of a description: float64 [n_mels, n_fft // 2 + 1], non-negative, read-only, cached by its parameters."""
    return _bank(
        spec.n_fft,
        spec.bank_sample_rate,
        spec.n_mels,
        spec.f_min,
        spec.f_max,
        spec.mel_scale,
        spec.mel_norm,
        spec.mel_triangles,
        spec.bank_drops,
    )


def empty_bands(n_fft: int, rate: int, n_mels: int, f_min: float, f_max: float, scale: str, drops: str) -> tuple[int, ...]:
    """Bands (from 0) in whose open interval no FFT bin lies: they always read the floor."""
    edges = band_edges_hz(n_mels, f_min, f_max, scale) * (n_fft / rate)
    first = np.floor(edges[:-2] + 1e-9).astype(int) + 1
    last = np.ceil(edges[2:] - 1e-9).astype(int) - 1
    first = np.maximum(first, 1 if drops == "dc" else 0)
    last = np.minimum(last, n_fft // 2 - 1 if drops == "nyquist" else n_fft // 2)
    return tuple(int(m) for m in np.flatnonzero(last < first))
