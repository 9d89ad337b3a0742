"""Another pitch at the same tempo: stretched by a phase vocoder, then resampled. Formants move along."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from melpact.corpus.augment._augmentation import Augmentation, Float64, ranged
from melpact.corpus.augment._stft import stretched
from melpact.corpus.augment.speed import played


class PitchShift(Augmentation):
    """Pitch moves by up to ± `semitones`. With `formant_shift` the opposite way round, formants stay where they were."""

    semitones: float = Field(default=4.0, ge=0, le=12)

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        factor = 2 ** (self.strength * ranged(rng, -self.semitones, self.semitones) / 12)
        longer = stretched(samples, factor, round(samples.size * factor), sample_rate)
        moved = played(longer, sample_rate, factor)
        start = (moved.size - samples.size) // 2
        if start < 0:
            return np.pad(moved, (-start, samples.size - moved.size + start))
        return moved[start : start + samples.size]


PLUGIN = PitchShift
