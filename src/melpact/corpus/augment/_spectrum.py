"""Zero-phase filtering of a whole piece by a gain over frequency, without wrapping round its ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from melpact.corpus.augment._augmentation import Float64

_SPILL = 2048


def filtered(samples: Float64, sample_rate: int, gain: Callable[[Float64], Float64]) -> Float64:
    """The sound with its spectrum times `gain(frequencies in Hz)`, of the same length."""
    size = next_fast_len(samples.size + _SPILL, real=True)
    spectrum = rfft(samples, size)
    result: Float64 = irfft(spectrum * gain(np.arange(spectrum.size) * (sample_rate / size)), size)[: samples.size]
    return result
