"""Whether it is the same voice: cosine of speaker embeddings of system and original."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

_RATE_HZ = 16000
_SHORTEST_S = 0.5


@lru_cache(maxsize=1)
def _encoder() -> Any:
    from resemblyzer import VoiceEncoder

    return VoiceEncoder("cpu", verbose=False)


def embedding(sound: Sound) -> NDArray[np.float32]:
    """Unit vector of a voice, float32 [256].

    Raises:
        NotMeasured: silence, or less than half a second of speech.
    """
    return sound.keep("speaker embedding", lambda: _embedding(sound))


def _embedding(sound: Sound) -> NDArray[np.float32]:
    from resemblyzer import preprocess_wav

    if sound.silent:
        raise NotMeasured("the sound is silent: it has no speaker")
    speech = preprocess_wav(np.clip(sound.at(_RATE_HZ), -1, 1), source_sr=_RATE_HZ)
    if speech.size < _SHORTEST_S * _RATE_HZ:
        seconds = speech.size / _RATE_HZ
        raise NotMeasured(f"{seconds:.2f} s of speech are too short to know a voice; {_SHORTEST_S} s are needed")
    return np.asarray(_encoder().embed_utterance(speech), np.float32)


def observe(pair: Pair) -> float:
    made, original = embedding(pair.made_whole), embedding(pair.original)
    return min(1.0, float(made @ original / (np.linalg.norm(made) * np.linalg.norm(original))))


PLUGIN = Metric(
    title="Speaker similarity",
    unit="",
    better="higher",
    perfect=1.0,
    observe=observe,
    meaning="Cosine between the speaker embeddings of system and original: about .87 within a speaker and .52 between "
    "speakers on natural speech, so .7 is no proof of the same voice. Its natural null is another speaker's utterance.",
    source="Resemblyzer 0.1.4; Wan et al. 2018, Generalized end-to-end loss for speaker verification",
    domains=("speech", "singing"),
    ignores=("polarity",),
    packages=("resemblyzer", "webrtcvad", "librosa", "torch"),
    install="pip install --no-deps resemblyzer webrtcvad-wheels && pip install librosa torch 'setuptools<81'",
)
