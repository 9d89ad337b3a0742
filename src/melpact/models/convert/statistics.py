"""Moments moved to the target's: what the least of all conversions does, and the null beside leaving the mel alone.

In each band y = mean + std·(x - m) / s, with m, s of the source's own sounding frames. It moves the long-term colour of a
voice and the size of its swings, and nothing that depends on what is said: no speaker can be met by it, but a second of
reference is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import name_of
from melpact.contract.spec import MelSpec
from melpact.core.records import digest
from melpact.models.convert.active import active
from melpact.models.convert.base import Converter, Floats
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Target

MOST_SWING = 4.0
"""No band's swings grow or shrink by more than this factor: a band that never moved would blow up its noise."""
STILL = 1e-3
"""A band that spreads less than this does not swing."""


@dataclass(frozen=True)
class Line:
    """y = slope·x + offset in each band, float64 [n_mels]."""

    slope: NDArray[np.float64]
    offset: NDArray[np.float64]


@dataclass(frozen=True)
class StatisticsConverter(Converter):
    """The target's mean and standard deviation in each band, by `ratio`; several voices are blended moment by moment."""

    own_spec: MelSpec | None = None
    method = "statistics"

    @property
    def spec(self) -> MelSpec | None:
        return self.own_spec

    @property
    def title(self) -> str:
        return "statistics: mean and spread of each band" + ("" if self.spec is None else f", {name_of(self.spec)}")

    @property
    def fingerprint(self) -> str:
        return digest(["converter", self.method, MOST_SWING])

    def _about(self, whole: Floats, spec: MelSpec, target: Target, settings: Converting) -> Line:
        """The line of each band. Source: the sounding frames of the whole mel, or all where none sounds."""
        sounding = active(whole, spec)
        heard = whole[:, sounding if sounding.any() else slice(None)].astype(np.float64)
        mean, std = heard.mean(axis=1), heard.std(axis=1)
        wanted_mean, wanted_std = target.moments(settings.moments)
        swing = np.where(std > STILL, wanted_std / np.maximum(std, STILL), 1.0)
        swing = np.clip(swing, 1 / MOST_SWING, MOST_SWING)
        part = settings.ratio
        slope = 1 + part * (swing - 1)
        offset = part * (wanted_mean - swing * mean)
        return Line(slope, offset)

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
        return np.asarray(known.slope[:, None] * given + known.offset[:, None], np.float32)
