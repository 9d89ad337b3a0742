"""Laying a decoded sound on its original to a fraction of a sample, so that no codec pays for its delay.

The search is limited and the same for all: whole samples within `LIMIT_S` either way (`bench.align.delay`: by the waveform
where it is alike, else by the envelope); then, where the waveform is alike, steps of 1/32 sample within one sample either
way, and the top of the parabola through the best three. Level and polarity are left alone. Half a sample at 16 kHz would cap
the SNR of a tone of 1 kHz at 14 dB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.bench.align import delay, moved

LIMIT_S = 0.06
STEPS = 32
_ALIKE = 0.5
"""Correlation from which a waveform is followed; below it a fraction of a sample means nothing."""

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Laid:
    """`wave` float32 of the original's length; `lag_s` by which the sound was late; `whole`: only to whole samples."""

    wave: Wave
    lag_s: float
    whole: bool


def laid(original: Wave, made: Wave, rate: int, limit_s: float = LIMIT_S) -> Laid:
    """`made` moved to lie on `original`, and cut or filled with zeros to its length.

    Args:
        original, made: float32 [time] at `rate` Hz.
    """
    lag = delay(original, made, rate, limit_s) if np.any(made) else 0
    placed = moved(made, lag, original.size)
    x, y = original.astype(np.float64), placed.astype(np.float64)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    if scale == 0 or float(x @ y) / scale < _ALIKE:
        return Laid(placed, lag / rate, True)
    part = _fraction(x, y)
    if part:
        placed = shifted(made, lag + part, original.size)
    return Laid(placed, (lag + part) / rate, False)


def _fraction(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """By how much of a sample y is later than x, -1 to 1 in steps of 1/STEPS: where their correlation is largest."""
    from scipy.fft import next_fast_len, rfft, rfftfreq

    size = next_fast_len(max(x.size, y.size) + 2, real=True)
    cross = np.conj(rfft(x, size)) * rfft(y, size)
    turn = 2 * np.pi * rfftfreq(size)

    def alike(part: float) -> float:
        return float(np.sum((cross * np.exp(1j * turn * part)).real))

    coarse = max(np.arange(-4, 5) / 4, key=alike)
    parts = np.clip(coarse + np.arange(-STEPS // 4, STEPS // 4 + 1) / STEPS, -1, 1)
    found = np.array([alike(part) for part in parts])
    i = int(np.argmax(found))
    if not 0 < i < parts.size - 1:
        return float(parts[i])
    before, top, after = found[i - 1 : i + 2]
    bend = before - 2 * top + after
    return float(parts[i] + (0.5 * (before - after) / bend / STEPS if bend < 0 else 0.0))


def shifted(wave: Wave, lag_samples: float, length: int) -> Wave:
    """`wave` made earlier by a lag that need not be whole (by its spectrum), then cut or padded to `length`."""
    from scipy.fft import irfft, next_fast_len, rfft, rfftfreq

    whole = int(np.floor(lag_samples))
    part = lag_samples - whole
    guard = 256
    size = next_fast_len(wave.size + 2 * guard, real=True)
    padded = np.pad(wave.astype(np.float64), (guard, size - wave.size - guard))
    turned = irfft(rfft(padded) * np.exp(2j * np.pi * rfftfreq(size) * part), size)
    return moved(turned[guard : guard + wave.size + 1].astype(np.float32), whole, length)
