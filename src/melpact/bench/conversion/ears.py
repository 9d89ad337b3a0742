"""What listens to a sound: whose voice, which words, how good, how near its pitch lies to another's. Keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.bench.align import pair
from melpact.bench.cache import metric_digest, sources_digest
from melpact.bench.metric import Metric
from melpact.bench.metrics import (
    _pitch,
    _recogniser,
    _second_speaker,
    character_error_rate,
    dnsmos_overall,
    f0_correlation,
    mcd_dtw,
)
from melpact.bench.metrics import speaker_similarity as similarity
from melpact.bench.sound import Pair, Sound
from melpact.bench.task import METRICS

WHO, LANGUAGE, SAID, QUALITY, PITCH, PARALLEL = "who", "language", "said", "quality", "pitch", "parallel"
WHO_ELSE = "who_else"
"""Of a second encoder."""
Floats = NDArray[np.float32]


class Ears(Protocol):
    """What listens. Every method raises `NotMeasured` with the reason where it cannot say."""

    def version(self, sense: str) -> str:
        """What the answers of a sense depend on besides the sounds."""

    def missing(self, sense: str) -> str | None:
        """Why a sense is not to be had on this machine, or None."""

    def who(self, sound: Sound) -> Floats:
        """An embedding of the voice, [E]."""

    def who_else(self, sound: Sound) -> Floats:
        """Another encoder's embedding of the voice, [E]."""

    def language(self, sound: Sound) -> str:
        """Two letters."""

    def said(self, sound: Sound, language: str) -> str:
        """The words that are understood."""

    def quality(self, sound: Sound) -> float:
        """An opinion."""

    def pitch(self, source: Sound, made: Sound, key: float) -> tuple[float, float]:
        """Correlation of the two contours, and median distance from the source's plus the key, cents."""

    def parallel(self, recording: Sound, made: Sound) -> float:
        """How far two sounds of the same words lie apart, dB."""


_SENSES: dict[str, tuple[str, Metric]] = {
    WHO: ("speaker_similarity", similarity.PLUGIN), LANGUAGE: ("character_error_rate", character_error_rate.PLUGIN),
    SAID: ("character_error_rate", character_error_rate.PLUGIN), QUALITY: ("dnsmos_overall", dnsmos_overall.PLUGIN),
    PITCH: ("f0_correlation", f0_correlation.PLUGIN), PARALLEL: ("mcd_dtw", mcd_dtw.PLUGIN),
}  # fmt: skip


@dataclass(frozen=True)
class Usual:
    """The bench's own metrics: Resemblyzer, Whisper, DNSMOS, WORLD."""

    def version(self, sense: str) -> str:
        if sense == WHO_ELSE:
            return sources_digest((Path(_second_speaker.__file__),))
        name, metric = _SENSES[sense]
        own = sources_digest((Path(__file__),)) if sense in (PITCH, PARALLEL) else ""
        return metric_digest(METRICS, name, metric.packages) + own

    def missing(self, sense: str) -> str | None:
        if sense == WHO_ELSE:
            return _second_speaker.missing()
        return _SENSES[sense][1].missing()

    def who(self, sound: Sound) -> Floats:
        made = similarity.embedding(sound)
        return np.asarray(made / np.linalg.norm(made), np.float32)

    def who_else(self, sound: Sound) -> Floats:
        return _second_speaker.embedding(sound)

    def language(self, sound: Sound) -> str:
        return _recogniser.language(sound)

    def said(self, sound: Sound, language: str) -> str:
        return _recogniser.recognised(sound, language)

    def quality(self, sound: Sound) -> float:
        return float(dnsmos_overall.PLUGIN.measure(_with(sound, sound)))

    def pitch(self, source: Sound, made: Sound, key: float) -> tuple[float, float]:
        both = _with(source, made)
        x, y = _pitch.voiced_tracks(both, _pitch.EDGE_FRAMES)
        return float(f0_correlation.PLUGIN.measure(both)), float(np.median(np.abs(_pitch.cents(x, y) - 100 * key)))

    def parallel(self, recording: Sound, made: Sound) -> float:
        return float(mcd_dtw.PLUGIN.measure(_with(recording, made)))


def _with(original: Sound, made: Sound) -> Pair:
    """Time is left alone: a conversion keeps it."""
    return pair(original, made.audio, max_lag_s=0.0)
