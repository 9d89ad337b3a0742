"""What is heard in a sound: whose voice, which words, how good, how near its pitch lies to another's. Kept by content.

What the numbers of all sounds say together is in `table`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from melpact.bench.align import pair
from melpact.bench.cache import Found, Shelf, metric_digest, sound_digest, sources_digest
from melpact.bench.metric import Metric
from melpact.bench.metrics import _pitch, _recogniser, character_error_rate, dnsmos_overall, f0_correlation, mcd_dtw
from melpact.bench.metrics import speaker_similarity as similarity
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound
from melpact.bench.task import METRICS, Outcome, load
from melpact.core.errors import MelpactError

WHO, LANGUAGE, SAID, QUALITY, PITCH, PARALLEL = "who", "language", "said", "quality", "pitch", "parallel"
ALL = (WHO, SAID, QUALITY, PITCH, PARALLEL)
_FOR_SPEECH = (SAID, QUALITY)
Floats = NDArray[np.float32]


class Ears(Protocol):
    """What listens. Every method raises `NotMeasured` with the reason where it cannot say."""

    def version(self, sense: str) -> str:
        """What the answers of a sense depend on besides the sounds."""

    def missing(self, sense: str) -> str | None:
        """Why a sense is not to be had on this machine, or None."""

    def who(self, sound: Sound) -> Floats:
        """An embedding of the voice, [E]."""

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
        name, metric = _SENSES[sense]
        return metric_digest(METRICS, name, metric.packages) + sources_digest((Path(__file__),))

    def missing(self, sense: str) -> str | None:
        return _SENSES[sense][1].missing()

    def who(self, sound: Sound) -> Floats:
        made = similarity.embedding(sound)
        return np.asarray(made / np.linalg.norm(made), np.float32)

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


@dataclass(frozen=True)
class Room:
    """What is the same for every sound: rate of the comparison (Hz), ears, cache folder or None."""

    rate: int
    ears: Ears
    cache: Path | None = None


@dataclass(frozen=True)
class Listening:
    """One sound and what is asked of it.

    Attributes:
        source, key: what its pitch is compared with, and by how many semitones it was moved.
        parallel: the target's recording of the same sentence.
        spoken: whether it is speech; singing is not given to what is made for speech.
        language: of the words; "": what is heard in the source.
    """

    name: str
    sound: Path
    senses: tuple[str, ...] = ALL
    source: Path | None = None
    key: float = 0.0
    parallel: Path | None = None
    spoken: bool = True
    language: str = ""


def listen(task: Listening, room: Room) -> Outcome:
    """`found[""][sense]` of a sound: embedding, (language, words), a number, (correlation, cents), or why there is none."""
    outcome = Outcome(task.name)
    try:
        shelf = Shelf(room.cache, ["conversion hearing", 1, sound_digest(task.sound), room.rate])
        found = {sense: _heard(sense, task, room, shelf) for sense in task.senses}
    except (MelpactError, OSError) as error:
        outcome.failed[""] = str(error)
        return outcome
    shelf.write()
    outcome.found[""] = found
    return outcome


def _heard(sense: str, task: Listening, room: Room, shelf: Shelf) -> Found:
    reason = room.ears.missing(sense)
    if reason is not None:
        return Found(reason=reason)
    if not task.spoken and sense in _FOR_SPEECH:
        return Found(reason="made for speech, not for singing")
    sound = partial(_sound, task.sound, room.rate)
    if sense == WHO:
        return _kept(shelf, WHO, room, lambda: room.ears.who(sound()))
    if sense == QUALITY:
        return _kept(shelf, QUALITY, room, lambda: room.ears.quality(sound()))
    if sense == SAID:
        language = task.language
        if not language:
            first = task.source or task.sound
            own = (
                shelf
                if first == task.sound
                else Shelf(room.cache, ["conversion hearing", 1, sound_digest(first), room.rate])
            )
            told = _kept(own, LANGUAGE, room, lambda: room.ears.language(_sound(first, room.rate)))
            own.write()
            if told.reason is not None:
                return told
            language = str(told.observation)
        found = _kept(shelf, f"{SAID}:{language}", room, lambda: room.ears.said(sound(), language))
        return found if found.reason is not None else Found((language, found.observation), None, found.seconds)
    other = task.source if sense == PITCH else task.parallel
    if other is None:
        nothing = "no source" if sense == PITCH else "the target has no recording of this sentence"
        return Found(reason=nothing)
    first_sound, key = (
        partial(_sound, other, room.rate),
        f"{sense}:{sound_digest(other)}:{task.key if sense == PITCH else ''}",
    )
    if sense == PITCH:
        return _kept(shelf, key, room, lambda: room.ears.pitch(first_sound(), sound(), task.key))
    return _kept(shelf, key, room, lambda: room.ears.parallel(first_sound(), sound()))


@lru_cache(maxsize=4)
def _sound(path: Path, rate: int) -> Sound:
    return Sound(load(path), rate)


def _kept(shelf: Shelf, key: str, room: Room, make: Callable[[], Any]) -> Found:
    """From the shelf, or heard now. What a package throws at an odd sound costs this one answer, and is not kept."""
    key = f"{key}:{room.ears.version(key.partition(':')[0])}"
    kept = shelf.get(key)
    if kept is not None:
        return kept
    try:
        value = make()
        if isinstance(value, float) and not np.isfinite(value):
            raise NotMeasured(f"the value is {value}")
        found = Found(value)
    except MelpactError as reason:
        found = Found(reason=str(reason).rstrip("."))
    except Exception as error:  # one answer never ends the run
        found = Found(reason=f"unexpected {type(error).__name__}: {error}", fault=True)
    shelf.put(key, found)
    return found
