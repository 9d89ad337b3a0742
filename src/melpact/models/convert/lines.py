"""`Lines`: moments moved apart for voiced and for unvoiced frames.

A voice has its colour where it is voiced; hiss is much the same in everybody. One line for all frames moves the mean of both
at once, and by how much depends on how much of either there is in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from melpact.models.convert.statistics import Line, Moments
from melpact.models.convert.voice import Floats, Target, Voice

REACH = 3
"""Frames to either side over which "voiced" fades into "unvoiced"."""
LEAST = 20.0
"""Frames of a kind that have to be there; with fewer, the moments of all frames are moved."""


@dataclass(frozen=True)
class Lines:
    """The line of each band of voiced and of unvoiced frames."""

    voiced: Line
    unvoiced: Line

    @classmethod
    def between(
        cls, values: NDArray[np.floating], sounding: NDArray[np.bool_], share: Floats | None, target: Target
    ) -> Lines:
        """From the moments of values [n_mels, T], where they sound, to those of the target's kept frames.

        Args:
            share: how voiced each frame is [T], 0 to 1; None: unknown, and all frames are of one kind.
        """

        def line(voiced: bool, known: bool) -> Line:
            own = _weights(sounding, share if known else None, voiced)
            wanted = [(_of_voice(voice, voiced if known else None), weight) for voice, weight in target.parts]
            if known and min(own.sum(), *(frames for (frames, _, _), _ in wanted)) < LEAST:
                return line(voiced, known=False)
            mean = np.sum([weight * mean for (_, mean, _), weight in wanted], axis=0)
            std = np.sum([weight * std for (_, _, std), weight in wanted], axis=0)
            return Line.between(moments(values, own), (mean, std), 1.0)

        return cls(line(True, share is not None), line(False, share is not None))

    def __call__(self, values: Floats, share: Floats | None) -> Floats:
        """Of values [n_mels, T]; what is half voiced is moved by half of both."""
        if share is None:
            return np.asarray(self.voiced(values), np.float32)
        return np.asarray(share * self.voiced(values) + (1 - share) * self.unvoiced(values), np.float32)


def voicedness(f0_hz: Floats) -> Floats:
    """How voiced each frame is, 0 to 1, float32 [T]: of pitches in Hz, 0 where unvoiced, averaged over `REACH`."""
    made: Floats = smooth((f0_hz > 0)[None].astype(np.float32), REACH)[0]
    return made


def smooth(values: Floats, reach: int) -> Floats:
    """Values [n_mels, T] averaged over `reach` frames to either side, the nearer ones weighing more; edges are held."""
    if reach == 0 or values.shape[1] == 0:
        return values
    weights = (reach + 1 - np.abs(np.arange(-reach, reach + 1))).astype(np.float32)
    weights /= weights.sum()
    held = np.pad(values, ((0, 0), (reach, reach)), "edge")
    frames = values.shape[1]
    parts = [weight * held[:, i : i + frames] for i, weight in enumerate(weights)]
    return np.asarray(np.sum(parts, 0), np.float32)


def moments(values: NDArray[np.floating], weights: Moments) -> tuple[Moments, Moments]:
    """Weighted mean and standard deviation of each band, float64 [n_mels]."""
    share = weights / max(weights.sum(), 1e-9)
    mean = values @ share
    return mean, np.sqrt(np.maximum(np.square(values - mean[:, None]) @ share, 0))


def _weights(sounding: NDArray[np.bool_], share: Floats | None, voiced: bool) -> Moments:
    on = (sounding if sounding.any() else np.ones_like(sounding)).astype(np.float64)
    if share is None:
        return on
    made: Moments = on * (share if voiced else 1 - share)
    return made


@lru_cache(maxsize=16)
def _of_voice(voice: Voice, voiced: bool | None) -> tuple[float, Moments, Moments]:
    """How many frames of a kind there are, None: of any; their mean and standard deviation."""
    kept = voice.frames
    weights = _weights(kept.active, None if voiced is None else voicedness(kept.f0_hz), bool(voiced))
    mean, std = moments(kept.mels, weights)
    return float(weights.sum()), mean, std
