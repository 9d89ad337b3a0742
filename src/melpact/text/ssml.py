"""A small part of SSML: paragraphs, sentences, breaks, rate, language, substitutes, spelling; the rest is spoken as text.

Read by the parser of the standard library, with document types refused, so that nothing can be defined, expanded or
fetched. Source: W3C, Speech Synthesis Markup Language 1.1.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from xml.parsers import expat

from melpact.core.errors import MarkupError
from melpact.text.notes import Notes
from melpact.text.sentences import PARAGRAPH_S, SENTENCE_S

LONGEST_BREAK_S, SLOWEST, FASTEST, DEEPEST = 10.0, 0.5, 2.0, 64
_STRENGTH_S = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.35, "strong": 0.6, "x-strong": 1.0}
_RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7}
_TAGS = ("break", "prosody", "lang", "sub", "p", "s", "say-as")
_LOOKS = re.compile(r"\s*<(?:\?xml\b|!DOCTYPE\b|!--|(?:\w{1,16}:)?speak[\s/>])")
_BREAK = re.compile(r"<break\b[^<>]{0,200}/>")
_TIME = re.compile(r"\+?(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})(ms|s)")
_RATE = re.compile(r"([+-]?)(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(%?)")


@dataclass
class Span:
    """A piece of text between tags.

    Attributes:
        text: as it stands. language: as given, "" for none. rate: relative to what is asked for.
        pause_s: behind it, None for what its marks say. least: whether a longer pause by its marks stays.
        joined: whether the sentence may go on in the next one.
    """

    text: str
    language: str = ""
    rate: float = 1.0
    pause_s: float | None = None
    least: bool = False
    joined: bool = False


@dataclass
class _State:
    language: str = ""
    rate: float = 1.0
    alias: str | None = None
    spelt: bool = False


@dataclass
class _Reader:
    """What is known while a document is read."""

    notes: Notes
    parser: expat.XMLParserType
    spans: list[Span] = field(default_factory=list)
    open: list[tuple[str, _State]] = field(default_factory=list)

    def error(self, what: str, got: object = None, wanted: object = None) -> MarkupError:
        return MarkupError(
            what, where=_place(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber), got=got, wanted=wanted
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self.open and name != "speak":
            raise self.error("SSML begins with another tag", got=f"<{tag[:40]}>", wanted="<speak>")
        if len(self.open) >= DEEPEST:
            raise self.error("tags are too deep in one another", wanted=f"at most {DEEPEST} levels")
        before = self.open[-1][1] if self.open else _State()
        state = _State(before.language, before.rate, before.alias, before.spelt)
        attributes = {key if key.startswith("xml:") else key.rpartition(":")[2]: value for key, value in attributes.items()}
        if before.alias is None:
            self._ends(name)
        if name == "break":
            self._pause(self._break(attributes))
        elif name == "prosody":
            state.rate = self._rate(attributes, before.rate)
        elif name == "sub":
            if "alias" not in attributes:
                raise self.error("<sub> has no alias", wanted='<sub alias="what is said">')
            self._text(attributes["alias"], before)
            state.alias = attributes["alias"]
        elif name == "say-as" and attributes.get("interpret-as") in ("characters", "spell-out", "digits", "verbatim"):
            state.spelt = True
        elif name == "say-as":
            self.notes.add("SSML that is not read", f'say-as interpret-as="{attributes.get("interpret-as", "")}"')
        elif name not in (*_TAGS, "speak"):
            self.notes.add("SSML that is not read", f"<{name}>")
        state.language = attributes.get("xml:lang", state.language).strip()
        self.open.append((name, state))

    def end(self, tag: str) -> None:
        name, state = self.open.pop()
        if state.alias is None:
            self._ends(name)

    def text(self, text: str) -> None:
        state = self.open[-1][1]
        if state.alias is None:
            self._text(" ".join(text) if state.spelt else text, state)

    def refuse(self, *_: object) -> None:
        raise self.error("SSML must not declare a document type or entities", wanted="<speak>…</speak> alone")

    def _text(self, text: str, state: _State) -> None:
        last = self.spans[-1] if self.spans else None
        if last is not None and last.pause_s is None and (last.language, last.rate) == (state.language, state.rate):
            last.text += text
        else:
            if last is not None and last.pause_s is None:
                last.joined = True
            self.spans.append(Span(text, state.language, state.rate))

    def _ends(self, name: str) -> None:
        if name in ("p", "s"):
            self._pause(PARAGRAPH_S if name == "p" else SENTENCE_S, least=True)

    def _pause(self, pause_s: float, *, least: bool = False) -> None:
        if not self.spans:
            return
        last = self.spans[-1]
        if last.pause_s is None:
            last.pause_s, last.least = pause_s, least
        elif least or last.least:
            last.pause_s, last.least = max(last.pause_s, pause_s), last.least and least
        else:
            last.pause_s = min(last.pause_s + pause_s, LONGEST_BREAK_S)

    def _break(self, attributes: dict[str, str]) -> float:
        if "time" in attributes:
            found = _TIME.fullmatch(attributes["time"].strip())
            if found is None:
                raise self.error(
                    "a break's time cannot be read", got=repr(attributes["time"][:40]), wanted='"500ms" or "0.5s"'
                )
            seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
            if seconds > LONGEST_BREAK_S:
                self.notes.add(f"a break was cut to {LONGEST_BREAK_S:g} s", attributes["time"])
            return min(seconds, LONGEST_BREAK_S)
        strength = attributes.get("strength", "medium").strip()
        if strength not in _STRENGTH_S:
            raise self.error("a break's strength is unknown", got=repr(strength[:40]), wanted=", ".join(_STRENGTH_S))
        return _STRENGTH_S[strength]

    def _rate(self, attributes: dict[str, str], before: float) -> float:
        for other in ("pitch", "volume", "contour", "range", "duration"):
            if other in attributes:
                self.notes.add("SSML that is not read", f"prosody {other}")
        if "rate" not in attributes:
            return before
        asked = attributes["rate"].strip()
        found = _RATE.fullmatch(asked)
        if asked in _RATES:
            factor = _RATES[asked]
        elif found is None:
            raise self.error(
                "a rate cannot be read", got=repr(asked[:40]), wanted=f'{", ".join(_RATES)}, "80%", "+20%" or "1.2"'
            )
        else:
            sign, number, percent = found.groups()
            factor = float(number) / (100 if percent else 1)
            factor = 1 + (factor if sign == "+" else -factor) if sign and percent else factor
        rate = before * factor
        if not (math.isfinite(rate) and SLOWEST <= rate <= FASTEST):
            self.notes.add(f"a rate was held between {SLOWEST:g} and {FASTEST:g}", asked)
        return min(max(rate, SLOWEST), FASTEST)


def is_ssml(text: str, asked: bool | None, notes: Notes) -> bool:
    """Whether a text is to be read as SSML: as `asked`, or where it begins with <speak>, or holds a well-formed <break/>."""
    if asked is not None:
        return asked
    if _LOOKS.match(text):
        return True
    if _BREAK.search(text):
        try:
            spans(text, Notes())
        except MarkupError as error:
            notes.add("looks like SSML, but is read as text", str(error))
            return False
        return True
    return False


def spans(text: str, notes: Notes) -> list[Span]:
    """The pieces of an SSML document, or of what would be one within <speak>.

    Raises:
        MarkupError: it is not well formed, declares a document type, or states a time or a rate that cannot be; says where.
    """
    whole = text if _LOOKS.match(text) else f"<speak>{text}</speak>"
    parser = expat.ParserCreate()
    reader = _Reader(notes, parser)
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    try:
        parser.Parse(whole.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise MarkupError(
            f"SSML is not well formed: {expat.errors.messages.get(error.code, 'unknown')}",
            where=_place(error.lineno, error.offset),
            got=_around(whole, error.lineno, error.offset),
            next="Write &lt; and &amp; for < and & in SSML, or give plain text.",
        ) from None
    return reader.spans


def _place(line: int, column: int) -> str:
    return f"line {line}, column {column + 1}"


def _around(text: str, line: int, column: int) -> str:
    lines = text.split("\n")
    return repr(lines[line - 1][max(0, column - 12) : column + 12]) if line <= len(lines) else "the end"
