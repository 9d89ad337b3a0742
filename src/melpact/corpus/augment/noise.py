"""Noise behind the sound, from white to brown, at a drawn ratio to the sound's own power."""

from __future__ import annotations

import numpy as np

from melpact.corpus.augment._augmentation import Augmentation, Float64, ranged
from melpact.corpus.augment._spectrum import filtered

_KNEE_HZ = 100.0


class Noise(Augmentation):
    """Stationary noise; its power falls with frequency to the power of 0 (white) to `steepest` (2: brown) above 100 Hz."""

    low_snr_db: float = 15.0
    high_snr_db: float = 50.0
    steepest: float = 2.0

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        snr = ranged(rng, self.low_snr_db, self.high_snr_db)
        colour = ranged(rng, 0.0, self.steepest)
        white = rng.standard_normal(samples.size)
        noise = filtered(white, sample_rate, lambda f: (np.maximum(f, _KNEE_HZ) / _KNEE_HZ) ** (-colour / 2))
        level = float(np.sqrt(np.mean(samples**2) / np.mean(noise**2))) * 10 ** (-snr / 20)
        return samples + self.strength * level * noise


PLUGIN = Noise
