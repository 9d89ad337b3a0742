"""Numbers in digits as English words, the way they are read aloud: recognisers write "42", texts say "forty two"."""

from __future__ import annotations

import re

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = (
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_GROUPS = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d+)(st|nd|rd|th|s)?(?!\w|\.\d)")


def spelled(text: str) -> str:
    """The text with whole numbers of up to twelve digits in words: cardinals, ordinals (15th) and years (1455, 1920s).
    Four digits from 1100 to 1999 are read as years."""
    return _NUMBER.sub(lambda found: _words(found.group(1), found.group(2) or ""), text)


def _words(digits: str, ending: str) -> str:
    plain = digits.replace(",", "")
    if len(plain) > 12:
        return digits + ending
    number = int(plain)
    as_year = plain == digits and 1100 <= number <= 1999
    said = _year(number) if as_year else _cardinal(number)
    if ending == "s":
        return said[:-1] + "ies" if said.endswith("y") else said + "s"
    return _ordinal(said) if ending else said


def _cardinal(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f" {_ONES[number % 10]}" if number % 10 else "")
    for size, name in _GROUPS:
        if number >= size:
            rest = f" {_cardinal(number % size)}" if number % size else ""
            return f"{_cardinal(number // size)} {name}{rest}"
    raise AssertionError(number)


def _year(number: int) -> str:
    century, rest = _cardinal(number // 100), number % 100
    if rest == 0:
        return f"{century} hundred"
    return f"{century} oh {_ONES[rest]}" if rest < 10 else f"{century} {_cardinal(rest)}"


def _ordinal(said: str) -> str:
    head, _, last = said.rpartition(" ")
    if last in _ORDINALS:
        last = _ORDINALS[last]
    elif last.endswith("y"):
        last = f"{last[:-1]}ieth"
    else:
        last += "th"
    return f"{head} {last}".strip()
