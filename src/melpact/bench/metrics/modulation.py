"""How far the share of syllable-rate modulation (2 to 8 Hz) is from the original's."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics import _frames
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

_SYLLABLES_HZ, _ALL_HZ = (2.0, 8.0), (0.5, 32.0)
_SHORTEST_S = 1.0


def share_percent(sound: Sound) -> float:
    """Per cent of the modulation energy of 0.5 to 32 Hz that lies between 2 and 8 Hz: amplitude envelopes of 16 bands
    (100 to 8000 Hz), each without its mean and under a Hann window; the mean of the bands.

    Raises:
        NotMeasured: less than a second, or no modulation at all.
    """
    return sound.keep("syllable share", lambda: _share(sound))


def _share(sound: Sound) -> float:
    from scipy.fft import rfft
    from scipy.signal.windows import hann

    if sound.seconds < _SHORTEST_S:
        raise NotMeasured(f"{sound.seconds:.2f} s are too short for modulations of 2 Hz; at least 1 s is needed")
    if sound.silent:
        raise NotMeasured("the sound is silent")
    envelope = np.sqrt(_frames.band_power(sound).astype(np.float64))
    taper = hann(envelope.shape[0])[:, None]
    centred = (envelope - (envelope * taper).sum(axis=0) / taper.sum()) * taper
    energy = np.abs(rfft(centred, axis=0)) ** 2
    frequency = np.arange(energy.shape[0]) * _frames.FRAME_RATE_HZ / envelope.shape[0]
    inside = energy[(frequency >= _SYLLABLES_HZ[0]) & (frequency < _SYLLABLES_HZ[1])].sum(axis=0)
    whole = energy[(frequency >= _ALL_HZ[0]) & (frequency < _ALL_HZ[1])].sum(axis=0)
    moving = whole > 1e-12 * max(float(np.square(envelope).sum()), 1e-30)
    if not moving.any():
        raise NotMeasured("nothing in the sound is modulated")
    return 100.0 * float((inside[moving] / whole[moving]).mean())


def observe(pair: Pair) -> float:
    return abs(share_percent(pair.made) - share_percent(pair.original))


PLUGIN = Metric(
    title="Modulation 2 to 8 Hz",
    unit="%",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Difference to the original, in percentage points, of the share of envelope energy that changes 2 to 8 "
    "times a second, the rate of syllables. Noise, buzz and smearing lower the share.",
    source="Houtgast & Steeneken 1985, A review of the MTF concept; Greenberg 1999, Speaking in shorthand (2 to 8 Hz)",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
)
