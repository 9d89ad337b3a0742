"""Converters to hold laws to, one of each method, and voices for them; everything drawn, nothing recorded."""

from __future__ import annotations

from functools import cache

import numpy as np

from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.models.convert.base import Converter
from melpact.models.convert.learning import learn
from melpact.models.convert.opening import converter as opened
from melpact.models.convert.voice import Voice

SPEC = dialect("hifigan_22k").spec


def speechlike(frames: int, seed: int = 0, spec: MelSpec = SPEC, *, tilt: float = 0.0, spread: float = 1.0) -> Mel:
    """A mel with about the levels of speech, before any scaling; well above the floor."""
    rng = np.random.default_rng(seed)
    centre = np.linspace(-2.0, -5.0 + tilt, spec.n_mels)[:, None]
    values = np.maximum(centre + rng.normal(0.0, spread, (spec.n_mels, frames)), SPEC.floor_value)
    return Mel(spec.scaling.apply(values.astype(np.float32), {}), spec)


def pitch(frames: int, hz: float = 200.0) -> np.ndarray:
    """A voice that rises and falls by 20 %, with a pause every fifty frames."""
    t = np.arange(frames)
    made: np.ndarray = np.where(t % 50 < 40, hz * 1.2 ** np.sin(t / 30), 0.0).astype(np.float32)
    return made


@cache
def voice(seed: int = 7, tilt: float = 1.5, spread: float = 1.4, hz: float = 300.0) -> Voice:
    """A voice of two utterances."""
    mels = [speechlike(n, seed + n, tilt=tilt, spread=spread) for n in (260, 140)]
    return learn(mels, [pitch(mel.n_frames, hz) for mel in mels])


@cache
def converter(method: str) -> Converter:
    """One of each method."""
    return opened(method)
