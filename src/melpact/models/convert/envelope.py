"""The moments of the envelope moved to the target's, while what stands on it stays: harmonics, and so the pitch.

The envelope E of a frame is what the first `KEPT` cosines over its bands hold (a cepstrum of the mel, cut off); in each
band y = x + ratio·(mean + std·(E - m)/s - E), with moments of envelopes; what is added is cut off like E. `statistics`
moves the bands themselves: below about 1 kHz they resolve the harmonics, and one voice's long-term pattern of harmonics
laid over another's bends the pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.records import digest
from melpact.models.convert.base import Converter, Floats
from melpact.models.convert.settings import Converting
from melpact.models.convert.statistics import MOST_SWING, Line, heard
from melpact.models.convert.voice import Target, Voice
from melpact.normalise.exponential import ExponentialStats

KEPT = 14
"""Cosines of an envelope, fading out over the last half of them."""
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class EnvelopeConverter(Converter):
    """The target's mean and standard deviation of the envelope in each band, by `ratio`. Moments are exact ones alone."""

    method = "envelope"

    @property
    def title(self) -> str:
        return "envelope: mean and spread of each band's envelope"

    @property
    def fingerprint(self) -> str:
        return digest(["converter", self.method, MOST_SWING, KEPT])

    def _about(
        self, whole: Floats, spec: MelSpec, target: Target, settings: Converting, f0_hz: Floats | None = None
    ) -> Line:
        return Line.between(_moments(heard(whole, spec)), _target_moments(target), settings.ratio)

    def watched(self, raw: Floats) -> Floats:
        return np.asarray(smoother(raw.shape[0]) @ raw.astype(np.float64), np.float32)

    def _about_so_far(
        self, raw: Floats, f0_hz: Floats | None, moments: ExponentialStats, target: Target, settings: Converting
    ) -> Line:
        return Line.between((moments.band_mean(), moments.band_std()), _target_moments(target), settings.ratio)

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
            raise TypeError("the line of each band's envelope is made by _about")
        smooth = smoother(given.shape[0])
        envelope = smooth @ given.astype(np.float64)
        return np.asarray(given + smooth @ (known(envelope) - envelope), np.float32)


@lru_cache(maxsize=16)
def smoother(n_mels: int) -> Float64:
    """A frame to its envelope: float64 [n_mels, n_mels]; a constant passes."""
    band, order = np.arange(n_mels) + 0.5, np.arange(n_mels)
    cosines = np.sqrt(2 / n_mels) * np.cos(np.pi / n_mels * np.outer(order, band))
    cosines[0] /= np.sqrt(2)
    weight = 0.5 + 0.5 * np.cos(np.pi * np.clip((order - KEPT / 2) / (KEPT / 2), 0, 1))
    made: Float64 = cosines.T @ (weight[:, None] * cosines)
    made.flags.writeable = False
    return made


def _moments(mel: Floats) -> tuple[Float64, Float64]:
    envelope = smoother(mel.shape[0]) @ mel.astype(np.float64)
    return envelope.mean(axis=1), envelope.std(axis=1)


def _target_moments(target: Target) -> tuple[Float64, Float64]:
    """Weighted means of the voices' means and standard deviations."""
    found = [(_voice_moments(voice), weight) for voice, weight in target.parts]
    mean = np.sum([weight * one[0] for one, weight in found], axis=0)
    std = np.sum([weight * one[1] for one, weight in found], axis=0)
    return mean, std


@lru_cache(maxsize=16)
def _voice_moments(voice: Voice) -> tuple[Float64, Float64]:
    """Of the frames that were kept and sound."""
    kept = voice.frames
    return _moments(kept.mels[:, kept.active if kept.active.any() else slice(None)])
