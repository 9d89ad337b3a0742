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


def speech(sound: Sound) -> NDArray[np.bool_]:
    """Bool [frames].

    Raises:
        NotMeasured: less than half a second, or silence.
    """
    return sound.keep("speech frames", lambda: _speech(sound))


def _speech(sound: Sound) -> NDArray[np.bool_]:
    from scipy.ndimage import uniform_filter1d

    if sound.seconds < 0.5:
        raise NotMeasured(f"{sound.seconds:.2f} s are too short to tell speech; at least 0.5 s are needed")
    if sound.silent:
        raise NotMeasured("the sound is silent")
    power = _frames.band_power(sound).astype(np.float64)
    total = power.sum(axis=1)
    if total.max() <= 0:
        return np.zeros(total.size, np.bool_)
    loud = 10 * np.log10(np.maximum(total / total.max(), 1e-9))
    level = 10 * np.log10(np.maximum(power / power.max(), 1e-9))
    mean = uniform_filter1d(level, 2 * _CONTEXT + 1, axis=0, mode="nearest")
    square = uniform_filter1d(level * level, 2 * _CONTEXT + 1, axis=0, mode="nearest")
    restless = np.sort(np.maximum(square - mean * mean, 0), axis=1)[:, -_RESTLESS_BANDS:]
    spread = np.sqrt(restless).mean(axis=1)
    floor = np.quantile(loud, 0.1)
    found: NDArray[np.bool_] = (loud > -_PAUSE_DB) & (loud > floor + _ABOVE_FLOOR_DB) & (spread > _SPREAD_DB)
    return found
