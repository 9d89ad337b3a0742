"""`Speaking`: how a voice says what is spoken, as one linear map from content features to its mel, by least squares.

A mean of neighbours is a guess from a few frames, and jumps where the neighbours change; the map is made of all frames of
the voice and moves as the features do: it is understood better, and lies nearer the middle of the voice. Looking up frames
is in `retrieval`.

Source: Sun, Li, Wang, Kang and Meng 2016, "Phonetic posteriorgrams for many-to-one voice conversion without parallel data
training", section 3, there with a recurrent network where here is a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.models.convert.voice import Floats, Voice

OFFSETS = (-6, -3, 0, 3, 6)
"""Frames before and behind whose features a frame is made of."""
AXES = 128
"""Of wider features the principal axes alone are used."""
RIDGE = 80.0
"""What a weight costs, in frames, with features of variance 1: chosen on frames of other sentences of four voices."""
_Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Speaking:
    """Content features [D, T] → the mel that a voice would say it with.

    Attributes:
        axes: float32 [D, A], features to coordinates of about variance 1.
        weights: float32 [n_mels, A·len(OFFSETS)]. mean: float32 [n_mels].
    """

    axes: Floats
    weights: Floats
    mean: Floats

    @classmethod
    @lru_cache(maxsize=16)
    def of(cls, voice: Voice) -> Speaking:
        """`learnt`, once for each voice."""
        return cls.learnt(voice)

    @classmethod
    def learnt(cls, voice: Voice) -> Speaking:
        """From the frames of a voice that sound.

        Raises:
            ContractError: the voice knows no content, or nothing in it sounds.
        """
        content, kept = voice.content, voice.frames
        if content is None or not kept.active.any():
            raise ContractError("nothing to learn a voice from", wanted="frames that sound, and their content")
        axes = _axes(content.values[:, kept.active].astype(np.float64))
        edges = np.cumsum((0, *kept.lengths))
        parts = [_around(axes.T @ content.values[:, a:b]) for a, b in pairwise(edges)]
        given = np.concatenate(parts, axis=1)[:, kept.active]
        wanted = kept.mels[:, kept.active].astype(np.float64)
        mean = wanted.mean(axis=1)
        wide = given.astype(np.float64)
        gram = wide @ wide.T
        gram[np.diag_indices_from(gram)] += RIDGE
        weights = np.linalg.solve(gram, wide @ (wanted - mean[:, None]).T).T
        return cls(axes, np.asarray(weights, np.float32), np.asarray(mean, np.float32))

    def __call__(self, heard: Floats) -> Floats:
        """Of a whole utterance's features [D, T], float32 [n_mels, T]; edges are held."""
        return np.asarray(self.weights @ _around(self.axes.T @ heard) + self.mean[:, None], np.float32)


def _axes(values: _Float64) -> Floats:
    """The principal axes of features about 0, each divided by one scale: that of all of them."""
    power = values @ values.T / values.shape[1]
    scale = np.sqrt(max(np.trace(power) / len(power), 1e-12))
    if len(power) <= AXES:
        return np.asarray(np.eye(len(power)) / scale, np.float32)
    return np.asarray(np.linalg.eigh(power)[1][:, -AXES:] / scale, np.float32)


def _around(values: Floats) -> Floats:
    """[A, T] → [A·len(OFFSETS), T]: each frame with those around it."""
    at = np.arange(values.shape[1])
    return np.concatenate([values[:, np.clip(at + offset, 0, at.size - 1)] for offset in OFFSETS])
