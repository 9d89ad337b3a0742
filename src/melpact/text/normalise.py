"""A sentence, put in words where it is not: addresses, abbreviations, numbers, capitals, signs.

Characters were mended before (`characters`); numbers are in `numbers`, and what a language says in `wording`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial

from melpact.text.notes import Notes
from melpact.text.numbers import in_words
from melpact.text.scripts import script
from melpact.text.wording import wording

SAID = "put in words"
LONGEST_WORD = 60
"""Letters; what is longer is no word, and cut. The scripts that write no spaces are excepted."""
_ADDRESS = re.compile(
    r"(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
    r"|(?P<web>(?i:\b(?:https?|ftp)://|\bwww\.)[^\s\"'<>]{1,2000})"
    r"|(?P<bare>(?<![\w.@/-])[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,2}\.(?:com|org|net|edu|gov|io|de|uk|fr|ru|nl|it|es|ai|dev|info|eu)"
    r"(?:/[^\s\"'<>]{0,2000})?(?![\w@-]))"
)
_HOST = re.compile(r"^(?i:[a-z]{3,5}://)?(?:[^/@]*@)?(?:www\.)?([^/:?#]+)(.*)$", re.DOTALL)
_HANDLE, _TAG = re.compile(r"(?<!\w)@(?=\w)"), re.compile(r"(?<!\w)#(?=[^\W\d])")
_MARKS = str.maketrans(
    dict.fromkeys("、،፣၊", ", ") | dict.fromkeys("。۔।॥።։။", ". ") | dict.fromkeys("؛፤", "; ")
    | dict.fromkeys("؟՞\u037e", "? ") | {"՜": "! ", "፥": ": "}
)  # fmt: skip
_SILENT = re.compile(r"[\"*_`|{}\[\]\\^<>=~#@]+|(?<!\w)'+|'+(?!\w)|(?<!\w)[-–]+(?!\w)|(?<=\w)[-–]+(?=\s|$)")
_OPENS, _CLOSES = re.compile(r"\s*\(\s*"), re.compile(r"\s*\)\s*(?=\w)|\s*\)")
_SLASH = re.compile(r"(?<=[^\W\d])/(?=[^\W\d])")
_DASHED = re.compile(r"\s+-\s+|\s*–\s*")
_CROWD = re.compile(r"([,;:])(?:\s*[,;:])+|[,;:]\s*(?=[.!?…])|(?<=[.!?…])\s*[,;:.]+")
_LEADING = re.compile(r"^[\s,.;:!?…)\]%/'-]+")
_SPACE_BEFORE, _SPACES = re.compile(r"\s+([,.;:!?…])"), re.compile(r"\s+")
_NO_SPACE_AFTER = re.compile(r"([,;!?…])(?=[^\W\d])|(?<=[^\W\d])(,)(?=\d)")
_WORD = re.compile(r"[^\W\d_]+")
_LETTERS = re.compile(rf"[^\s]{{{LONGEST_WORD + 1},}}")
_UNSPACED = frozenset({"han", "kana", "thai", "myanmar", "hangul"})


def normalise(text: str, language: str, notes: Notes) -> str:
    """A sentence as espeak-ng says it well; empty where nothing in it is a letter or a digit.

    Args:
        text: one sentence, in the spelling of `characters.clean`.
        language: of espeak-ng.
        notes: gets what was changed.
    """
    words = wording(language)

    def changed(written: str, said: str) -> None:
        notes.add(SAID, f"{written} → {said}")

    if "." in text or "@" in text or "://" in text:
        text = _ADDRESS.sub(lambda found: _address(found, language, notes), text)
    for pattern, becomes in words.rewrite:
        text = re.sub(pattern, partial(_rewritten, becomes, changed), text)
    text = _abbreviated(text, language, notes)
    text = in_words(text, language, changed)
    text = _small(text, notes)
    for sign, word in words.signs.items():
        text = text.replace(f" {sign} ", f" {word} ") if sign in text else text
    if words.at and "@" in text:
        text = _HANDLE.sub(f"{words.at} ", text)
    text = _TAG.sub("", text).translate(_MARKS)
    if language.split("-")[0] == "el":
        text = text.replace(";", "?")
    text = _CLOSES.sub(", ", _OPENS.sub(", ", text))
    text = _SILENT.sub(" ", _SLASH.sub(" ", _DASHED.sub(", ", text)))
    text = _SPACE_BEFORE.sub(r"\1", _CROWD.sub(lambda found: found[1] or "", text))
    text = _NO_SPACE_AFTER.sub(r"\1\2 ", text)
    text = _SPACES.sub(" ", _LEADING.sub("", _long(text, notes))).strip()
    return text if any(letter.isalnum() for letter in text) else ""


def _rewritten(becomes: str | Callable[..., str], changed: Callable[[str, str], None], found: re.Match[str]) -> str:
    said = found.expand(becomes) if isinstance(becomes, str) else becomes(found)
    if (was := found[0].strip()) != said.strip():
        changed(was, said.strip())
    return said


def spoken(text: str) -> bool:
    """Whether anything in a text is a letter or a digit."""
    return any(letter.isalnum() for letter in text)


@cache
def _abbreviations(language: str) -> tuple[re.Pattern[str], dict[str, str]] | None:
    known = dict(wording(language).abbreviations)
    known |= {name[0].upper() + name[1:]: said for name, said in known.items()}
    if not known:
        return None
    names = "|".join(re.escape(name).replace(r"\ ", " ?") for name in sorted(known, key=lambda n: (-len(n), n)))
    return re.compile(rf"(?<![\w.])(?:{names})(?!\w)"), {name.replace(" ", ""): said for name, said in known.items()}


def _abbreviated(text: str, language: str, notes: Notes) -> str:
    """Abbreviations in full; the dot that also ends the sentence stays."""
    if (known := _abbreviations(language)) is None:
        return text
    pattern, full = known

    def said(found: re.Match[str]) -> str:
        words = full[found[0].replace(" ", "")]
        notes.add(SAID, f"{found[0]} → {words}")
        ends = found[0].endswith(".") and not text[found.end() :].strip(" \"')]")
        return f"{words}." if ends else words

    return pattern.sub(said, text)


def _address(found: re.Match[str], language: str, notes: Notes) -> str:
    """A mail address in words; of a web address the host, since nobody listens to the rest."""
    words = wording(language)
    dot, at = f" {words.dot or '.'} ", f" {words.at or '@'} "
    if found.lastgroup == "mail":
        said = re.sub(r"[-_+]", " ", found[0]).replace(".", dot).replace("@", at)
        notes.add(SAID, f"{found[0]} → {said}")
        return said
    written = found[0].rstrip(".,;:!?)…")
    ends = found[0][len(written) :]
    host = _HOST.match(written)
    if host is None:
        return found[0]
    said = host[1].replace("-", " ").replace(".", dot)
    if len(host[2]) > 1:
        notes.add("of a web address, all but the host left out", written)
    else:
        notes.add(SAID, f"{written} → {said}")
    return said + ends


def _small(text: str, notes: Notes) -> str:
    """A sentence written in capitals, in small letters but for words without a vowel; espeak-ng would spell some of it."""
    words = _WORD.findall(text)
    loud = [word for word in words if len(word) > 1 and word.isupper()]
    if len(words) < 4 or sum(map(len, loud)) < 0.8 * sum(map(len, words)):
        return text
    notes.add("capitals taken for small letters", text.strip())
    return _WORD.sub(lambda word: word[0].lower() if re.search("(?i)[aeiouyäöüаеёиоуыэюя]", word[0]) else word[0], text)


def _long(text: str, notes: Notes) -> str:
    """What is too long for a word, cut."""

    def cut(found: re.Match[str]) -> str:
        word = found[0]
        if sum(script(letter) in _UNSPACED for letter in word) > len(word) // 2:
            return word
        notes.add("cut what is too long for a word", word)
        return " ".join(word[start : start + LONGEST_WORD] for start in range(0, len(word), LONGEST_WORD))

    return _LETTERS.sub(cut, text)
