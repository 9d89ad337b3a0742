"""SSML-lite: breaks, rate, language, substitutes; what is not well formed says where; nothing is expanded or fetched."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("espeakng_loader", reason="espeak-ng is in the extra `speech`")

from melpact.core.errors import MarkupError
from melpact.text.script import script
from melpact.text.sentences import PARAGRAPH_S, SENTENCE_S


def _said(text: str, **options: bool) -> list[tuple[str, str, float, float]]:
    return [(one.text, one.language, one.pause_s, one.rate) for one in script(text, **options).sentences]


def test_breaks_are_pauses() -> None:
    assert _said('<speak>One<break time="500ms"/>two. <break time="2s"/>Three<break strength="x-strong"/></speak>') == [
        ("One", "en-us", 0.5, 1.0),
        ("two.", "en-us", 2.0, 1.0),
        ("Three", "en-us", 1.0, 1.0),
    ]
    assert _said('<speak>A.<break time="1s"/><break time="1s"/>B</speak>')[0][2] == 2.0
    assert _said('<speak>A.<break time="99s"/>B</speak>')[0][2] == 10.0
    assert _said('<speak>A.<break strength="none"/>B</speak>')[0][2] == 0.0


def test_paragraphs_and_sentences() -> None:
    found = _said("<speak><p><s>One</s><s>Two</s></p><p>Three</p></speak>")
    assert [(text, pause) for text, _, pause, _ in found] == [("One", SENTENCE_S), ("Two", PARAGRAPH_S), ("Three", 0.0)]


def test_rate_multiplies_and_is_held() -> None:
    slow = '<prosody rate="80%">slow <prosody rate="slow">slower</prosody></prosody>'
    text = f'<speak>{slow} <prosody rate="+400%">fast</prosody></speak>'
    assert [round(rate, 3) for *_, rate in _said(text)] == [0.8, 0.6, 2.0]
    assert any("held between" in note for note in script(text).notes)


def test_language_and_the_marks_behind_it() -> None:
    found = _said('<speak xml:lang="en-US">He said <lang xml:lang="de">Welt</lang>, then left.</speak>')
    assert [(text, language) for text, language, *_ in found] == [
        ("He said", "en-us"),
        ("Welt,", "de"),
        ("then left.", "en-us"),
    ]


def test_substitutes_and_spelling() -> None:
    assert _said('<speak><sub alias="World Wide Web">WWW <s>x</s></sub> is here.</speak>')[0][0] == "World Wide Web is here."
    assert _said('<speak>It is <say-as interpret-as="characters">abc</say-as>.</speak>')[-1][0].endswith("a b c.")


def test_what_is_not_read_is_told_and_its_text_is_spoken() -> None:
    found = script('<speak><emphasis>much</emphasis> <prosody pitch="high">more</prosody></speak>')
    assert " ".join(one.text for one in found.sentences) == "much more"
    assert "<emphasis>" in found.notes[0] and "pitch" in found.notes[0]


def test_a_stray_bracket_is_text() -> None:
    assert _said("a < b and c")[0][0] == "a less than b and c"
    assert _said("I <3 you")[0][0] == "I 3 you"
    assert _said('one <break time="1s"/> two')[0] == ("one", "en-us", 1.0, 1.0)
    assert len(_said('one <break time="1s"/> two <oops')) == 1
    assert any("looks like SSML" in note for note in script('one <break time="1s"/> two <oops').notes)
    assert "break" in _said('one <break time="1s"/> two', ssml=False)[0][0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<speak>one", "line 1"),
        ("<speak>\n one </p></speak>", "line 2, column 8"),
        ("<speak>a & b</speak>", "&amp;"),
        ('<speak>a <break time="soon"/></speak>', "time cannot be read"),
        ('<speak>a <break strength="huge"/></speak>', "strength is unknown"),
        ('<speak><prosody rate="quick">a</prosody></speak>', "rate cannot be read"),
        ("<speak><sub>a</sub></speak>", "alias"),
        ('<speak><lang xml:lang="qqqq">a</lang></speak>', "no such language"),
        ("<speak>" + "<p>" * 200 + "a" + "</p>" * 200 + "</speak>", "too deep"),
        ("<speak>a</speak><speak>b</speak>", "not well formed"),
        ("<speak>\x01</speak>", "not well formed"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, says: str) -> None:
    with pytest.raises(Exception, match=says) as raised:
        script(text)
    assert type(raised.value).__name__ in ("MarkupError", "UnknownLanguage")


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]><speak>&c;</speak>',
        '<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak>a</speak>',
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
        "<!DOCTYPE html><html></html>",
    ],
)
def test_document_types_are_refused(text: str) -> None:
    before = time.process_time()
    with pytest.raises(MarkupError, match="document type"):
        script(text)
    assert time.process_time() - before < 1


def test_an_entity_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(MarkupError, match="undefined entity"):
        script("<speak>&nbsp;a</speak>")
    assert _said("<speak>a &lt; b &#65;</speak>")[0][0] == "a less than b A"
