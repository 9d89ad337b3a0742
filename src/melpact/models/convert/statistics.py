"""Moments moved to the target's: what the least of all conversions does, and the null beside leaving the mel alone.

In each band y = mean + std·(x - m) / s, with m, s of the source's own sounding frames. It moves the long-term colour of a
voice and the size of its swings, and nothing that depends on what is said: no speaker can be met by it, but a second of
reference is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.records import digest
from melpact.features.active import active
from melpact.models.convert.base import Converter, Floats
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Target
from melpact.normalise.exponential import ExponentialStats

Moments = NDArray[np.float64]

MOST_SWING = 4.0
"""No band's swings grow or shrink by more than this factor: a band that never moved would blow up its noise."""
STILL = 1e-3
"""A band that spreads less than this does not swing."""


@dataclass(frozen=True)
class Line:
    """y = slope·x + offset in each band, float64 [n_mels]."""

    slope: Moments
    offset: Moments

    @classmethod
    def between(cls, own: tuple[Moments, Moments], wanted: tuple[Moments, Moments], ratio: float) -> Line:
        """From one mean and standard deviation to the other, `ratio` of the way."""
        (mean, std), (wanted_mean, wanted_std) = own, wanted
        swing = np.where(std > STILL, wanted_std / np.maximum(std, STILL), 1.0)
        swing = np.clip(swing, 1 / MOST_SWING, MOST_SWING)
        return cls(1 + ratio * (swing - 1), ratio * (wanted_mean - swing * mean))

    def __call__(self, values: NDArray[np.floating]) -> Moments:
        """Of values [n_mels, T], float64."""
        return self.slope[:, None] * values + self.offset[:, None]


@dataclass(frozen=True)
class StatisticsConverter(Converter):
    """The target's mean and standard deviation in each band, by `ratio`; several voices are blended moment by moment."""

    method = "statistics"
    reads = ("moments",)

    @property
    def title(self) -> str:
        return "statistics: mean and spread of each band"

    @property
    def fingerprint(self) -> str:
        return digest(["converter", self.method, MOST_SWING])

    def _about(
        self, whole: Floats, spec: MelSpec, target: Target, settings: Converting, f0_hz: Floats | None = None
    ) -> Line:
        sounding = active(whole, spec)
        own = whole[:, sounding if sounding.any() else slice(None)].astype(np.float64)
        return Line.between((own.mean(axis=1), own.std(axis=1)), target.moments(settings.moments), settings.ratio)

    def _about_so_far(
        self, raw: Floats, f0_hz: Floats | None, moments: ExponentialStats, target: Target, settings: Converting
    ) -> Line:
        return Line.between((moments.band_mean(), moments.band_std()), target.moments(settings.moments), settings.ratio)

    def _convert(
        self,
        given: Floats,
        target: Target,
        settings: Converting,
        f0_hz: Floats | None,
        energy: Floats,
        known: object,
        first_frame: int,
    ) -> Floats:
        if not isinstance(known, Line):
            raise TypeError("the line of each band is made by _about")
        return np.asarray(known(given), np.float32)
