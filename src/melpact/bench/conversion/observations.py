"""From what was heard to one observation per conversion, row and column. Their totals are in `table`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bench.cache import Found
from melpact.bench.conversion import columns as c
from melpact.bench.conversion import ears as h
from melpact.bench.conversion.material import Conversion
from melpact.bench.metrics._recogniser import edits, words

Floats = NDArray[np.float32]
SOURCE, VOCODED, MOVED = "source", "vocoded", "pitch moved"
SAME, OTHER = "same speaker", "other speakers"
BESIDE = (SOURCE, VOCODED, MOVED)
AGREES = 50.0
"""Per cent of the letters: a text that the recogniser reads more otherwise, in the unconverted source, is not taken."""


@dataclass(frozen=True)
class Made:
    """A sound of one row.

    Attributes:
        key: semitones by which its pitch was moved. seconds: of sound. spent_s: of one core; None: nothing was made.
        peak: before it was clipped.
    """

    path: Path
    key: float = 0.0
    seconds: float = 0.0
    spent_s: float | None = None
    peak: float = 0.0


@dataclass(frozen=True)
class Wanted:
    """The words that a conversion has to keep, from its text or from the recogniser; None with the reason."""

    letters: str = ""
    words: tuple[str, ...] = ()
    by: str = ""
    reason: str | None = None


@dataclass
class Heard:
    """All that was heard.

    Attributes:
        made: conversion → row → its sound, or why there is none.
        sounds: conversion → row → sense → what was found.
        voices: target → embeddings of its recordings that no converter was given.
        others: target → embeddings of other speakers, by speaker.
        silent: target → why there is no embedding, where there is none.
    """

    made: dict[str, dict[str, Made | str]] = field(default_factory=dict)
    sounds: dict[str, dict[str, dict[str, Found]]] = field(default_factory=dict)
    voices: dict[str, list[Floats]] = field(default_factory=dict)
    others: dict[str, dict[str, list[Floats]]] = field(default_factory=dict)
    silent: dict[str, str] = field(default_factory=dict)

    def same_speaker(self, target: str) -> Found:
        """How alike a target's own recordings are."""
        pairs = list(combinations(self.voices.get(target, []), 2))
        if not pairs:
            return Found(reason=self.silent.get(target) or "fewer than two recordings of the target were kept back")
        return Found(float(np.mean([a @ b for a, b in pairs])))

    def other_speakers(self, target: str) -> Found:
        """How alike recordings of a target and of other speakers are; every speaker counts once."""
        own, others = self.voices.get(target, []), self.others.get(target, {})
        if not own or not others:
            return Found(reason=self.silent.get(target) or "there is no other speaker")
        return Found(float(np.mean([np.mean([a @ b for a in own for b in each]) for each in others.values()])))


def observed(conversion: Conversion, row: str, heard: Heard) -> dict[str, Found]:
    """Column → observation of one sound, or the reason for none."""
    made = heard.made[conversion.name].get(row, "was not made")
    sounds = heard.sounds.get(conversion.name, {})
    own = sounds.get(row)
    if isinstance(made, str) or own is None:
        return {name: Found(reason=made if isinstance(made, str) else "was not heard") for name in c.COLUMNS}
    return {
        **_who(conversion, own, sounds.get(SOURCE, {}), heard),
        **_pitch(own),
        **_said(conversion, own, sounds),
        c.OPINION: own[h.QUALITY],
        c.DISTANCE: own[h.PARALLEL],
        c.SPEED: Found(reason="nothing is made") if made.spent_s is None else Found((made.seconds, max(made.spent_s, 1e-6))),
    }


def _who(conversion: Conversion, own: Mapping[str, Found], source: Mapping[str, Found], heard: Heard) -> dict[str, Found]:
    target, names = conversion.target.name, (c.SIMILARITY, c.SHARE, c.TO_SOURCE, c.NEARER)
    mine, theirs = own[h.WHO], source.get(h.WHO, Found(reason="the source was not heard"))
    voices = heard.voices.get(target, [])
    reason = mine.reason or (None if voices else heard.silent.get(target, "no recording of the target was heard"))
    if reason is not None:
        return dict.fromkeys(names, Found(reason=reason))
    near = float(np.mean([mine.observation @ other for other in voices]))
    found = {c.SIMILARITY: Found(near)}
    null, ceiling = heard.other_speakers(target), heard.same_speaker(target)
    missing = null.reason or ceiling.reason
    found[c.SHARE] = Found(reason=missing) if missing else Found((near, null.observation, ceiling.observation))
    if theirs.reason is not None:
        return {**found, c.TO_SOURCE: Found(reason=theirs.reason), c.NEARER: Found(reason=theirs.reason)}
    to_source = min(1.0, float(mine.observation @ theirs.observation))
    return {**found, c.TO_SOURCE: Found(to_source), c.NEARER: Found(float(near > to_source))}


def _pitch(own: Mapping[str, Found]) -> dict[str, Found]:
    found = own[h.PITCH]
    if found.reason is not None:
        return {c.F0_CORRELATION: found, c.F0_CENTS: found}
    correlation, cents = found.observation
    return {c.F0_CORRELATION: Found(correlation), c.F0_CENTS: Found(cents)}


def wanted(conversion: Conversion, sounds: Mapping[str, Mapping[str, Found]]) -> Wanted:
    """The words of the source: its text, unless the recogniser reads the unconverted source otherwise."""
    heard = sounds.get(SOURCE, {}).get(h.SAID, Found(reason="the source was not heard"))
    if heard.reason is not None:
        return Wanted(reason=heard.reason)
    language, understood = heard.observation
    read, text = (tuple(words(one, language)) for one in (understood, conversion.source.text))
    if text:
        off = 100 * edits("".join(text), "".join(read)) / len("".join(text))
        if off <= AGREES:
            return Wanted("".join(text), text, "text")
        why = f"recogniser, which reads the unconverted source {off:.0f} % otherwise than its text"
    else:
        why = "recogniser"
    if not read:
        return Wanted(by=why, reason="the recogniser understands nothing of the unconverted source")
    return Wanted("".join(read), read, why)


def _said(conversion: Conversion, own: Mapping[str, Found], sounds: Mapping[str, Mapping[str, Found]]) -> dict[str, Found]:
    names = (c.CHARACTERS, c.CHARACTERS_RATIO, c.WORDS, c.WORDS_RATIO)
    asked, mine = wanted(conversion, sounds), own[h.SAID]
    reason = mine.reason or asked.reason
    if reason is not None:
        return dict.fromkeys(names, Found(reason=reason))
    base = sounds.get(VOCODED, {}).get(h.SAID, Found(reason="the vocoded source was not heard"))
    found = {}
    for name, with_base, letters in ((c.CHARACTERS, c.CHARACTERS_RATIO, True), (c.WORDS, c.WORDS_RATIO, False)):
        errors = _errors(asked, mine, letters)
        found[name] = Found(errors)
        found[with_base] = Found(reason=base.reason) if base.reason else Found((*errors, *_errors(asked, base, letters)))
    return found


def _errors(asked: Wanted, heard: Found, letters: bool) -> tuple[int, int]:
    language, understood = heard.observation
    got: Sequence[Any] = words(understood, language)
    goal: Sequence[Any] = asked.words
    if letters:
        got, goal = "".join(got), asked.letters
    return edits(goal, got), len(goal)
