"""Numbers as they are written, put as they are said: dates, times, money, measures, ordinals, ranges, years.

What espeak-ng says well by itself is left in digits. Every piece of a text is looked at once, so that what was put in
words is never taken for something else; words are those of `wording`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache

from melpact.text.wording import Wording, wording

_LONG = 15
"""Digits of the longest number that is said as one; a longer one is read out digit by digit."""
_ROMAN = {"I": 1, "V": 5, "X": 10}
_ROMAN_NUMBER = r"(?:X{1,3}(?:IX|IV|V?I{0,3})|IX|IV|VI{1,3}|I{2,3})"
_DATE_MARKS = (("dots", r"\."), ("slashes", "/"), ("dashes", "-"))
_PHONES = (
    r"(?<![\w+])\+\d{1,3}(?:[ ()/.-]{0,2}\d{1,12}){2,8}(?!\w)|(?<![\w-])(?:\(\d{3}\) |\d{3}[-.])?\d{3}[-.]\d{4}(?![\w-])"
)
_UNSPACED = re.compile(r"(?<=[\u3040-\u30ff\u3400-\u9fff])(?=[\d¥$€£-])|(?<=[\d%])(?=[\u3040-\u30ff\u3400-\u9fff])")
"""Places between a number and a script that writes no spaces."""
_BEFORE = re.compile(r"(\w+)\W{0,2}$")
_AFTER = re.compile(r"[^\w\s]{0,2} ?([^\W\d_]+)")


def in_words(text: str, language: str, changed: Callable[[str, str], None]) -> str:
    """A sentence whose numbers are such as espeak-ng says well.

    Args:
        language: of espeak-ng.
        changed: called with what was written and what is said instead.
    """
    if not any(letter.isdigit() for letter in text) and not wording(language).roman:
        return text
    words = wording(language)
    plain = _plain(text, words)

    def said(found: re.Match[str]) -> str:
        kind = found.lastgroup or ""
        spoken = _SAYS[kind.split("_")[0]](found, words)
        if spoken is None or spoken == found[0]:
            return found[0]
        changed(found[0].strip(), spoken)
        return spoken

    spoken = _pattern(language).sub(said, plain)
    return spoken if words.cardinal is None else _left(words.decimal).sub(lambda found: _cardinal(found, words), spoken)


@cache
def _left(decimal: str) -> re.Pattern[str]:
    """A number that is left in figures."""
    return re.compile(rf"(?<![\w.,])\d{{1,12}}(?:{re.escape(decimal)}\d{{1,6}})?(?![\w-]|[.,]\d)")


def _cardinal(found: re.Match[str], words: Wording) -> str:
    return (words.cardinal and words.cardinal(found[0], _after(found))) or found[0]


def _plain(text: str, words: Wording) -> str:
    """Numbers without marks between thousands, with the decimal sign of the language."""
    text = _UNSPACED.sub(" ", text)
    text = re.sub(r"(?<![\d.,'])\d{1,3}(?:'\d{3})+(?![\d'])", lambda found: found[0].replace("'", ""), text)
    point = re.escape(words.decimal)
    for mark in words.grouping or ("," if words.decimal == "." else "."):
        apart = re.escape(mark)
        behind = rf"(?:(?={point}\d{{1,9}}(?!\d|[.,]\d))|(?!\d|[.,]\d|{apart}\d))"
        text = re.sub(rf"(?<![\d.,])(?<!\d )\d{{1,3}}(?:{apart}\d{{3}})+{behind}", _together, text)
    other = "," if words.decimal == "." else "."
    day = r"(?!\.)" if words.before_ordinals else ""
    return re.sub(
        rf"(?<![\d.,])(\d+){re.escape(other)}(\d{{1,2}}|\d{{4,9}})(?![\d.,]\d|\d){day}", rf"\1{words.decimal}\2", text
    )


def _together(found: re.Match[str]) -> str:
    return re.sub(r"\D", "", found[0])


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """Everything that a number may be, the most telling first."""
    words = wording(language)
    number = rf"\d{{1,{_LONG}}}(?:{re.escape(words.decimal)}\d{{1,9}})?"
    months = _any(words.months)
    kinds = [r"(?P<date_iso>(?<![\d-])[12]\d{3}-[01]?\d-[0-3]?\d(?![\d-]))"]
    kinds += [
        rf"(?P<date_{name}>(?<![\d./-])[0-3]?\d{mark}[0-3]?\d{mark}[12]\d{{3}}(?![\d/-]))" for name, mark in _DATE_MARKS
    ]
    if words.before_ordinals:
        kinds += [r"(?P<short>(?<![\d.])[0-3]?\d\. ?[01]?\d\.(?!\d))"]
    kinds += [rf"(?P<phone>{_PHONES})"]
    if words.time:
        tail = rf"(?: (?:{words.hours})(?!\w))?" if words.hours else ""
        kinds += [rf"(?P<time>(?<![\w:.,])(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?![\d:]){tail})"]
    if words.currencies:
        signs, scales = _any(words.currencies, bounded=True), _any(words.scales, bounded=True)
        scale = rf"(?: ?(?:{scales}))?" if words.scales else ""
        kinds += [
            rf"(?P<money>(?<!\w)-?(?:{signs}) ?-?{number}{scale}(?!\w)|(?<![\w.,])-?{number}{scale} ?(?:{signs})(?!\w))"
        ]
    if words.percent:
        kinds += [rf"(?P<percent>(?<![\w.,])-?{number} ?%)"]
    if words.year:
        kinds += [r"(?P<year_decade>(?<![\w.,$-])[12]\d{2}0'?s(?!\w))"]
    if words.units:
        kinds += [rf"(?P<unit>(?<![\w.,])-?{number} ?(?:{_any(words.units, bounded=True)})(?![\w/²³]))"]
    if months and words.day_before_month:
        mark = words.ordinal_mark or r"\.?"
        kinds += [rf"(?P<day_before>(?<![\w.,])[0-3]?\d(?:{mark})?(?= (?i:{months})(?!\w)))"]
    if months and words.day_after_month:
        mark = words.ordinal_mark or r"\.?"
        kinds += [rf"(?P<day_after>(?<!\w)(?i:{months}) [0-3]?\d(?:{mark})?(?![\w:]))"]
    if words.ordinal and words.ordinal_mark:
        kinds += [rf"(?P<ordinal>(?<![\w.,-])\d{{1,6}}(?:{words.ordinal_mark})(?!\w))"]
    if words.fractions:
        kinds += [rf"(?P<fraction>(?<![\w/.,])(?:{_any(words.fractions)})(?![\w/]))"]
    if words.number:
        kinds += [r"(?P<counted>(?:(?<![\w&])#|№ ?)(?=\d))"]
    if words.to:
        kinds += [rf"(?P<range>(?<![\w.,-]){number} ?[-–] ?(?={number}(?![\w-])))"]
    if words.minus:
        kinds += [r"(?P<minus>(?<![\w.,)-])-(?=\d))"]
    if words.times:
        kinds += [rf"(?P<times>(?<![\w.,]){number} ?[x×] ?(?={number}(?!\w)))"]
    kinds += [r"(?P<digits>(?<![\w.,])0\d+(?![\w.,]\d)|(?<!\d)\d{16,})"]
    if words.year:
        kinds += [r"(?P<year>(?<![\w.,$-])[12]\d{3}(?!\w|[.,]\d))"]
    if words.roman:
        dot = r"(?:\.(?= \w))?" if words.before_ordinals else ""
        kinds += [rf"(?P<roman>(?<![\w.'-]){_ROMAN_NUMBER}(?![\w'-]){dot})"]
    return re.compile("|".join(kinds))


def _any(names: Iterable[str], *, bounded: bool = False) -> str:
    """A pattern for any of some names, the longest first; `bounded`: none goes on in a letter."""
    return "|".join(
        re.escape(name) + (r"(?!\w)" if bounded and name[-1].isalpha() else "")
        for name in sorted(names, key=lambda n: (-len(n), n))
    )


def _longest_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (-len(name), name))


def _number(text: str, words: Wording) -> str:
    found = re.search(rf"\d+(?:{re.escape(words.decimal)}\d+)?", text)
    return found[0] if found else ""


def _form(number: str, forms: tuple[str, ...], words: Wording) -> str:
    return forms[min(words.form(number), len(forms) - 1)]


def _signed(text: str, words: Wording) -> str:
    return f"{words.minus} " if "-" in text and words.minus else ""


def _before(found: re.Match[str]) -> str:
    word = _BEFORE.search(found.string[max(0, found.start() - 24) : found.start()])
    return word[1] if word else ""


def _after(found: re.Match[str]) -> str:
    word = _AFTER.match(found.string[found.end() : found.end() + 32])
    return word[1] if word else ""


def _date(found: re.Match[str], words: Wording) -> str | None:
    first, middle, last = map(int, re.findall(r"\d+", found[0]))
    if found.lastgroup == "date_iso":
        year, month, day = first, middle, last
    else:
        day, month, year = (
            (first, middle, last) if words.day_first or "." in found[0] or first > 12 else (middle, first, last)
        )
        if month > 12:
            day, month = month, day
    if not (words.months and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    spoken = words.year(str(year)) if words.year else None
    said = (
        words.ordinal(day, ".", _before(found), words.months[month - 1]) if words.ordinal and words.before_ordinals else None
    )
    return words.date.format(day=said or words.day(day), month=words.months[month - 1], year=spoken or year)


def _short_date(found: re.Match[str], words: Wording) -> str | None:
    """ "24.12." as two numbers that count."""
    day, month = map(int, re.findall(r"\d+", found[0]))
    if words.ordinal is None or not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    said = [words.ordinal(number, ".", _before(found), words.months[month - 1]) for number in (day, month)]
    return " ".join(word for word in said if word) + ("" if _after(found) else ".")


def _time(found: re.Match[str], words: Wording) -> str:
    h, m, *s = (int(part) for part in re.findall(r"\d+", found[0]))
    template = words.full_hour if not m and words.full_hour else words.early if m < 10 and words.early else words.time
    return template.format(h=h, m=m) + "".join(f" {second}" for second in s if second)


def _money(found: re.Match[str], words: Wording) -> str:
    amount = _number(found[0], words)
    rest = found[0].replace(amount, " ", 1)
    sign = next(name for name in _longest_first(words.currencies) if name in rest)
    unit, cent = words.currencies[sign]
    scale = rest.replace(sign, "").strip(" -")
    if scale:
        return f"{_signed(found[0], words)}{amount} {words.scales[scale]} {unit[-1]}"
    whole, _, part = amount.partition(words.decimal)
    if len(part) == 2 and cent:
        if part == "00":
            return f"{_signed(found[0], words)}{whole} {_form(whole, unit, words)}"
        hundredths = str(int(part))
        if whole == "0":
            return f"{_signed(found[0], words)}{hundredths} {_form(hundredths, cent, words)}"
        template = words.price.format(
            whole=whole, unit=_form(whole, unit, words), part=hundredths, cent=_form(hundredths, cent, words)
        )
        return _signed(found[0], words) + template
    return f"{_signed(found[0], words)}{amount} {_form(amount, unit, words)}"


def _percent(found: re.Match[str], words: Wording) -> str:
    return _signed(found[0], words) + words.percent.format(n=_number(found[0], words))


def _unit(found: re.Match[str], words: Wording) -> str:
    amount = _number(found[0], words)
    name = found[0].partition(amount)[2].strip()
    return f"{_signed(found[0], words)}{amount} {_form(amount, words.units[name], words)}"


def _day(found: re.Match[str], words: Wording) -> str | None:
    day = re.search(r"\d+", found[0])
    if day is None or not 1 <= int(day[0]) <= 31:
        return None
    return found[0][: day.start()] + words.day(int(day[0]))


def _ordinal(found: re.Match[str], words: Wording) -> str | None:
    digits = re.match(r"\d+", found[0])
    if digits is None or words.ordinal is None:
        return None
    mark = found[0][digits.end() :]
    return words.ordinal(int(digits[0]), mark, _before(found), _after(found))


def _phone(found: re.Match[str], words: Wording) -> str:
    groups = ", ".join(" ".join(group) for group in re.findall(r"\d+", found[0]))
    return f"+ {groups}" if found[0].startswith("+") else groups


def _range(found: re.Match[str], words: Wording) -> str:
    return f"{_number(found[0], words)} {words.to} "


def _roman(found: re.Match[str], words: Wording) -> str | None:
    values = [_ROMAN[letter] for letter in found[0].rstrip(".")]
    number = sum(-value if value < max([0, *values[at + 1 :]]) else value for at, value in enumerate(values))
    if words.ordinal is None:
        return str(number)
    return words.ordinal(number, "roman", _before(found), _after(found)) or str(number)


def _year(found: re.Match[str], words: Wording) -> str | None:
    return words.year(found[0]) if words.year else None


_SAYS: dict[str, Callable[[re.Match[str], Wording], str | None]] = {
    "date": _date,
    "short": _short_date,
    "phone": _phone,
    "time": _time,
    "money": _money,
    "percent": _percent,
    "unit": _unit,
    "day": _day,
    "ordinal": _ordinal,
    "fraction": lambda found, words: words.fractions[found[0]],
    "counted": lambda found, words: f"{words.number} ",
    "range": _range,
    "minus": lambda found, words: f"{words.minus} ",
    "times": lambda found, words: f"{_number(found[0], words)} {words.times} ",
    "digits": lambda found, words: " ".join(found[0]),
    "year": _year,
    "roman": _roman,
}
