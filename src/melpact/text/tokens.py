"""`Tokens`: letters of the International Phonetic Alphabet as a model reads them, one per sound, with what modifies it.

The tables are part of every trained model: entries are added at their ends and never moved.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.text.espeak import Clause, clauses

PAUSES = ",.!?;:…"
SYMBOLS: tuple[str, ...] = (
    "", "^", "$", *PAUSES, *"abcdefghijklmnopqrstuvwxyz", *(chr(code) for code in range(0x250, 0x2B0)), *"æçðøħŋœβθχᵻᵊɫʼ",
)  # fmt: skip
"""What a token's number means. The first is a sound that the table lacks; then the beginning and the end of a text."""
UNKNOWN, BEGIN, END = 0, 1, 2
MARKS: tuple[str, ...] = ("long", "palatal", "nasal", "syllabic", "aspirated", "other")
_MARK = {"ː": 0, "ˑ": 0, "ʲ": 1, "\u0303": 2, "\u0329": 3, "\u032f": 3, "ʰ": 4, "ʱ": 4}
_NUMBER = {symbol: index for index, symbol in reversed(list(enumerate(SYMBOLS)))}
_SPLIT = {"ɝ": "ɜ", "g": "ɡ"}
TONES = 8


@dataclass(frozen=True)
class Tokens:
    """A text's sounds, [n] each.

    Attributes:
        symbol: index in `SYMBOLS`.
        stress: 0 none, 1 primary, 2 secondary, on the vowel.
        marks: bits in the order of `MARKS`.
        tone: 0 none, else the number that espeak-ng writes.
        begins: 1 where a word begins.
        text: the letters, for pictures and records.
    """

    symbol: NDArray[np.int64]
    stress: NDArray[np.int64]
    marks: NDArray[np.int64]
    tone: NDArray[np.int64]
    begins: NDArray[np.int64]
    text: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.symbol)

    def stacked(self) -> NDArray[np.int64]:
        """[5, n]: symbol, stress, marks, tone, begins."""
        return np.stack([self.symbol, self.stress, self.marks, self.tone, self.begins])


def spoken(text: str, voice: str) -> Tokens:
    """The sounds of a text in a language, as espeak-ng pronounces it.

    Args:
        voice: espeak-ng's name of a language.

    Raises:
        MelpactError: as `espeak.clauses`.
    """
    return tokens(clauses(text, voice))


def tokens(said: Iterable[Clause]) -> Tokens:
    """Clauses as tokens: beginning, sounds, a pause after each clause (a full stop where none is written at the end), end.

    A letter that the table lacks keeps its place, as `UNKNOWN`.
    """
    rows: list[list[int]] = [[BEGIN, 0, 0, 0, 0]]
    names = ["^"]
    parts = list(said)
    for index, clause in enumerate(parts):
        _clause(clause.ipa, rows, names)
        end = clause.end or ("." if index == len(parts) - 1 else ",")
        rows.append([_NUMBER[end], 0, 0, 0, 0])
        names.append(end)
    rows.append([END, 0, 0, 0, 0])
    names.append("$")
    table = np.asarray(rows, np.int64).T
    return Tokens(table[0], table[1], table[2], table[3], table[4], tuple(names))


def _clause(ipa: str, rows: list[list[int]], names: list[str]) -> None:
    """The sounds of one clause, put behind those that are there."""
    begins, stress, away = 1, 0, False
    first = len(rows)
    for letter in unicodedata.normalize("NFD", ipa.replace("ç", "\ue000")).replace("\ue000", "ç"):
        if letter in "()":
            away = letter == "("
        elif away:
            continue
        elif letter.isspace():
            begins = 1
        elif letter in "ˈˌ":
            stress = 1 if letter == "ˈ" else 2
        elif letter.isdigit():
            if len(rows) > first:
                rows[-1][3] = int(letter) % TONES
        elif letter in _MARK or unicodedata.category(letter) in ("Mn", "Lm", "Sk"):
            if len(rows) > first and letter not in _NUMBER:
                rows[-1][2] |= 1 << _MARK.get(letter, len(MARKS) - 1)
                names[-1] += letter
        elif letter.isalpha():
            rows.append([_NUMBER.get(_SPLIT.get(letter, letter), UNKNOWN), stress, 0, 0, begins])
            names.append(letter)
            begins, stress = 0, 0
