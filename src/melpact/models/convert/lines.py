"""`Lines`: moments moved apart for voiced and for unvoiced frames.

A voice has its colour where it is voiced; hiss is much the same in everybody. One line for all frames moves the mean of both
at once, and by how much depends on how much of either there is in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
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


Weighed = tuple[float, Moments, Moments]
"""How many frames there are of a kind; mean and standard deviation of every band over them, float64 [n_mels]."""


@dataclass(frozen=True)
class Kinds:
    """Moments of the voiced, the unvoiced and of all frames that sound; the first two None where nobody knows which."""

    voiced: Weighed | None
    unvoiced: Weighed | None
    all: Weighed

    @classmethod
    def of(cls, values: NDArray[np.floating], sounding: NDArray[np.bool_], share: Floats | None) -> Kinds:
        """Of values [n_mels, T].

        Args:
            sounding: bool [T]; where nothing sounds, all frames count.
            share: how voiced each frame is [T], 0 to 1; None: unknown.
        """

        def weighed(weights: Moments) -> Weighed:
            return (float(weights.sum()), *moments(values, weights))

        on = (sounding if sounding.any() else np.ones_like(sounding)).astype(np.float64)
        if share is None:
            return cls(None, None, weighed(on))
        return cls(weighed(on * share), weighed(on * (1 - share)), weighed(on))


@dataclass(frozen=True)
class Lines:
    """The line of each band of voiced and of unvoiced frames."""

    voiced: Line
    unvoiced: Line

    @classmethod
    def of(cls, own: Kinds, wanted: Sequence[tuple[Kinds, float]]) -> Lines:
        """From some moments to others, or to the mean of several by their weights.

        A kind of which there are few frames anywhere, or of which nobody knows, is moved as all frames are. What weighs
        nothing is not asked.
        """
        weighing = [(one, weight) for one, weight in wanted if weight > 0]

        def line(kind: str) -> Line:
            found, others = getattr(own, kind), [(getattr(one, kind), weight) for one, weight in weighing]
            if found is None or any(one is None for one, _ in others):
                return line("all")
            if kind != "all" and min(found[0], *(one[0] for one, _ in others)) < LEAST:
                return line("all")
            mean, std = (np.sum([weight * one[i] for one, weight in others], axis=0) for i in (1, 2))
            return Line.between(found[1:], (mean, std), 1.0)

        return cls(line("voiced"), line("unvoiced"))

    @classmethod
    def between(
        cls, values: NDArray[np.floating], sounding: NDArray[np.bool_], share: Floats | None, target: Target
    ) -> Lines:
        """From the moments of values [n_mels, T], where they sound, to those of the target's kept frames.

        Args:
            share: how voiced each frame is [T], 0 to 1; None: unknown, and all frames are of one kind.
        """
        return cls.of(Kinds.of(values, sounding, share), [(_of_voice(voice), weight) for voice, weight in target.parts])

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


@lru_cache(maxsize=16)
def _of_voice(voice: Voice) -> Kinds:
    return Kinds.of(voice.frames.mels, voice.frames.active, voicedness(voice.frames.f0_hz))
