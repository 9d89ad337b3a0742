"""Languages that espeak-ng has: their codes and names, and which is meant by a name that a person gives.

Which letters belong to which of them is in `scripts`.
"""

from __future__ import annotations

import difflib
from functools import cache
from pathlib import Path

from melpact.core.errors import TextError, UnknownLanguage
from melpact.core.records import Record

_USUAL = {
    "en": "en-us",
    "english": "en-us",
    "en-gb": "en-gb-x-rp",
    "zh-tw": "cmn",
    "zh-hans": "cmn",
    "zh-hant": "cmn",
    "chinese": "cmn",
    "mandarin": "cmn",
    "cn": "cmn",
    "zh-hk": "yue",
    "cantonese": "yue",
    "jp": "ja",
    "kr": "ko",
    "iw": "he",
    "in": "id",
    "cz": "cs",
    "dk": "da",
    "gr": "el",
    "ua": "uk",
    "farsi": "fa",
    "norwegian": "nb",
    "portuguese": "pt",
    "spanish": "es",
    "french": "fr",
    "vietnamese": "vi",
    "burmese": "my",
    "gaelic": "gd",
    "armenian": "hy",
    "flemish": "nl",
}
"""Names in use that the library does not have, or means otherwise by."""
_NOT_LISTED = ("en",)
"""It opens British English, but means American here, as in most corpora; "en-gb" is received pronunciation."""


class Language(Record):
    """A language as espeak-ng has it.

    Attributes:
        code: by which the library opens it, the name of its file in lower case; this is what `espeak.clauses` takes.
        name: in English.
        also: other codes of it.
        tested: False where the library's authors call it untested.
    """

    code: str
    name: str
    also: tuple[str, ...] = ()
    tested: bool = True


@cache
def languages() -> tuple[Language, ...]:
    """Every language of the installed espeak-ng, by code; read from its data.

    Raises:
        TextError: espeak-ng is not installed.
    """
    try:
        import espeakng_loader
    except ImportError:
        raise TextError("espeak-ng is not installed", next="pip install 'melpact[speech]'") from None
    data = Path(espeakng_loader.get_data_path())
    found: dict[str, Language] = {}
    for path in sorted((data / "lang").rglob("*")):
        if path.is_file() and path.name not in _NOT_LISTED:
            code = path.name.lower()
            lines = [line.split() for line in path.read_text("utf-8", "replace").splitlines()]
            stated = {words[0]: words[1] for words in reversed(lines) if len(words) > 1}
            also = dict.fromkeys(words[1].lower() for words in lines if len(words) > 1 and words[0] == "language")
            first = next(iter(also), code).split("-")[0]
            if (data / f"{stated.get('dictionary', first)}_dict").is_file():
                name = next((" ".join(words[1:]) for words in lines if words[:1] == ["name"]), code).split(" //")[0]
                tested = stated.get("status") != "testing"
                found[code] = Language(code=code, name=name, also=tuple(c for c in also if c != code), tested=tested)
    return tuple(found[code] for code in sorted(found))


def resolved(name: str) -> str:
    """espeak-ng's code of the language that a person means by a code ("en", "de-AT", "zh") or an English name ("German").

    A region that the library does not have is left away: "de-at" is "de".

    Raises:
        UnknownLanguage: it has none of that name; says the nearest.
        TextError: espeak-ng is not installed.
    """
    known = _names()
    asked = name.strip().lower().replace("_", "-")
    tag = asked
    while tag:
        if tag in known:
            return known[tag]
        tag = tag.rpartition("-")[0]
    near = difflib.get_close_matches(asked[:40], known, n=3, cutoff=0.5)
    raise UnknownLanguage(
        "espeak-ng has no such language",
        where="language",
        got=repr(name[:40]),
        wanted=f"one like {', '.join(near)}" if near else f"one of {len(languages())} such as en, de, ru, cmn, fa",
        next="melpact speak --languages",
    )


def named(code: str) -> str:
    """The English name of a language of espeak-ng by any of its codes ("en" is American); the code where it has none."""
    own = _names().get(code, code)
    return next((language.name for language in languages() if language.code == own), code)


@cache
def _names() -> dict[str, str]:
    """Every code and name in lower case → the library's own code."""
    known: dict[str, str] = {}
    for language in languages():
        for also in (*language.also, language.name.lower()):
            known.setdefault(also, language.code)
    known |= {language.code: language.code for language in languages()}
    for language in languages():
        known.setdefault(language.name.lower().split(" (")[0], language.code)
    return known | {name: code for name, code in _USUAL.items() if code in known}
