"""The two mels of a comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioTooShort

UNIT = "dialect's unit"
"""Stands for `MelSpec.unit` of the comparison's mel (nat, decade, dB)."""


def mel(sound: Sound, spec: MelSpec) -> NDArray[np.float32]:
    """The log mel before any scaling, float32 [n_mels, frames].

    Raises:
        NotMeasured: the sound is too short for a frame.
    """
    from melpact.features.analysis import analyse

    bare = spec if isinstance(spec.scaling, NoScaling) else spec.replace_quietly(scaling=NoScaling())

    def make() -> NDArray[np.float32]:
        try:
            return analyse(sound.at(spec.sample_rate), bare)[0]
        except AudioTooShort as error:
            raise NotMeasured(f"too short for one frame of the mel: {error}") from error

    return sound.keep(("mel", bare.fingerprint), make)


def mels(pair: Pair) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of the original and of what was made of it, of one shape."""
    return mel(pair.original, pair.mel_spec), mel(pair.made, pair.mel_spec)
