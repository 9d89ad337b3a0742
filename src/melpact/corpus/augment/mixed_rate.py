"""Sound that once had a lower sample rate: resampled down and up again by a drawn rate and a drawn quality."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from melpact.audio.audio import Audio
from melpact.audio.resample import Quality, output_length, resample
from melpact.corpus.augment._augmentation import Augmentation, Float64

_QUALITIES: tuple[Literal["LQ", "MQ", "HQ"], ...] = ("LQ", "MQ", "HQ")


class MixedRate(Augmentation):
    """Down to one of `rates_hz` below the sound's own and back, by libsoxr's low, medium or high quality."""

    rates_hz: tuple[int, ...] = Field(default=(8000, 11025, 12000, 16000, 22050, 24000, 32000), min_length=1)

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        lower = [rate for rate in self.rates_hz if rate < sample_rate]
        quality: Quality = _QUALITIES[int(rng.integers(len(_QUALITIES)))]
        if not lower:
            return samples
        drawn = lower[int(rng.integers(len(lower)))]
        rate = round(sample_rate + self.strength * (drawn - sample_rate))
        if output_length(samples.size, sample_rate, rate) == 0:
            return samples
        down = resample(Audio.of(samples, sample_rate), rate, quality)
        back = resample(down, sample_rate, quality).samples[0]
        return np.pad(back, (0, max(0, samples.size - back.size)))[: samples.size].astype(np.float64)


PLUGIN = MixedRate
