"""What a recogniser's words tell of a spoken sentence: how many are wrong, and whether some were skipped or came twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from melpact.bench.metrics._recogniser import edits, words

SKIPPED_WORDS, REPEATED_WORDS = 3, 2
UNINTELLIGIBLE = 0.8
"""Of the letters: about what sentences get that have nothing to do with each other."""
SKIP, AGAIN, NOT_UNDERSTOOD = "skip", "said again", "not understood"
MEANINGS = {
    SKIP: f"{SKIPPED_WORDS} words of the text in a row have nothing in what the recogniser understands, or half of a "
    "shorter text.",
    AGAIN: f"{REPEATED_WORDS} words or more that are not in the text repeat those right before or after them.",
    NOT_UNDERSTOOD: f"{100 * UNINTELLIGIBLE:.0f} % of the letters or more are wrong.",
}
Step = tuple[Literal["same", "other", "missing", "more"], int, int]


@dataclass(frozen=True)
class Understood:
    """A sentence and what was understood of it; both as bare words."""

    wanted: tuple[str, ...]
    got: tuple[str, ...]

    @classmethod
    def of(cls, text: str, understood: str, language: str) -> Understood:
        return cls(tuple(words(text, language)), tuple(words(understood, language)))

    @property
    def letters(self) -> tuple[int, int]:
        """Wrong letters, and letters of the text; spaces do not count."""
        wanted = "".join(self.wanted)
        return edits(wanted, "".join(self.got)), len(wanted)

    @property
    def whole_words(self) -> tuple[int, int]:
        """Wrong words, and words of the text."""
        return edits(self.wanted, self.got), len(self.wanted)

    def failures(self) -> dict[str, str]:
        """Failure → what was found."""
        found = {}
        wrong, letters = self.letters
        if letters and wrong >= UNINTELLIGIBLE * letters:
            found[NOT_UNDERSTOOD] = f"understood as “{' '.join(self.got)[:80]}”"
        steps = aligned(self.wanted, self.got)
        if (gone := _skipped(self, steps)) and NOT_UNDERSTOOD not in found:
            found[SKIP] = f"without “{' '.join(gone)}”"
        if again := _again(self, steps):
            found[AGAIN] = f"“{' '.join(again)}” comes again"
        return found


def aligned(wanted: Sequence[str], got: Sequence[str]) -> list[Step]:
    """The cheapest way from one to the other (Levenshtein 1966): (what, place in `wanted`, place in `got`) step by step.

    Words that differ cost as much as their letters do, so that a misspelt word lies beside its own and not beside another.
    """
    rows, columns = len(wanted), len(got)
    cost = np.zeros((rows + 1, columns + 1))
    cost[:, 0], cost[0, :] = np.arange(rows + 1), np.arange(columns + 1)
    unlike = np.array([[_unlike(a, b) for b in got] for a in wanted]).reshape(rows, columns)
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, cost[i - 1, j - 1] + unlike[i - 1, j - 1])
    steps: list[Step] = []
    i, j = rows, columns
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + unlike[i - 1, j - 1]:
            i, j = i - 1, j - 1
            steps.append(("same" if unlike[i, j] == 0 else "other", i, j))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            steps.append(("missing", i, j))
        else:
            j -= 1
            steps.append(("more", i, j))
    return steps[::-1]


def _unlike(a: str, b: str) -> float:
    """0 for the same word, up to 1.9 for words without a letter in common: then one is missing and another is more."""
    return 1.9 * min(1.0, edits(a, b) / max(len(a), len(b)))


def _skipped(one: Understood, steps: Sequence[Step]) -> list[str]:
    """The longest run of words that are missing, where it is long enough."""
    least = min(SKIPPED_WORDS, max(1, (len(one.wanted) + 1) // 2))
    best: list[str] = []
    run: list[str] = []
    for what, i, j in steps:
        heard = what == "other" and _unlike(one.wanted[i], one.got[j]) < 1
        if what == "missing" or (what == "other" and not heard):
            run.append(one.wanted[i])
            best = max(best, list(run), key=len)
        elif what != "more":
            run = []
    extra = sum(what == "more" for what, _, _ in steps)
    return best if len(best) >= least and len(best) > extra else []


def _again(one: Understood, steps: Sequence[Step]) -> list[str]:
    """Words that came once more than the text has them, right beside themselves."""
    got, more = one.got, {j for what, _, j in steps if what == "more"}
    for size in range(len(got) // 2, 0, -1):
        for at in range(len(got) - 2 * size + 1):
            part = got[at : at + size]
            if part != got[at + size : at + 2 * size]:
                continue
            first, second = set(range(at, at + size)), set(range(at + size, at + 2 * size))
            times = 1 + sum(got[at + k * size : at + (k + 1) * size] == part for k in range(1, (len(got) - at) // size))
            enough = size >= REPEATED_WORDS or times >= REPEATED_WORDS + 1
            if enough and (first <= more or second <= more):
                return list(part)
    return []
