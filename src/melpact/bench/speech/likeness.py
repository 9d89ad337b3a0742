"""Whose voice speech has: beside two recordings of one voice, of two voices, and speech without any reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.bench import bootstrap
from melpact.bench.report import Difference
from melpact.bench.score import Score
from melpact.bench.speech import columns as c
from melpact.bench.totals import TELLING
from melpact.core.records import Record

SAME, WITH, ANOTHER = "same voice, two recordings", "speech with the reference", "speech with another's reference"
WITHOUT, OTHERS = "speech without a reference", "other voices' recordings"
STEADY = "speech with the reference, two sentences"
ROWS = (SAME, WITH, ANOTHER, WITHOUT, OTHERS, STEADY)
Embedding = NDArray[np.float32]
Embeddings = Mapping[str, Sequence[Embedding]]


class Likeness(Record):
    """By one encoder.

    Attributes:
        column: which. rows: row → similarity to recordings that were kept back, over voices.
            `STEADY`: to the speech of the same reference saying something else: a voice that wanders lies below `SAME`.
        voices: row → voice → similarity.
        apart: row → whether the interval of speech with the reference lies above the row's without touching it; from six
            voices on.
        gain: speech with the reference minus that with another's, paired by voice.
        reason: why nothing was measured.
    """

    column: str
    rows: dict[str, Score]
    voices: dict[str, dict[str, float]]
    apart: dict[str, bool]
    gain: Difference | None = None
    reason: str = ""

    @property
    def words(self) -> str:
        """What it says, in a sentence."""
        own = self.rows[WITH]
        if own.value is None:
            return f"{c.COLUMNS[self.column].title}: {self.reason or own.reason}"
        said = []
        for row in (OTHERS, ANOTHER, WITHOUT):
            score = self.rows[row]
            if score.value is None:
                said.append(f"{row}: {score.reason}")
            elif row not in self.apart:
                said.append(f"{row}: {score.value:.2f}, too few voices to tell")
            else:
                touch = "lies above it, and the intervals do not touch" if self.apart[row] else "the intervals touch"
                if not self.apart[row] and score.value > own.value:
                    touch = "lies below it" + (", and the intervals do not touch" if _below(own, score) else "")
                said.append(f"{row}: {score.value:.2f}{_ends(score)}: {touch}")
        return f"{c.COLUMNS[self.column].title} with the reference {own.value:.2f}{_ends(own)}; " + "; ".join(said)


def _ends(score: Score) -> str:
    return "" if score.low is None or score.high is None else f" [{score.low:.2f}, {score.high:.2f}]"


def _below(own: Score, other: Score) -> bool:
    return own.high is not None and other.low is not None and own.high < other.low


def likeness(
    column: str, kept_back: Embeddings, given: Embeddings, others: Embeddings, spoken: Mapping[str, Mapping[str, Embedding]],
    plain: Mapping[str, Mapping[str, Embedding]], *, reasons: Mapping[str, str], seed: int = 0,
) -> Likeness:  # fmt: skip
    """One encoder's table.

    Args:
        kept_back, given: voice → its recordings that the speaker was not given, and those that it was.
        others: other people → recordings.
        spoken: voice → sentence → speech with its reference. plain: voice → sentence → the same without a reference.
        reasons: row → why it has nothing.
    """
    people = {**{name: list(own) for name, own in kept_back.items() if len(own)}, **others}
    rows: dict[str, dict[str, float]] = {row: {} for row in ROWS}
    for voice, own in kept_back.items():
        if not len(own):
            continue
        pairs = [a @ b for a in own for b in given.get(voice, ())]
        pairs += [a @ b for i, a in enumerate(own) for b in own[i + 1 :]]
        if pairs:
            rows[SAME][voice] = float(np.mean(pairs))
        strangers = [
            np.mean([a @ b for a in own for b in theirs]) for who, theirs in people.items() if who != voice and theirs
        ]
        if strangers:
            rows[OTHERS][voice] = float(np.mean(strangers))
        tries = list(spoken.get(voice, {}).values())
        steady = [a @ b for i, a in enumerate(tries) for b in tries[i + 1 :]]
        if steady:
            rows[STEADY][voice] = float(np.mean(steady))
        for row, sounds in ((WITH, spoken.get(voice, {})), (WITHOUT, plain.get(voice, {}))):
            if sounds:
                rows[row][voice] = float(np.mean([sound @ b for sound in sounds.values() for b in own]))
        wrong = [
            np.mean([s @ b for s in theirs.values() for b in own]) for v, theirs in spoken.items() if v != voice and theirs
        ]
        if wrong:
            rows[ANOTHER][voice] = float(np.mean(wrong))
    scores = {row: c.over(column, found, reasons.get(row, "nothing was heard"), seed) for row, found in rows.items()}
    own_score, apart = scores[WITH], {}
    for row in (OTHERS, ANOTHER, WITHOUT):
        told = own_score.n >= TELLING and own_score.low is not None and scores[row].high is not None
        if told:
            apart[row] = bool(own_score.low > scores[row].high)  # type: ignore[operator]
    return Likeness(column=column, rows=scores, voices=rows, apart=apart, gain=_gain(column, rows, seed))


def _gain(column: str, rows: Mapping[str, Mapping[str, float]], seed: int) -> Difference | None:
    both = [voice for voice in rows[WITH] if voice in rows[ANOTHER]]
    if not both:
        return None
    ours, theirs = [rows[WITH][v] for v in both], [rows[ANOTHER][v] for v in both]
    value, ends = bootstrap.difference(c.COLUMNS[column], ours, theirs, seed=seed)
    low, high = ends or (None, None)
    winner = WITH if low is not None and low > 0 and len(both) >= TELLING else None
    return Difference(metric=column, a=WITH, b=ANOTHER, value=value, low=low, high=high, n=len(both), winner=winner)
