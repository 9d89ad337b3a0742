"""How far the modulation spectra of the mel bands are from the original's, over the corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.metrics import _mel_frames
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair

_SEGMENT_S, _HIGHEST_HZ = 0.64, 40.0


def observe(pair: Pair) -> NDArray[np.float64]:
    """Power of the log-mel trajectories by modulation frequency, mean of half-overlapping Hann segments of 0.64 s,
    float64 [2, n_mels, frequencies]: original, system."""
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    rate = pair.mel_spec.frame_rate_hz
    length = max(4, round(_SEGMENT_S * rate))
    top = 1 + int(min(_HIGHEST_HZ, rate / 2) * length / rate)
    taper = hann(length, sym=False).astype(np.float32)
    sides = []
    for level in _mel_frames.both_db(pair):
        if level.shape[1] < length:
            raise NotMeasured(f"{level.shape[1] / rate:.2f} s are shorter than one segment of {_SEGMENT_S} s")
        segments = np.lib.stride_tricks.sliding_window_view(level, length, axis=1)[:, :: length // 2]
        spectrum = rfft((segments - segments.mean(axis=2, keepdims=True)) * taper, axis=2)[:, :, 1:top]
        sides.append((np.square(spectrum.real) + np.square(spectrum.imag)).mean(axis=1, dtype=np.float64))
    return np.stack(sides)


def total(observations: Sequence[NDArray[np.float64]]) -> float:
    _mel_frames.require_one_mel(one.shape for one in observations)
    original, made = sum(observations)  # type: ignore[misc]
    floor = 1e-6 * original.max()
    if floor <= 0:
        raise NotMeasured("nothing in the original is modulated")
    return float(np.abs(10 * np.log10((made + floor) / (original + floor))).mean())


PLUGIN = Metric(
    title="Modulation spectrum distance",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=observe,
    total=total,
    meaning="By how many dB the power of the log-mel bands' movements misses the original's at each modulation "
    "frequency up to 40 Hz, mean over bands and frequencies, over the corpus. Smoothing shows at the high ones, buzz "
    "and musical noise likewise.",
    source="Takamichi et al. 2014, A postfilter to modify the modulation spectrum in HMM-based speech synthesis, eq. 1 "
    "and 2",
    ignores=("polarity", "delay", "pairing"),
)
