"""The table of speech: what is understood, how it sounds, whose voice it is, how varied, how long, how often it fails.

What was heard of the sounds comes from the verb; the parts' own arithmetic is in `likeness`, `variety`, `pace`, `failures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from melpact.bench.cache import Found
from melpact.bench.conversion.material import Clip
from melpact.bench.conversion.table import scored
from melpact.bench.report import MetricFacts
from melpact.bench.score import Score
from melpact.bench.speech import columns as c
from melpact.bench.speech.failures import Count
from melpact.bench.speech.likeness import Likeness
from melpact.bench.speech.pace import Duration
from melpact.bench.speech.saying import NOISE, RECORDING, SHUFFLED, SPEECH, VOCODED, WRONG
from melpact.bench.speech.understood import Understood
from melpact.bench.speech.variety import Variety
from melpact.core.records import Record

ROWS = (SPEECH, VOCODED, RECORDING, SHUFFLED, WRONG, NOISE)


class Language(Record):
    """Held-out sentences of one language.

    Attributes:
        rows: row → column → score. times: column → how many times as many errors as the vocoded recordings.
    """

    language: str
    sentences: int
    speakers: int
    rows: dict[str, dict[str, Score]]
    times: dict[str, Score]


class Failures(Record):
    """Counts over many sentences.

    Attributes:
        cheap: failure → count, on every sentence. understood: failure → count, where the recogniser listened.
        any_cheap, any_understood: sentences with one at least.
        recordings: the same of people's recordings: how often the detectors are wrong.
        again: sentences of which the speaker threw an attempt away itself.
    """

    languages: dict[str, int]
    cheap: dict[str, Count]
    understood: dict[str, Count]
    any_cheap: Count
    any_understood: Count
    recordings: dict[str, Count]
    again: Count


class SpeakerFacts(Record):
    """One speaker's part of the table.

    Attributes:
        languages: what was tried. cost, first: over all sounds that were made here.
        heard_with: character errors of the same sentences with and without a reference.
        missing: parts that could not be measured, and why.
    """

    title: str
    spec: str
    vocoder: str
    fingerprint: str
    languages: dict[str, Language]
    likeness: tuple[Likeness, ...] = ()
    heard_with: dict[str, Score] = Field(default_factory=dict)
    variety: tuple[Variety, ...] = ()
    duration: tuple[Duration, ...] = ()
    failures: Failures | None = None
    cost: Score = Score(reason="nothing was made")
    first: Score = Score(reason="nothing was made")
    missing: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


class SentenceFacts(Record):
    """One sound: what was found of it."""

    speaker: str
    part: str
    name: str
    language: str
    row: str
    text: str
    understood: str = ""
    values: dict[str, float] = Field(default_factory=dict)
    reasons: dict[str, str] = Field(default_factory=dict)
    failures: dict[str, str] = Field(default_factory=dict)
    file: str = ""


class SpeechTable(Record):
    """All of it.

    Attributes:
        speakers: by name. columns: what they mean. failures: what each failure means.
        unavailable: column → why it cannot be measured here.
        left_out: what could not be used. failed: sounds that could not be made or heard.
    """

    seed: int
    version: str
    speakers: dict[str, SpeakerFacts]
    columns: dict[str, MetricFacts]
    failures: dict[str, str]
    sentences: tuple[SentenceFacts, ...]
    references: dict[str, str] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unavailable: dict[str, str] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass
class Heard:
    """What was heard of the held-out sentences of one language: row → sentence → words, an opinion, a language, or how much
    its pitch moves."""

    said: dict[str, dict[str, Found]] = field(default_factory=dict)
    opinion: dict[str, dict[str, Found]] = field(default_factory=dict)
    tongue: dict[str, dict[str, Found]] = field(default_factory=dict)
    melody: dict[str, dict[str, float]] = field(default_factory=dict)

    def understood(self, row: str, clip: Clip) -> Found:
        """The words of a row's sound of a sentence, beside that sentence's."""
        found = self.said.get(row, {}).get(clip.id, Found(reason="was not heard"))
        if found.reason is not None:
            return found
        one = Understood.of(clip.text, str(found.observation[1]), clip.language)
        return Found(one) if one.wanted else Found(reason="the text holds no word")


def language_table(language: str, clips: Sequence[Clip], heard: Heard, *, seed: int = 0) -> Language:
    """The rows of one language. The nulls: what is understood of one sound beside the texts of others."""
    rows: dict[str, dict[str, Score]] = {}
    tallies: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
    for row in (SPEECH, VOCODED):
        own = {clip.id: heard.understood(row, clip) for clip in clips}
        tallies[row] = _tallies(own)
        rows[row] = {name: scored(c.COLUMNS[name], tallies[row][name], _why(own), seed) for name in tallies[row]}
    for row, of in ((SHUFFLED, VOCODED), (WRONG, SPEECH)):
        own = {clip.id: _beside_others(of, clip, clips, heard) for clip in clips}
        summed = {
            name: {k: one.observation[i] for k, one in own.items() if one.reason is None}
            for i, name in enumerate((c.CHARACTERS, c.WORDS))
        }
        rows[row] = {name: scored(c.COLUMNS[name], found, _why(own), seed) for name, found in summed.items()}
    for row in (SPEECH, VOCODED, RECORDING, NOISE):
        seen = heard.opinion.get(row, {})
        values = {name: float(one.observation) for name, one in seen.items() if one.reason is None}
        rows.setdefault(row, {})[c.OPINION] = scored(c.COLUMNS[c.OPINION], values, _why(seen), seed)
    for row, seen in heard.tongue.items():
        right = {name: 100.0 * (one.observation == language) for name, one in seen.items() if one.reason is None}
        rows.setdefault(row, {})[c.TONGUE] = scored(c.COLUMNS[c.TONGUE], right, _why(seen), seed)
    for row, moves in heard.melody.items():
        rows.setdefault(row, {})[c.MELODY] = c.over(c.MELODY, moves, "nothing was heard", seed)
    times = {}
    for name, into in ((c.CHARACTERS, c.CHARACTERS_RATIO), (c.WORDS, c.WORDS_RATIO)):
        both = [k for k in tallies[SPEECH][name] if k in tallies[VOCODED][name]]
        fours = [(*tallies[SPEECH][name][k], *tallies[VOCODED][name][k]) for k in both]
        times[into] = c.times(fours, seed) if fours else Score(reason=_first(rows[SPEECH][name]))
    return Language(
        language=language, sentences=len(clips), speakers=len({clip.speaker for clip in clips}), rows=rows, times=times
    )


def _first(score: Score) -> str:
    return score.reason or "nothing was heard"


def _tallies(own: Mapping[str, Found]) -> dict[str, dict[str, tuple[int, int]]]:
    heard: dict[str, Understood] = {name: one.observation for name, one in own.items() if one.reason is None}
    return {
        c.CHARACTERS: {name: one.letters for name, one in heard.items()},
        c.WORDS: {name: one.whole_words for name, one in heard.items()},
    }


def _why(own: Mapping[str, Found]) -> dict[str, str]:
    return {name: one.reason for name, one in own.items() if one.reason is not None}


SHIFTS = (1, 2, 3)


def _beside_others(row: str, clip: Clip, clips: Sequence[Clip], heard: Heard) -> Found:
    """((wrong letters, letters), (wrong words, words)) of a text beside what is understood of the next three sentences."""
    if len(clips) < 2:
        return Found(reason="there is no other sentence")
    place, sums = list(clips).index(clip), [[0, 0], [0, 0]]
    for shift in SHIFTS[: len(clips) - 1]:
        other = clips[(place + shift) % len(clips)]
        found = heard.understood(row, other)
        if found.reason is not None:
            continue
        wrong = Understood.of(clip.text, " ".join(found.observation.got), clip.language)
        for total, (errors, length) in zip(sums, (wrong.letters, wrong.whole_words), strict=True):
            total[0] += errors
            total[1] += length
    if not sums[0][1]:
        return Found(reason="nothing was heard")
    return Found(tuple((a, b) for a, b in sums))


def column_facts() -> dict[str, MetricFacts]:
    """Of every column."""
    return {name: MetricFacts.of(metric) for name, metric in c.COLUMNS.items()}


def plain(values: Mapping[str, Any]) -> dict[str, float]:
    """Numbers alone."""
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}
