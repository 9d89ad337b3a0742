"""Putting a system's sound on the original: delay, gain and polarity. Resampling happens before, in `Sound`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench.sound import Pair, Sound
from melpact.contract.spec import MelSpec

MAX_LAG_S = 0.25
# A waveform peak below this correlation does not identify a delay (a system that makes its own phase has none);
# the envelope is asked instead, and must gain this much over no delay at all.
_WAVEFORM_MATCH, _ENVELOPE_GAIN = 0.5, 0.01
_ENVELOPE_STEP_S = 0.001


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Normalised correlation of a with b moved earlier by -reach .. reach samples."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(max(a.size, b.size) + reach + 1, real=True)
    product = irfft(np.conj(rfft(a, size)) * rfft(b, size), size)
    around = np.concatenate([product[-reach:], product[: reach + 1]]) if reach else product[:1]
    scale = np.sqrt(float(a @ a) * float(b @ b))
    return np.asarray(around / scale) if scale > 0 else np.zeros(2 * reach + 1)


def _envelope(wave: NDArray[np.float32], step: int) -> NDArray[np.float64]:
    """RMS over 10 steps, one value per step, in dB over a floor 60 dB below its maximum, mean removed."""
    power = np.add.reduceat(np.square(wave, dtype=np.float64), np.arange(0, wave.size, step))
    power = np.convolve(power, np.ones(10), mode="same")
    top = power.max()
    if top <= 0:
        return np.zeros(power.size)
    level = 10 * np.log10(np.maximum(power / top, 1e-6))
    return np.asarray(level - level.mean())


def delay(original: NDArray[np.float32], made: NDArray[np.float32], rate: int, max_lag_s: float = MAX_LAG_S) -> int:
    """By how many samples `made` lies behind `original` (negative: ahead), at most `max_lag_s`; 0 where nothing tells."""
    reach = min(int(max_lag_s * rate), max(original.size, made.size) - 1)
    a, b = original.astype(np.float64), made.astype(np.float64)
    waveform = np.abs(_correlation(a, b, reach))
    best = int(np.argmax(waveform))
    if waveform[best] >= _WAVEFORM_MATCH:
        return best - reach
    step = max(1, round(_ENVELOPE_STEP_S * rate))
    shape = _correlation(_envelope(original, step), _envelope(made, step), reach // step)
    best, none = int(np.argmax(shape)), shape.size // 2
    return (best - none) * step if shape[best] >= shape[none] + _ENVELOPE_GAIN else 0


def moved(wave: NDArray[np.float32], lag: int, length: int) -> NDArray[np.float32]:
    """`wave` made `lag` samples earlier, then cut or padded with zeros to `length`."""
    out = np.zeros(length, np.float32)
    begin, take = max(0, -lag), max(0, lag)
    count = min(length - begin, wave.size - take)
    if count > 0:
        out[begin : begin + count] = wave[take : take + count]
    return out


def pair(
    original: Sound,
    made: Audio,
    *,
    name: str = "",
    text: str | None = None,
    seed: int = 0,
    max_lag_s: float = MAX_LAG_S,
    spec: MelSpec | None = None,
) -> Pair:
    """The pair of an original and a system's sound, aligned in time, with the gain that fits best.

    Args:
        original: at the rate of the comparison.
        made: the system's sound, at any rate.
        max_lag_s: the longest delay that is looked for; 0 leaves time alone.
        spec: the mel of the comparison; None: the common one of the rate.
    """
    whole = Sound(made, original.rate)
    lag = delay(original.wave, whole.wave, original.rate, max_lag_s) if max_lag_s > 0 and not whole.silent else 0
    if lag == 0 and whole.wave.size == original.wave.size:
        laid = whole
    else:
        laid = Sound(Audio(moved(whole.wave, lag, original.wave.size)[None], original.rate), original.rate)
        laid.source_rate = whole.source_rate
    x, y = original.wave.astype(np.float64), laid.wave.astype(np.float64)
    power = float(y @ y)
    gain = float(x @ y) / power if power > 0 else 0.0
    return Pair(name, original, laid, whole, lag, gain, text, seed, spec)
