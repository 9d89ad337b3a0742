"""Another timbre: a tilt over the octaves and a few broad peaks and dips, as microphones and rooms have them."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from melpact.corpus.augment._augmentation import Augmentation, Float64, ranged
from melpact.corpus.augment._spectrum import filtered

_PIVOT_HZ, _LOWEST_HZ = 1000.0, 60.0


class Equaliser(Augmentation):
    """A tilt of up to ± `tilt_db_per_octave` about 1 kHz, and `peaks` bells of up to ± `peak_db`, an octave wide or more."""

    tilt_db_per_octave: float = Field(default=1.5, ge=0)
    peaks: int = Field(default=3, ge=0)
    peak_db: float = Field(default=6.0, ge=0)

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        tilt = ranged(rng, -self.tilt_db_per_octave, self.tilt_db_per_octave)
        top = np.log2(0.45 * sample_rate)
        bells = [
            (ranged(rng, np.log2(_LOWEST_HZ), top), ranged(rng, 0.5, 1.5), ranged(rng, -self.peak_db, self.peak_db))
            for _ in range(self.peaks)
        ]

        def gain(frequencies: Float64) -> Float64:
            octaves = np.log2(np.maximum(frequencies, _LOWEST_HZ))
            db = tilt * (octaves - np.log2(_PIVOT_HZ))
            for centre, width, height in bells:
                db = db + height * np.exp(-0.5 * ((octaves - centre) / width) ** 2)
            result: Float64 = 10 ** (self.strength * db / 20)
            return result

        return filtered(samples, sample_rate, gain)


PLUGIN = Equaliser
