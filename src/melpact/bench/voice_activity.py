"""Which 10 ms frames hold speech, told by level and by how much the spectrum changes over time. No package, no weights.

Made to say whether a sound is speech at all, not to cut recordings apart. Noise, hum and steady tones are not speech;
rhythmic music passes for it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metrics import _frames
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Sound

# Below the loudest frame by more than this: a pause. Above the quietest tenth of frames by less than this: steady.
_PAUSE_DB, _ABOVE_FLOOR_DB = 35.0, 6.0
# Spread over time of the levels of the most restless bands, within +-_CONTEXT frames, that speech exceeds and steady sound
# does not.
_SPREAD_DB, _CONTEXT, _RESTLESS_BANDS = 5.0, 25, 6
_SHORTEST_S = 0.5
_SILENT = 10 ** (-90 / 20)


def speech(sound: Sound) -> NDArray[np.bool_]:
    """Bool [frames].

    Raises:
        NotMeasured: less than half a second, or silence.
    """
    return sound.keep("speech frames", lambda: _speech(sound))


def _speech(sound: Sound) -> NDArray[np.bool_]:
    _require(sound.wave.size, sound.rate, sound.audio.peak)
    return _moving(_frames.band_power(sound))


class SpeechMeter:
    """The same of a sound that comes in blocks; only 16 numbers of every 10 ms are kept.

    Args:
        sample_rate: Hz of the samples.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate, self._n_samples, self._peak = sample_rate, 0, 0.0
        self._pending = np.zeros(0, np.float32)
        self._power: list[NDArray[np.float32]] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """The next samples, float32 [time]."""
        if samples.size == 0:
            return
        self._n_samples += samples.size
        self._peak = max(self._peak, float(np.abs(samples).max()))
        self._pending = np.concatenate([self._pending, samples])
        length, hop = _frames.sizes(self._rate)
        if self._pending.size < length:
            return
        self._power.append(_frames.wave_band_power(self._pending, self._rate))
        self._pending = self._pending[hop * len(self._power[-1]) :].copy()

    def speech(self) -> NDArray[np.bool_]:
        """Bool [frames] of all that came.

        Raises:
            NotMeasured: less than half a second, or silence.
        """
        _require(self._n_samples, self._rate, self._peak)
        return _moving(np.concatenate(self._power))


def _require(n_samples: int, rate: int, peak: float) -> None:
    if n_samples < _SHORTEST_S * rate:
        raise NotMeasured(f"{n_samples / rate:.2f} s are too short to tell speech; at least {_SHORTEST_S} s are needed")
    if peak < _SILENT:
        raise NotMeasured("the sound is silent")


def _moving(power: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames of power in bands [frames, bands] are loud and restless."""
    from scipy.ndimage import uniform_filter1d

    total = power.sum(axis=1, dtype=np.float64)
    if total.max() <= 0:
        return np.zeros(total.size, np.bool_)
    loud = 10 * np.log10(np.maximum(total / total.max(), 1e-9))
    variance = np.empty(power.shape, np.float32)
    loudest = float(power.max())
    for band in range(power.shape[1]):
        level = 10 * np.log10(np.maximum(power[:, band].astype(np.float64) / loudest, 1e-9))
        mean = uniform_filter1d(level, 2 * _CONTEXT + 1, mode="nearest")
        square = uniform_filter1d(level * level, 2 * _CONTEXT + 1, mode="nearest")
        variance[:, band] = np.maximum(square - mean * mean, 0)
    variance.partition(power.shape[1] - _RESTLESS_BANDS, axis=1)
    spread = np.sqrt(variance[:, -_RESTLESS_BANDS:]).mean(axis=1)
    floor = np.quantile(loud, 0.1)
    found: NDArray[np.bool_] = (loud > -_PAUSE_DB) & (loud > floor + _ABOVE_FLOOR_DB) & (spread > _SPREAD_DB)
    return found
