"""What the generator of a conversion is given, from mels, contents and pitches; the same in training and in use.

Every mel is brought to one level first (`active.levelled`): how loud a recording is says nothing of a voice. How the target
says what is spoken is in training the mean of the nearest of its frames (`Pool.picked`), found as retrieval finds them; in
use it is what a linear map makes of the content (`speaking`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.features.harmonic_mel import harmonic_ripple
from melpact.models.convert.lines import Kinds
from melpact.models.convert.retrieval import nearest

Floats = NDArray[np.float32]
PICKED = 4
"""Frames of the target that one picked frame is the mean of."""
ENERGY_DB, PITCH_HZ = 10.0, 200.0
"""What one unit of the energy is, and the pitch that octaves are counted from."""
LOWEST_DB = -60.0
"""Nothing is quieter than this, beside a recording's level."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Frames of a voice to pick from, all at level 0: mels [n_mels, P] before scaling, contents [D, P], how voiced each is
    [P]."""

    mels: Floats
    content: Floats
    share: Floats

    @cached_property
    def kinds(self) -> Kinds:
        """Moments of its bands."""
        return Kinds.of(self.mels, np.ones(self.share.size, np.bool_), self.share)

    def picked(self, content: Floats) -> Floats:
        """The mean of the nearest for each frame asked [D, T]: float32 [n_mels, T]."""
        places = nearest(content, self.content, min(PICKED, self.content.shape[1]))
        return np.asarray(self.mels[:, places].mean(2), np.float32)


def pitch_given(f0_hz: Floats, spec: MelSpec) -> Floats:
    """Hz [T], 0 where unvoiced → what the generator is told of it, float32 [2 + n_mels, T]."""
    voiced = f0_hz > 0
    octaves = np.where(voiced, np.log2(np.maximum(f0_hz, 1.0) / PITCH_HZ), 0.0)
    ripple = harmonic_ripple(f0_hz, spec)
    return np.concatenate([np.stack([octaves, voiced]).astype(np.float32), ripple])


def energy_given(loud_db: Floats, level: float) -> Floats:
    """How loud each frame [T], in dB, is beside its recording's level, as the generator is told it: float32 [1, T]."""
    return np.asarray(np.maximum(loud_db - level, LOWEST_DB)[None] / ENERGY_DB, np.float32)
