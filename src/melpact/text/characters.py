"""Characters, whatever the language: one spelling for each, and away with what is no letter, number or mark of a text.

Here nothing is put in words; that is done in `normalise`. Everything is linear in the length of the text.
Source: Unicode Standard Annexes 9 (direction), 15 (normalisation) and 51 (emoji).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from melpact.text.notes import Notes

MOST_MARKS = 4
"""Accents kept on one letter."""
EMOJI, PICTURE, CONTROL = "left out emoji", "left out signs", "left out control characters"
INVISIBLE, NO_CHARACTER = "left out invisible characters", "left out what is no character"

_KEPT = "²³½¼¾⅓⅔№ªº°…™©®"
"""What compatibility normalisation would tear apart, but languages have words for."""
_TO_NORMALISE = re.compile(f"[^{_KEPT}]+")
_SPELLED = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ′`´＇", "'"),
        **dict.fromkeys("“”„‟«»‹›「」『』〝〞〟″《》〈〉【】〔〕", '"'),
        **dict.fromkeys("‐‑‒⁃−﹣", "-"),
        **dict.fromkeys("—―⸺⸻", "–"),
        "٬": "'",
        "٫": ",",
        "٪": "%",
        "・": " ",
        "〜": "-",
        "\u2044": "/",
        "\u2028": "\n",
        "\u2029": "\n\n",
        "\x85": "\n",
        "\x0b": "\n",
        "\x0c": "\n\n",
        "\t": " ",
    }
)
_WITHIN = r"[\u0600-\u08ff\u0900-\u0dff]"
_STRAY = re.compile(rf"(?<!{_WITHIN})[\u200c\u200d]|[\u200c\u200d](?!{_WITHIN})")
"""Joiners that join nothing: in Arabic and Indic scripts they belong to a word."""
_EMOJI = ((0x1F000, 0x1FAFF), (0x2600, 0x27BF), (0x2B00, 0x2BFF), (0x2300, 0x23FF))
_DOTS = re.compile(r"[.…](?:[ ]?[.…])+")
_ASKED = re.compile(r"[!?]{2,}")
_AGAIN = re.compile(r"([,;:。])\1+|([-_=*~#+|/\\])\2{2,}")
_DRAWN = re.compile(r"(\w)\1{3,}")
_LINES = re.compile(r"\r\n?")
_BLANKS = re.compile(r"[^\S\n]+")


def clean(text: str, notes: Notes) -> str:
    """A text in one spelling: NFKC, straight quotes, one kind of each mark, ASCII digits, lines ended by a newline alone.

    Emoji, control, direction and zero-width characters are left out, but for joiners within a word of a script that needs
    them. Marks in rows become one ("!!!" is "!", "?!" is "?"), a letter four or more times in a row is kept three times.
    """
    text = _LINES.sub("\n", _few_marks(text, notes).replace("，", ", "))
    text = _TO_NORMALISE.sub(lambda part: unicodedata.normalize("NFKC", part[0]), text).translate(_SPELLED)
    text = _STRAY.sub("", text)
    text = "".join([letter if letter.isascii() and letter.isprintable() else _letter(letter, notes) for letter in text])
    text = _DOTS.sub(lambda row: "…" if "…" in row[0] or row[0].count(".") > 2 else ".", text)
    text = _ASKED.sub(lambda row: "?" if "?" in row[0] else "!", text)
    text = _AGAIN.sub(lambda row: row[1] or " ", text)
    text = _DRAWN.sub(lambda row: row[0] if row[1].isdigit() or row[1] == "_" else _shortened(row[0], notes), text)
    return _BLANKS.sub(" ", text)


def _shortened(row: str, notes: Notes) -> str:
    notes.add("shortened a letter in a row", row[:8])
    return row[0] * 3


def _few_marks(text: str, notes: Notes) -> str:
    """At most `MOST_MARKS` accents in a row: ordering them takes the square of their number."""
    if text.isascii():
        return text
    kept, row, dropped = [], 0, 0
    for letter in text:
        row = row + 1 if unicodedata.combining(letter) else 0
        if row > MOST_MARKS:
            dropped += 1
        else:
            kept.append(letter)
    if dropped:
        notes.add("left out accents piled on a letter", count=dropped)
        return "".join(kept)
    return text


def _letter(letter: str, notes: Notes) -> str:
    """What one character becomes."""
    became, kind = _fate(letter)
    if kind:
        notes.add(kind, _named(letter))
    return became


@cache
def _fate(letter: str) -> tuple[str, str]:
    """What a character becomes, and the kind of note that this is worth."""
    code, category = ord(letter), unicodedata.category(letter)
    if letter == "\n" or letter in "\u200c\u200d" or letter in _KEPT:
        return letter, ""
    if category == "Nd":
        return str(unicodedata.digit(letter)), ""
    if category[0] == "L" or category in ("Mc", "Nl", "No", "Sc", "Sm"):
        return (" ", PICTURE) if 0x2190 <= code <= 0x21FF else (letter, "")
    if 0xFE00 <= code <= 0xFE0F or 0xE0000 <= code <= 0xE01EF or category == "Me":
        return "", ""
    if category == "Cf":
        return "", INVISIBLE
    if category == "Mn" or category[0] == "P":
        return letter, ""
    if category[0] == "Z":
        return " ", ""
    if category == "Cc":
        return " ", CONTROL
    if category in ("So", "Sk"):
        return " ", EMOJI if any(low <= code <= high for low, high in _EMOJI) else PICTURE
    return " ", NO_CHARACTER


def _named(letter: str) -> str:
    """A character by its name, with itself where it can be shown."""
    name = unicodedata.name(letter, f"U+{ord(letter):04X}").lower()
    return f"{letter} {name}" if letter.isprintable() else name.replace("u+", "U+")
