"""Scripts: which letters a language is written in, which language letters are guessed to be, and runs of one language.

Languages themselves are in `languages`; letters of an alphabet that several languages share say nothing, and count for the
language that was asked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from melpact.text.notes import Notes

LATIN = "latin"
_BY_SCRIPT = {
    "cyrillic": "ru", "arabic": "ar", "hebrew": "he", "greek": "el", "han": "cmn", "kana": "ja", "hangul": "ko",
    "devanagari": "hi", "bengali": "bn", "gurmukhi": "pa", "gujarati": "gu", "oriya": "or", "tamil": "ta", "telugu": "te",
    "kannada": "kn", "malayalam": "ml", "sinhala": "si", "thai": "th", "myanmar": "my", "georgian": "ka", "armenian": "hy",
    "ethiopic": "am", "cherokee": "chr", "shavian": "en-shaw",
}  # fmt: skip
"""The language that a script is taken for where nothing says otherwise."""
_WRITTEN = {
    "cyrillic": "ru ru-cl ru-lv uk be bg mk sr kk ky tt ba cv nog uz tk",
    "arabic": "ar fa fa-latn ur sd ug",
    "hebrew": "he",
    "greek": "el grc",
    "han": "cmn cmn-latn-pinyin yue yue-latn-jyutping hak ja ko",
    "kana": "ja",
    "hangul": "ko",
    "devanagari": "hi mr ne kok",
    "bengali": "bn as bpy",
    "myanmar": "my shn",
    "armenian": "hy hyw",
    "ethiopic": "am ti",
}
"""Languages of espeak-ng that speak a script; one that is not here is spoken by its language above alone."""
_NO_LATIN = frozenset(
    {"ar", "fa", "ur", "sd", "ug", "el", "grc", "cmn", "yue", "hak", "ja", "ko", "hi", "mr", "ne", "kok", "bn", "as", "bpy"}
    | {"ru", "ru-cl", "ru-lv", "uk", "be", "bg", "mk", "kk", "ky", "tt", "ba", "cv", "nog", "he", "hy", "hyw", "am", "ti"}
    | {"pa", "gu", "or", "ta", "te", "kn", "ml", "si", "th", "my", "shn", "ka", "chr", "en-shaw"}
)
_TELLING = (
    ("arabic", "fa", "پچژگکی"), ("arabic", "ur", "ٹڈڑںےہھ"), ("arabic", "ug", "ۇېۆەۋ"),
    ("cyrillic", "uk", "іїєґ"), ("cyrillic", "be", "ў"), ("cyrillic", "sr", "ђјљњћџ"), ("cyrillic", "mk", "ѓќѕ"),
    ("cyrillic", "kk", "әғқңөұһ"),
)  # fmt: skip
"""Letters that one language of a script has and the usual one has not; a later line outweighs an earlier one."""
_ALIKE = dict(zip("аеорсухіјѕһАВЕКМНОРСТХІЈЅ", "aeopcyxijshABEKMHOPCTXIJS"))
_TO_LATIN, _TO_CYRILLIC = str.maketrans(_ALIKE), str.maketrans({latin: letter for letter, latin in _ALIKE.items()})
_WORDS = re.compile(r"[^\W\d_]+")
MOST_RUNS = 16
_FEW_WORDS = 2
"""Latin words in a row that stay in a sentence of another script: espeak-ng speaks them as English itself."""
_SPELT = 3
"""Latin letters that stay in Japanese, where espeak-ng spells them."""


@dataclass(frozen=True)
class Run:
    """A piece of a text in one language of espeak-ng."""

    text: str
    language: str


@cache
def script(letter: str) -> str:
    """The script of a letter by its Unicode name, such as "latin", "han", "kana"; "" for what every script shares."""
    if letter.isascii():
        return LATIN if letter.isalpha() else ""
    if unicodedata.category(letter)[0] != "L":
        return ""
    name = unicodedata.name(letter, "").split(" ")
    first = name[0].lower()
    if first == "cjk" or letter in "々〆〇":
        return "han"
    if first in ("hiragana", "katakana", "katakana-hiragana"):
        return "kana"
    if first == "modifier" or letter in "ªºµ":
        return ""
    return first


def counted(text: str) -> Counter[str]:
    """Letters of each script."""
    found = Counter(script(letter) for letter in text if not letter.isspace())
    del found[""]
    return found


def by_script(text: str, default: str) -> dict[str, str]:
    """Script → the language that a text writes in it, `default` for Latin: Han beside kana is Japanese, and Arabic and
    Cyrillic letters that one language alone uses decide."""
    found = {LATIN: default} | _BY_SCRIPT
    letters = set(text.lower())
    for of, language, telling in _TELLING:
        if not letters.isdisjoint(telling):
            found[of] = language
    if any(script(letter) == "kana" for letter in letters):
        found["han"] = "ja"
    return found


def guessed(text: str, spoken: Mapping[str, str]) -> str:
    """The language of a text by the script of most of its letters; Latin's where there is none. `spoken`: as `by_script`."""
    found = counted(text)
    if found["kana"] and found["kana"] + found["han"] >= max(found.values()):
        return spoken["kana"]
    return spoken.get(max(found, key=lambda name: found[name]), spoken[LATIN]) if found else spoken[LATIN]


def speaks(language: str, name: str) -> bool:
    """Whether a language is written in a script, or at least spoken from it."""
    if name == LATIN:
        return language not in _NO_LATIN
    if name in _WRITTEN:
        return language in _WRITTEN[name].split()
    return _BY_SCRIPT.get(name) == language


def runs(text: str, language: str, spoken: Mapping[str, str], notes: Notes) -> Iterator[Run]:
    """A sentence in pieces, each in a language that has its letters; digits and marks go with the letters before them.

    Args:
        language: of the sentence.
        spoken: languages of other scripts, as `by_script` tells.

    Letters of a script that no language of espeak-ng has are left out, with a note. Where the script changes more often than
    `MOST_RUNS` times, all is left to `language`.
    """
    found = counted(text)
    if all(speaks(language, name) for name in found):
        yield Run(text, language)
        return
    if found["cyrillic"] and found[LATIN]:
        text = _WORDS.sub(lambda word: _one_script(word[0], notes), text)
    pieces = [(name, "".join(part)) for name, part in _by_letter(text)]
    parts = [
        (of, "".join(piece for _, piece in part))
        for of, part in groupby(pieces, key=lambda piece: _language(piece[0], piece[1], language, spoken))
    ]
    if len(parts) > MOST_RUNS:
        notes.add("scripts that change too often in a sentence, left to one language", f"{language}: {text.strip()}")
        parts = [(language, text)]
    for of, part in parts:
        if not of:
            notes.add("left out letters of a script that espeak-ng cannot speak", part.strip())
        elif of != language:
            notes.add(f"spoken as {of}", part.strip())
        yield Run(part if of else " ", of or language)


def _by_letter(text: str) -> Iterator[tuple[str, Iterator[str]]]:
    """(script, letters) of each stretch; what is no letter belongs to what is before it, or at the beginning behind it."""
    scripts = [script(letter) for letter in text]
    last = next((name for name in scripts if name), "")
    for at, name in enumerate(scripts):
        last = scripts[at] = name or last
    letters = iter(text)
    for name, part in groupby(scripts):
        yield name, (next(letters) for _ in part)


def _language(name: str, piece: str, language: str, spoken: Mapping[str, str]) -> str:
    """Who speaks a piece of a sentence that is in `language`; "" for nobody."""
    if speaks(language, name) or (name == LATIN and _stays(piece, language)) or (name == "greek" and _letter_alone(piece)):
        return language
    return spoken.get(name, "")


def _stays(piece: str, language: str) -> bool:
    words = _WORDS.findall(piece)
    return len(words) <= _FEW_WORDS and (language != "ja" or sum(map(len, words)) <= _SPELT)


def _letter_alone(piece: str) -> bool:
    return sum(letter.isalpha() for letter in piece) == 1


def _one_script(word: str, notes: Notes) -> str:
    """A word of Latin and Cyrillic letters that look alike, in the script that most of its letters are of."""
    found = counted(word)
    if not (found[LATIN] and found["cyrillic"]):
        return word
    mended = word.translate(_TO_LATIN if found[LATIN] >= found["cyrillic"] else _TO_CYRILLIC)
    if mended != word and len(counted(mended)) == 1:
        notes.add("letters of two scripts in a word, taken for one", f"{word} → {mended}")
        return mended
    return word
