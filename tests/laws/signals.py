"""Signals and yardsticks that the laws and the parity tests share. No tests live here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from melpact.audio.synthetic import speech_like
from melpact.contract.scaling import measure
from melpact.contract.spec import MelSpec

Floats = NDArray[np.float64]


@lru_cache(maxsize=16)
def speech(sample_rate: int, seconds: float = 2.4) -> NDArray[np.float32]:
    """Vowels, fricatives, bursts, a noise floor at -70 dB, 0.3 s of zeros: float32 [time], read-only."""
    samples = speech_like(seconds, sample_rate, seed=11).samples[0].copy()
    quiet = slice(round(1.5 * sample_rate), round(1.8 * sample_rate))
    samples[quiet] = 0.0
    samples.flags.writeable = False
    return samples


@lru_cache(maxsize=16)
def band_limited_speech(sample_rate: int, bits: int | None) -> NDArray[np.float32]:
    """16 kHz speech brought to another rate: nothing lies above 8 kHz; rounded to `bits` if that is given.

    The resampling zero-pads the spectrum of the whole, so its stop band is the rounding of float32 samples.
    """
    source = speech(16000).astype(np.float64)
    spectrum = np.fft.rfft(source)
    n = source.size * sample_rate // 16000
    samples = np.fft.irfft(spectrum[: n // 2 + 1], n) * (n / source.size)
    if bits is not None:
        step = 2.0 ** (1 - bits)
        samples = np.clip(np.round(samples / step) * step, -1.0, 1.0 - step)
    result = samples.astype(np.float32)
    result.flags.writeable = False
    return result


def per_output_unit(raw: Floats, spec: MelSpec) -> Floats:
    """Natural-log units of the mel per unit of the scaled output, [n_mels, 1] (1 where the mel has no log).

    Measured on the scaling's own inverse, so that every kind of scaling has one.
    """
    utterance = measure([raw]) if spec.scaling.needs() else {}
    here = np.zeros((spec.n_mels, 1))
    slope = spec.scaling.undo(here + 1.0, utterance) - spec.scaling.undo(here, utterance)
    return np.abs(slope) / (spec.log_gain or 1.0)


def errors(got: NDArray[np.floating], want: Floats, raw: Floats, spec: MelSpec) -> tuple[float, float]:
    """(max, mean) of |got - want| in natural-log units; without a log, relative to each band's maximum."""
    assert got.shape == want.shape, f"{got.shape} is not {want.shape}"
    distance = np.abs(got.astype(np.float64) - want)
    if spec.log == "none":
        distance = distance / np.maximum(want.max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    else:
        distance = distance * per_output_unit(raw, spec)
    return float(distance.max()), float(distance.mean())
