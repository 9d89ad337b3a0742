"""A faster or slower tape: pitch, formants and tempo together, by resampling alone, so that no artefact is learnt."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.corpus.augment._augmentation import Augmentation, Float64, ranged


class Speed(Augmentation):
    """Pitch and formants move by up to ± `semitones`; the middle of the sound stays in the middle.

    A faster sound needs more of the original than it returns (`margin`); where the original ends there is silence.
    """

    semitones: float = Field(default=3.0, ge=0, le=12)

    @property
    def margin(self) -> float:
        return (2 ** (self.strength * self.semitones / 12) - 1) / 2

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        factor = 2 ** (self.strength * ranged(rng, -self.semitones, self.semitones) / 12)
        return played(samples, sample_rate, factor)


def played(samples: Float64, sample_rate: int, factor: float) -> Float64:
    """The sound at `factor` times its speed about its middle, cut or filled with silence to its own length."""
    n = samples.size
    rate = round(sample_rate * factor)
    if rate == sample_rate:
        return samples
    moved: Float64 = resample(Audio.of(samples, rate), sample_rate).samples[0].astype(np.float64)
    start = (moved.size - n) // 2
    if start >= 0:
        return moved[start : start + n]
    before = -start
    return np.pad(moved, (before, n - moved.size - before))


PLUGIN = Speed
