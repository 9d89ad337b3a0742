"""Another level: what a microphone's distance and a recording's gain do."""

from __future__ import annotations

import numpy as np

from melpact.corpus.augment._augmentation import Augmentation, Float64, ranged


class Gain(Augmentation):
    """The sound times a factor, drawn in dB."""

    low_db: float = -18.0
    high_db: float = 3.0

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        drawn = self.strength * ranged(rng, self.low_db, self.high_db)
        return samples * 10 ** (drawn / 20)


PLUGIN = Gain
