"""The moments of the envelope moved to the target's, while what stands on it stays: harmonics, and so the pitch.

The envelope E of a frame is what the first `KEPT` cosines over its bands hold (a cepstrum of the mel, cut off); in each
band y = x + ratio·(mean + std·(E - m)/s - E), with moments of envelopes, of voiced and of unvoiced frames apart where the
pitch is known (`lines`); what is added is cut off like E. `statistics` moves the bands themselves: below about 1 kHz they
resolve the harmonics, and one voice's long-term pattern of harmonics laid over another's bends the pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.records import digest
from melpact.features.active import active
from melpact.models.convert.base import Converter, Floats
from melpact.models.convert.lines import Kinds, Lines, voicedness
from melpact.models.convert.settings import Converting
from melpact.models.convert.statistics import MOST_SWING
from melpact.models.convert.voice import Target, Voice
from melpact.normalise.exponential import ExponentialStats

KEPT = 14
"""Cosines of an envelope."""
WITHOUT_HARMONICS = 40
"""Cosines that what is added to a mel may have without bending the pitch that is in it."""
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """Of a whole mel: what moves the moments of its envelopes, and how voiced each frame is [T]; None: nobody knows."""

    lines: Lines
    share: Floats | None


@dataclass(frozen=True)
class EnvelopeConverter(Converter):
    """The target's mean and standard deviation of the envelope in each band, by `ratio`. Moments are exact ones alone."""

    method = "envelope"

    @property
    def title(self) -> str:
        return "envelope: mean and spread of each band's envelope"

    @property
    def fingerprint(self) -> str:
        return digest(["converter", self.method, 2, MOST_SWING, KEPT])

    def _about(
        self, whole: Floats, spec: MelSpec, target: Target, settings: Converting, f0_hz: Floats | None = None
    ) -> Known:
        share = None if f0_hz is None else voicedness(f0_hz)
        own = Kinds.of(_envelope(whole), active(whole, spec), share)
        return Known(Lines.of(own, [(_of_voice(voice), weight) for voice, weight in target.parts]), share)

    def watched(self, raw: Floats) -> Floats:
        return np.asarray(smoother(raw.shape[0]) @ raw.astype(np.float64), np.float32)

    def _about_so_far(
        self, raw: Floats, f0_hz: Floats | None, moments: ExponentialStats, target: Target, settings: Converting
    ) -> Known:
        own = Kinds(None, None, (float("inf"), moments.band_mean(), moments.band_std()))
        return Known(Lines.of(own, [(_of_voice(voice), weight) for voice, weight in target.parts]), None)

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
        if not isinstance(known, Known):
            raise TypeError("the lines of the envelope are made by _about")
        share = None if known.share is None else known.share[first_frame : first_frame + given.shape[1]]
        envelope = np.asarray(_envelope(given), np.float32)
        away: Float64 = (known.lines(envelope, share) - envelope).astype(np.float64)
        return np.asarray(given + settings.ratio * (smoother(given.shape[0]) @ away), np.float32)


@lru_cache(maxsize=16)
def smoother(n_mels: int, kept: int = KEPT) -> Float64:
    """A frame to what its first `kept` cosines hold, fading out over the last half of them: float64 [n_mels, n_mels]; a
    constant passes."""
    band, order = np.arange(n_mels) + 0.5, np.arange(n_mels)
    cosines = np.sqrt(2 / n_mels) * np.cos(np.pi / n_mels * np.outer(order, band))
    cosines[0] /= np.sqrt(2)
    weight = 0.5 + 0.5 * np.cos(np.pi * np.clip((order - kept / 2) / (kept / 2), 0, 1))
    made: Float64 = cosines.T @ (weight[:, None] * cosines)
    made.flags.writeable = False
    return made


def _envelope(mel: Floats) -> Float64:
    """[n_mels, T]."""
    made: Float64 = smoother(mel.shape[0]) @ mel.astype(np.float64)
    return made


def without_harmonics(given: Floats, made: Floats) -> Floats:
    """What was made of a mel [n_mels, T], with the given one's harmonics: what it differs by is smoothed along the bands."""
    smooth = smoother(given.shape[0], WITHOUT_HARMONICS)
    return np.asarray(given + smooth @ (made - given).astype(np.float64), np.float32)


@lru_cache(maxsize=16)
def _of_voice(voice: Voice) -> Kinds:
    """Moments of the envelopes of the frames that were kept."""
    kept = voice.frames
    return Kinds.of(_envelope(kept.mels), kept.active, voicedness(kept.f0_hz))
