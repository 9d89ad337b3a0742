"""How a language says what is not a word: abbreviations, money, units, dates; one module per language, ending in `PLUGIN`.

Here live the record and the registry. Only what espeak-ng does not say well by itself has an entry; a language without a
module is left to espeak-ng. What is done with them is in `text.normalise` and `text.numbers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

from melpact.core.plugins import plugins

Forms = tuple[str, ...]
"""A noun as it stands after numbers, in the order of the language's `form`."""


def one_or_more(number: str) -> int:
    """0 after one, 1 after everything else."""
    return 0 if number == "1" else 1


def below_two(number: str) -> int:
    """0 after what is less than two ("1,5 litre"), 1 after more."""
    return 0 if number.partition(",")[0] in ("0", "1") else 1


def east_slavic(number: str) -> int:
    """0 after 1, 21, …; 1 after 2 to 4, 22 to 24, …, and after fractions; 2 after the rest."""
    if "," in number:
        return 1
    if number[-2:] in ("11", "12", "13", "14"):
        return 2
    return 0 if number[-1] == "1" else 1 if number[-1] in "234" else 2


def polish(number: str) -> int:
    """0 after 1 alone; 1 after 2 to 4, 22 to 24, …, and after fractions; 2 after the rest."""
    if number == "1":
        return 0
    return 1 if "," in number or (number[-1] in "234" and number[-2:] not in ("12", "13", "14")) else 2


def never(number: str) -> int:
    """Nouns that do not change."""
    return 0


@dataclass(frozen=True)
class Wording:
    """What a language says.

    Attributes:
        decimal: between whole and fraction. grouping: between thousands; "" where only ' and no other may.
        form: a number as written → which of a noun's `Forms`.
        abbreviations: as written, with their dots → in words. Matched as whole words, a capital at the beginning allowed.
        leads: those, in small letters, that no sentence ends with. before_ordinals: words after which "3." is third.
        units: behind a number. currencies: sign or code → main unit, hundredth ("" for none).
        price: of a whole number and hundredths, with {whole}, {unit}, {part} and {cent}. scales: behind an amount of money.
        percent: with {n}; "" is left to espeak-ng.
        months: twelve, as in a date. date: with {day}, {month}, {year}. day_first: whether 5/11 is in November.
        day: a day of the month → how it is said in a date. day_before_month, day_after_month: whether it is beside one.
        year: four digits → how a year is said, or None.
        time: with {h} and {m}; full_hour: with {h}; early: minutes below ten. hours: words behind that they make needless.
        ordinal_mark: a pattern of what follows a number that counts, with or without a group. ordinal: (number, mark, the word
        before, the word after) → in words, or None to leave it.
        cardinal: (number as written, the word behind) → in words, where espeak-ng says numbers badly; None leaves it.
        to, minus, times, number, at, dot: words. fractions: "1/2" → in words. signs: a sign that stands alone → a word.
        roman: whether espeak-ng says "roman", so that figures are better.
        rewrite: patterns of the language's own, in their order, each with what it becomes.
    """

    decimal: str = "."
    grouping: str = ""
    form: Callable[[str], int] = one_or_more
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    leads: frozenset[str] = frozenset()
    before_ordinals: frozenset[str] = frozenset()
    units: Mapping[str, Forms] = field(default_factory=dict)
    currencies: Mapping[str, tuple[Forms, Forms]] = field(default_factory=dict)
    price: str = "{whole} {unit} {part}"
    scales: Mapping[str, str] = field(default_factory=dict)
    percent: str = ""
    months: tuple[str, ...] = ()
    date: str = "{day} {month} {year}"
    day_first: bool = True
    day: Callable[[int], str] = str
    day_before_month: bool = False
    day_after_month: bool = False
    year: Callable[[str], str | None] | None = None
    time: str = ""
    full_hour: str = ""
    early: str = ""
    hours: str = ""
    ordinal_mark: str = ""
    ordinal: Callable[[int, str, str, str], str | None] | None = None
    cardinal: Callable[[str, str], str | None] | None = None
    to: str = ""
    minus: str = ""
    times: str = ""
    number: str = ""
    at: str = ""
    dot: str = ""
    fractions: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, str] = field(default_factory=dict)
    roman: bool = False
    rewrite: tuple[tuple[str, str | Callable[..., str]], ...] = ()


_COMMA = frozenset(
    [
        "af",
        "an",
        "az",
        "be",
        "bg",
        "bs",
        "ca",
        "cs",
        "da",
        "de",
        "el",
        "es",
        "et",
        "eu",
        "fi",
        "fr",
        "gl",
        "hr",
        "hu",
        "hy",
        "id",
        "io",
        "is",
        "it",
        "ka",
        "kk",
        "kl",
        "ky",
        "lb",
        "lt",
        "lv",
        "mk",
        "nb",
        "nl",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "tk",
        "tr",
        "tt",
        "uk",
        "uz",
        "vi",
    ]
)


@cache
def wording(language: str) -> Wording:
    """What the language of a code of espeak-ng says; its regions say the same but for dates and decimal signs."""
    found: dict[str, Wording] = plugins("melpact.text.wording")
    parts = language.split("-")
    for end in range(len(parts), 0, -1):
        if (name := "_".join(parts[:end])) in found:
            return found[name]
    return Wording(decimal="," if parts[0] in _COMMA else ".")
