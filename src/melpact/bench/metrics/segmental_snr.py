"""Segmental signal-to-noise ratio of the waveform, after alignment of delay, gain and polarity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.metrics._levels import DYNAMIC_DB, frames
from melpact.bench.metrics._waveform import waves
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair

Floats = NDArray[np.float64]

LOWEST_DB, HIGHEST_DB = -10.0, 35.0
_LENGTH_S, _HOP_S = 0.030, 0.0075


def observe(pair: Pair) -> float:
    length, hop = round(_LENGTH_S * pair.rate), round(_HOP_S * pair.rate)
    window = np.square(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, length + 1) / (length + 1)))
    x, y = waves(pair)
    signal, error = (_energy(wave, length, hop, window) for wave in (x, x - pair.gain * y))
    if signal.size == 0:
        raise NotMeasured(f"shorter than one frame of {_LENGTH_S * 1000:.0f} ms")
    heard = signal >= signal.max() * 10 ** (-DYNAMIC_DB / 10)
    ratio = 10 * np.log10(signal[heard] / np.maximum(error[heard], signal[heard] * 1e-12))
    return float(np.clip(ratio, LOWEST_DB, HIGHEST_DB).mean())


def _energy(wave: Floats, length: int, hop: int, window: Floats) -> Floats:
    """Windowed energy of every frame."""
    return np.asarray(frames(np.square(wave), length, hop) @ window)


PLUGIN = Metric(
    title="segmental SNR",
    unit="dB",
    better="higher",
    perfect=HIGHEST_DB,
    observe=observe,
    meaning="The SNR of every 30 ms, limited to -10 … 35 dB, averaged; frames more than 40 dB below the loudest are left "
    "out, and delay, gain and polarity suit the system best. Only for systems that restore the waveform itself.",
    source="Hansen & Pellom 1998 (the limits); Loizou, Speech Enhancement, 2007, eq. 10.1 (30 ms Hann frames, 75 % overlap)",
    ignores=("gain", "polarity", "delay"),
    waveform_exact=True,
)
