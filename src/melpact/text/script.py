"""`script`: a text that a person typed → the sentences to be spoken, and what was changed on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from melpact.core.errors import NothingToSay, TextError
from melpact.core.records import Record
from melpact.text import ssml as markup
from melpact.text.characters import clean
from melpact.text.languages import named, resolved
from melpact.text.normalise import normalise, spoken
from melpact.text.notes import Notes
from melpact.text.scripts import by_script, counted, guessed, runs, speaks
from melpact.text.sentence import Sentence
from melpact.text.sentences import PARAGRAPH_S, SENTENCE_S, paragraphs, pause_s, pieces, sentences

LONGEST_TEXT = 1_000_000
"""Letters that are taken at once."""
_FIRST_MARKS = re.compile(r"^[\s\"')\]]*[,.;:!?…、。]")


class Script(Record):
    """What is to be spoken.

    Attributes:
        sentences: in their order; the last one has no pause behind it, unless a break asks for one.
        notes: a line for each kind of thing that was left out or changed, with examples.
    """

    sentences: tuple[Sentence, ...]
    notes: tuple[str, ...] = ()


def script(text: str, *, language: str = "", ssml: bool | None = None, default: str = "en") -> Script:
    """Sentences of a text, each in words of a language of espeak-ng and short enough to be spoken at once.

    Args:
        text: at most `LONGEST_TEXT` letters of any kind.
        language: a code or an English name; "" to guess it by the script. What is written in another script is spoken in one
            that has it, in either case.
        ssml: whether `text` is SSML; None where it looks like it.
        default: the language of Latin letters that nothing is known of.

    Raises:
        NothingToSay: no letter and no digit is in it.
        UnknownLanguage: espeak-ng has none of that name.
        MarkupError: SSML that is not well formed.
        TextError: it is too long, or a package of the extra `speech` is missing.
    """
    if len(text) > LONGEST_TEXT:
        raise TextError(
            "a text is too long", got=f"{len(text)} letters", wanted=f"at most {LONGEST_TEXT}", next="Cut it into files."
        )
    notes = Notes()
    given = resolved(language) if language.strip() else ""
    latin = given if given and speaks(given, "latin") else resolved(default)
    spans = markup.spans(text, notes) if markup.is_ssml(text, ssml, notes) else [markup.Span(text)]
    found: list[Sentence] = []
    for span in spans:
        cleaned = clean(span.text, notes)
        own = resolved(span.language) if span.language else given
        _joined(found, cleaned)
        for sentence in _spoken(cleaned, own, latin, notes, joined=span.joined):
            found.append(sentence if span.rate == 1 else sentence.model_copy(update={"rate": span.rate}))
        if found and span.pause_s is not None:
            found[-1] = found[-1].model_copy(
                update={"pause_s": max(found[-1].pause_s, span.pause_s) if span.least else span.pause_s}
            )
    if not found:
        raise NothingToSay(*_why(text, notes))
    if spans[-1].pause_s is None or spans[-1].least:
        found[-1] = found[-1].model_copy(update={"pause_s": 0.0})
    return Script(sentences=tuple(found), notes=notes.lines())


def _spoken(text: str, language: str, latin: str, notes: Notes, *, joined: bool) -> Iterator[Sentence]:
    """The sentences of a piece of cleaned text."""
    others = by_script(text, latin)
    main = language or guessed(text, others)
    if not language and main != latin and text.strip():
        notes.add("language taken by its letters", f"{named(main)} ({main})")
    said: Sentence | None = None
    for paragraph in paragraphs(text):
        for line in paragraph:
            for whole in sentences(line, main):
                for run in runs(whole, main, others, notes):
                    words = normalise(run.text, run.language, notes)
                    for piece in pieces(words) if words else []:
                        if said is not None:
                            yield said
                        said = Sentence(text=piece, language=run.language, pause_s=pause_s(piece, joined=True))
                    _unreadable(run.text, run.language, notes)
                said = said and said.model_copy(update={"pause_s": pause_s(whole)})
            said = said and said.model_copy(update={"pause_s": max(said.pause_s, SENTENCE_S)})
        said = said and said.model_copy(update={"pause_s": PARAGRAPH_S})
    if said is not None:
        yield said.model_copy(update={"pause_s": pause_s(text, joined=joined)})


def _joined(found: list[Sentence], text: str) -> None:
    """Marks at the beginning of a piece of markup end what is before it."""
    if found and (marks := _FIRST_MARKS.match(text)):
        last = found[-1]
        mark = marks[0].strip(" \n\"')]")
        if last.text[-1:].isalnum():
            found[-1] = last.model_copy(update={"text": last.text + mark, "pause_s": max(last.pause_s, pause_s(mark))})


def _unreadable(text: str, language: str, notes: Notes) -> None:
    """Says so where espeak-ng names letters and cannot read them."""
    if language in ("ja", "ko") and counted(text)["han"]:
        named_only = [letter for letter in text if counted(letter)["han"]]
        instead = "kana" if language == "ja" else "Hangul"
        told = f"espeak-ng cannot read Han letters in {named(language)}, and names each; write {instead}"
        notes.add(told, "".join(named_only), len(named_only))


def _why(text: str, notes: Notes) -> tuple[str]:
    """What there is instead of words."""
    if not text:
        return ("the text is empty",)
    if not text.strip():
        return ("the text is nothing but space",)
    lines = notes.lines()
    if lines and not spoken(text):
        return (f"nothing in the text can be spoken; {'; '.join(lines[:2])}",)
    return ("nothing in the text can be spoken: no letter and no digit",)
