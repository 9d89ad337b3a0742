"""A narrower band: nothing above (and below) a drawn frequency, as telephones, codecs and old recordings leave it."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from melpact.corpus.augment._augmentation import Augmentation, Float64, ranged
from melpact.corpus.augment._spectrum import filtered

_EDGE = 0.05


class BandLimit(Augmentation):
    """The upper limit is drawn in octaves from `lowest_top_hz` to Nyquist, the lower one from 0 to `highest_bottom_hz`.

    The edges fall over 5 % of their frequency.
    """

    lowest_top_hz: float = Field(default=3400.0, gt=0)
    highest_bottom_hz: float = Field(default=120.0, ge=0)

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        nyquist = sample_rate / 2
        octaves = ranged(rng, 0.0, max(0.0, np.log2(nyquist / self.lowest_top_hz)))
        top = nyquist * 2 ** (-self.strength * octaves)
        bottom = self.strength * ranged(rng, 0.0, self.highest_bottom_hz)

        def gain(frequencies: Float64) -> Float64:
            upper = np.clip((top * (1 + _EDGE) - frequencies) / (_EDGE * top), 0, 1)
            lower = np.clip((frequencies - bottom) / (_EDGE * bottom) + 1, 0, 1) if bottom > 0 else np.ones(1)
            result: Float64 = np.sin(np.pi / 2 * upper) ** 2 * np.sin(np.pi / 2 * lower) ** 2
            return result

        return filtered(samples, sample_rate, gain)


PLUGIN = BandLimit
