"""What is asked of a sound, and kept by content. What listens is in `ears`; what all of them say together, in `table`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from melpact.bench.cache import Found, Shelf, sound_digest
from melpact.bench.conversion.ears import LANGUAGE, PARALLEL, PITCH, QUALITY, SAID, WHO, WHO_ELSE, Ears
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Sound
from melpact.bench.task import Outcome, load
from melpact.core.errors import MelpactError

ALL = (WHO, SAID, QUALITY, PITCH, PARALLEL)
_FOR_SPEECH = (SAID, QUALITY)


@dataclass(frozen=True)
class Room:
    """What is the same for every sound.

    Attributes:
        rate: of the comparison, Hz. cache: folder, or None.
        band_rate: at which sounds of one sentence are compared, so that nothing counts which lies above the mel's highest
            frequency; None: `rate`.
    """

    rate: int
    ears: Ears
    cache: Path | None = None
    band_rate: int | None = None


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
    if sense == WHO_ELSE:
        return _kept(shelf, WHO_ELSE, room, lambda: room.ears.who_else(sound()))
    if sense == LANGUAGE:
        return _kept(shelf, LANGUAGE, room, lambda: room.ears.language(sound()))
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
    if sense == PITCH:
        key = f"{PITCH}:{sound_digest(other)}:{task.key}"
        return _kept(shelf, key, room, lambda: room.ears.pitch(_sound(other, room.rate), sound(), task.key))
    rate = room.band_rate or room.rate
    key = f"{PARALLEL}:{sound_digest(other)}:{rate}"
    return _kept(shelf, key, room, lambda: room.ears.parallel(_sound(other, rate), _sound(task.sound, rate)))


def _sound(path: Path, rate: int) -> Sound:
    return _loaded(path, rate, sound_digest(path))


@lru_cache(maxsize=4)
def _loaded(path: Path, rate: int, content: str) -> Sound:
    """By content: a file may be another one when it is asked for again."""
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
