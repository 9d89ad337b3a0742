"""Where a text may be cut: paragraphs, sentences, and pieces short enough to be spoken at once; and the pauses between.

Sentences are found by sentencex (Wikimedia), which knows the abbreviations of many languages; what it cuts too early by our
own list of them (`wording`) is joined again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from melpact.core.errors import TextError
from melpact.text.scripts import script
from melpact.text.wording import Wording, wording

LONGEST, WANTED = 240, 200
"""Letters spoken at once, and beyond which a sentence is cut at its clauses; a digit counts for `DIGIT` and a letter
that is a syllable for `SYLLABLE`."""
DIGIT, SYLLABLE = 4, 3
SENTENCE_S, PARAGRAPH_S, CLAUSE_S = 0.35, 0.7, 0.15
_ENDS, _CLAUSES = ".!?…。！？।۔", ",;:–、"
_CLOSING = " \n\"')]}»”’"
_SHORT_LINE, _STRETCH = 45, 4000
_BLANK_LINE = re.compile(r"\n\s*\n")
_CLAUSE = re.compile(r".*?(?:[,;:–…]+[\"')\]]*(?=\s|$)|、|$)", re.DOTALL)
_ITEM = re.compile(r"\s*(?:[-*•·▪–]|\d{1,3}[.)])\s")
_STOP = re.compile(r"(?<=。)(?![\"')])|(?<=[!?])(?=[\u3040-\u30ff\u3400-\u9fff])")
_DAY = re.compile(r"(?:^|\s)(\w+) \d{1,3}\.$")
_WIDE = frozenset({"han", "kana", "hangul", "ethiopic"})


def paragraphs(text: str) -> Iterator[list[str]]:
    """What stands between blank lines, each as pieces that end where they end: headings, items of a list, verses.

    A line of `_SHORT_LINE` letters or more goes on in the next one, and so does one before a small letter.
    """
    for block in _BLANK_LINE.split(text):
        pieces: list[list[str]] = []
        goes_on = False
        for line in block.split("\n"):
            if not (said := line.strip()):
                continue
            if (pieces and goes_on and not _ITEM.match(line)) or (pieces and said[0].islower()):
                pieces[-1].append(said)
            else:
                pieces.append([said])
            goes_on = len(said) >= _SHORT_LINE
        if pieces:
            yield [" ".join(lines) for lines in pieces]


def sentences(text: str, language: str) -> list[str]:
    """The sentences of a text without newlines, without spaces around.

    Raises:
        TextError: sentencex is not installed.
    """
    try:
        import sentencex
    except ImportError:
        raise TextError("sentencex is not installed", next="pip install 'melpact[speech]'") from None
    words = wording(language)
    code = language.split("-")[0]
    code = {"cmn": "zh", "yue": "zh", "hak": "zh", "nb": "no"}.get(code, code)
    parts = (part for stretch in _stretches(text) for part in sentencex.segment(code, stretch))
    found: list[str] = []
    apart = True
    for raw in parts:
        if part := raw.strip():
            if found and not apart and found[-1].endswith("."):
                found[-1] += part
            elif found and _goes_on(found[-1], part, words):
                found[-1] = f"{found[-1]} {part}"
            else:
                found.append(part)
            apart = raw[-1].isspace()
    return found


def _short(words: Wording) -> set[str]:
    return {name.lower() for name in words.abbreviations}


def _stretches(text: str) -> Iterator[str]:
    """A text where it surely may be cut, and anyhow after `_STRETCH` letters: sentencex takes the square of their number."""
    for part in _STOP.split(text):
        while len(part) > _STRETCH:
            end = max(part.rfind(". ", 0, _STRETCH), part.rfind("? ", 0, _STRETCH), part.rfind("! ", 0, _STRETCH)) + 1
            end = end or part.rfind(" ", 0, _STRETCH) + 1 or _STRETCH
            yield part[:end]
            part = part[end:]
        yield part


def _goes_on(said: str, part: str, words: Wording) -> bool:
    """Whether what ends in a dot is no sentence: before a small letter, after a title, or as a number that counts."""
    if not said.endswith("."):
        return False
    tail = said[-24:].lower()
    last = tail.rpartition(" ")[2].lstrip("(\"'")
    if (
        part[0].islower()
        or (part[0].isdigit() and last in _short(words))
        or last in words.leads
        or tail.split(" ", 1)[-1] in words.leads
    ):
        return True
    if any(" " in lead and tail.endswith(lead) for lead in words.leads):
        return True
    for name in words.abbreviations:
        first, _, rest = name.lower().partition(" ")
        if rest and last == first and part.lower().startswith(rest):
            return True
    day = _DAY.search(tail) if words.before_ordinals else None
    return bool(day and day[1] in words.before_ordinals)


def pieces(text: str) -> list[str]:
    """A sentence in pieces of at most `LONGEST` letters: cut at clauses, else at spaces, else anywhere."""
    if weight(text) <= WANTED:
        return [text]
    clauses = [part for part in _CLAUSE.findall(text) if part]
    parts = [piece for clause in clauses for piece in (_even(clause) if weight(clause) > LONGEST else [clause])]
    return [piece for piece in (part.strip() for part in _evenly(parts)) if piece]


def weight(text: str) -> int:
    """How long a text takes to speak, in letters."""
    if text.isascii():
        return len(text) + (DIGIT - 1) * sum(map(text.count, "0123456789"))
    return sum(_weight(letter) for letter in text)


def _weight(letter: str) -> int:
    return DIGIT if letter.isdigit() else SYLLABLE if script(letter) in _WIDE else 1


def pause_s(text: str, *, joined: bool = False) -> float:
    """The pause after a piece by the mark that it ends with; none after a bare word that the next piece is `joined` to."""
    end = text.rstrip(_CLOSING)[-1:]
    if end in _ENDS and end:
        return SENTENCE_S
    if end in _CLAUSES and end:
        return CLAUSE_S
    return 0.0 if joined else SENTENCE_S


def _even(clause: str) -> list[str]:
    """A clause that is too long, cut at spaces."""
    return _evenly([piece for word in clause.split(" ") if word for piece in _cut(f"{word} ")])


def _evenly(parts: list[str]) -> list[str]:
    """Neighbours joined to pieces of much the same length, and at most `LONGEST`; a part alone has no more."""
    total = sum(map(weight, parts))
    share = total / max(1, math.ceil(total / WANTED))
    found: list[list[str]] = []
    sum_, before = LONGEST, 0
    for part in parts:
        heavy = weight(part)
        if found and sum_ + heavy <= LONGEST and before + heavy / 2 <= share * len(found):
            found[-1].append(part)
            sum_ += heavy
        else:
            found.append([part])
            sum_ = heavy
        before += heavy
    return ["".join(part) for part in found]


def _cut(word: str) -> list[str]:
    """A word, or one that is longer than all that is spoken at once in pieces of that length."""
    if weight(word) <= LONGEST:
        return [word]
    found, start, sum_ = [], 0, 0
    for at, letter in enumerate(word):
        sum_ += _weight(letter)
        if sum_ > LONGEST:
            found.append(word[start:at])
            start, sum_ = at, _weight(letter)
    return [*found, word[start:]]
