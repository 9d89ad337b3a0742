"""From what a person types to sentences: languages, sentences, pauses, notes, and errors that say what is wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from melpact.core.errors import MelpactError, NothingToSay, TextError, UnknownLanguage
from melpact.text.languages import languages, named, resolved
from melpact.text.script import LONGEST_TEXT, script
from melpact.text.sentence import Sentence
from melpact.text.sentences import CLAUSE_S, LONGEST, PARAGRAPH_S, SENTENCE_S, weight

pytest.importorskip("espeakng_loader", reason="espeak-ng is in the extra `speech`")
from melpact.text.espeak import clauses

OF_A_SCRIPT = {
    "de": ("Guten Tag, schöne Welt.", "ɡˈuːtən"),
    "ru": ("Привет, мир.", "mʲˈir"),
    "uk": ("Привіт, світе.", "prɪβˈiːt̪"),
    "el": ("Γεια σου κόσμε.", "kˈosme"),
    "fa": ("سلام گل من.", "salˈɑm"),
    "ar": ("مرحبا بالعالم.", "bilʕˈaːlam"),
    "he": ("שלום עולם.", "ʃalˈom"),
    "hi": ("नमस्ते दुनिया।", "nəmˈʌsteː"),
    "cmn": ("你好世界。", "tɕˈiɛ5"),
    "ja": ("こんにちは。", "kˌo̞nnitɕˈihä"),
    "ko": ("안녕하세요.", "ˈɐnnjʌŋhˌɐsejˌo"),
    "ka": ("გამარჯობა.", ""),
    "hy": ("Բարեւ։", ""),
    "th": ("สวัสดี", ""),
    "ta": ("வணக்கம்.", ""),
    "am": ("ሰላም።", ""),
}


def _texts(text: str, **options: str) -> list[str]:
    return [sentence.text for sentence in script(text, **options).sentences]


@pytest.mark.parametrize("language", OF_A_SCRIPT)
def test_every_script_is_spoken_by_its_language(language: str) -> None:
    text, sounds = OF_A_SCRIPT[language]
    found = script(text, language="de" if language == "de" else "")
    assert [sentence.language for sentence in found.sentences] == [language]
    ipa = " ".join(clause.ipa for clause in clauses(found.sentences[0].text, language))
    assert sounds in ipa
    assert len(ipa) >= 5 and "(en)" not in ipa


def test_a_text_is_sentences_with_their_pauses() -> None:
    found = script("One day. Another day!\n\nA third; yes.")
    assert [sentence.text for sentence in found.sentences] == ["One day.", "Another day!", "A third; yes."]
    assert [sentence.pause_s for sentence in found.sentences] == [SENTENCE_S, PARAGRAPH_S, 0.0]
    assert {sentence.language for sentence in found.sentences} == {"en-us"}
    assert found.notes == ()


def test_lines_go_on_where_they_are_long_and_end_where_they_are_short() -> None:
    wrapped = "This is a line that is long enough to be wrapped at\nIts end is here."
    assert _texts(wrapped) == ["This is a line that is long enough to be wrapped at Its end is here."]
    assert _texts("Milk\nBread\nand butter") == ["Milk", "Bread and butter"]


def test_japanese_and_chinese_sentences_end_without_a_space() -> None:
    assert _texts("你好世界。今天很好！你去哪里？") == ["你好世界.", "今天很好!", "你去哪里?"]
    assert len(script("こんにちは。げんきです。").sentences) == 2


def test_titles_and_ordinals_end_no_sentence() -> None:
    assert len(script("M. Dupont est là.", language="fr").sentences) == 1
    assert len(script("Der 3. Weltkrieg. Ende.", language="de").sentences) == 2
    assert len(script("Dr. Smith met Mr. Jones, e.g. Here.").sentences) == 1


def test_pieces_of_other_scripts_are_spoken_by_their_language() -> None:
    found = script("He said Привет мир today.")
    assert [(sentence.language, sentence.text) for sentence in found.sentences] == [
        ("en-us", "He said"),
        ("ru", "Привет мир"),
        ("en-us", "today."),
    ]
    assert [sentence.pause_s for sentence in found.sentences] == [0.0, 0.0, 0.0]
    assert any("spoken as ru" in note for note in found.notes)


def test_few_latin_words_stay_in_their_sentence() -> None:
    assert [sentence.language for sentence in script("Я люблю Python.", language="ru").sentences] == ["ru"]


def test_letters_that_look_alike_are_mended() -> None:
    found = script("pаypаl is good")  # two Cyrillic letters
    assert found.sentences[0].text == "paypal is good"
    assert "taken for one" in found.notes[0]


def test_kanji_are_told() -> None:
    found = script("東京にいきます。", language="ja")
    assert any("cannot read Han letters" in note and "東京" in note for note in found.notes)


def test_a_script_that_nobody_speaks_is_left_out_and_told() -> None:
    found = script("rune ᚠᚢᚦ here")
    assert "ᚠ" not in "".join(sentence.text for sentence in found.sentences)
    assert any("ᚠᚢᚦ" in note for note in found.notes)
    with pytest.raises(NothingToSay):
        script("ᚠᚢᚦ")


@pytest.mark.parametrize(
    "text", ["", "   \n\t ", "😀👩‍🚀", "?!… —", "​‮", "<speak></speak>", "<speak><break time='1s'/></speak>", "\x00\x07"]
)
def test_nothing_to_say_is_an_error(text: str) -> None:
    with pytest.raises(NothingToSay, match=r"empty|space|nothing"):
        script(text)


def test_what_is_left_out_is_told() -> None:
    found = script("Hi 😀\x07 you\u200bth")
    assert found.sentences[0].text == "Hi youth"
    notes = " ".join(found.notes)
    assert "grinning face" in notes and "control" in notes and "invisible" in notes


def test_a_text_beyond_the_bound_is_refused() -> None:
    with pytest.raises(TextError, match="too long"):
        script("a" * (LONGEST_TEXT + 1))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *[("en", "en-us"), ("en-GB", "en-gb-x-rp"), ("en_US", "en-us"), ("de-AT", "de"), ("zh", "cmn"), ("zh-CN", "cmn")],
        *[
            ("German", "de"),
            ("no", "nb"),
            ("pt-BR", "pt-br"),
            ("farsi", "fa"),
            ("jp", "ja"),
            ("es-MX", "es-419"),
            (" RU ", "ru"),
        ],
    ],
)
def test_a_language_may_be_named_in_many_ways(name: str, code: str) -> None:
    assert resolved(name) == code


@pytest.mark.parametrize(
    ("code", "name"), [("en", "English (America)"), ("de", "German"), ("zh", "Chinese (Mandarin"), ("xx", "xx")]
)
def test_a_code_has_a_name(code: str, name: str) -> None:
    assert named(code).startswith(name)


def test_every_language_of_the_library_is_spoken_by_its_code() -> None:
    known = languages()
    assert len(known) > 100
    for language in known:
        assert resolved(language.code) == language.code
        clauses("a", language.code)


def test_an_unknown_language_names_the_nearest() -> None:
    with pytest.raises(UnknownLanguage, match="german"):
        script("Hallo", language="germn")
    with pytest.raises(UnknownLanguage, match="got 'qqqqqq'"):
        script("Hallo", language="qqqqqq")


def test_overlong_sentences_are_cut_at_clauses_then_spaces_then_anywhere() -> None:
    clause = "there is a house by the river and a dog in the yard, "
    found = script(clause * 8 + "end.")
    assert len(found.sentences) > 1
    assert all(sentence.text.endswith((",", ".")) for sentence in found.sentences)
    assert found.sentences[0].pause_s == CLAUSE_S
    spaces = script("word " * 200)
    assert {sentence.pause_s for sentence in spaces.sentences} == {0.0}
    assert min(len(sentence.text) for sentence in spaces.sentences) > LONGEST // 2
    assert sum(sentence.text.count("word") for sentence in spaces.sentences) == 200
    for text in (clause * 30, "word " * 2000, "a1" * 3000, "漢字" * 2000, "ข" * 3000):
        assert all(weight(sentence.text) <= LONGEST for sentence in script(text).sentences)


@settings(max_examples=300, deadline=2000, suppress_health_check=list(HealthCheck))
@given(
    st.text(max_size=300),
    st.sampled_from(["", "en", "de", "ru", "fa", "zh", "ja", "fr", "tr"]),
    st.sampled_from([None, True, False]),
)
def test_any_text_gives_a_script_or_an_error_of_ours(text: str, language: str, ssml: bool | None) -> None:
    _sound_or_error(text, language, ssml)


_SCRAPS = [
    *["Dr.", "z. B.", "1", "3.50", "1,234", "$", "€", "km", "°C", "-", "–", "/", ":", ".", ",", "…", "XIV", "th", "a@b.c"],
    *["http://", "www.", "<", ">", "<break/>", "<speak>", "</speak>", "&", "&amp;", "\n", "\n\n", " ", "\u00a0", "漢", "か"],
    *[
        "я",
        "a",
        "ئ",
        "\u200c",
        "😀",
        "\u0301",
        "%",
        "Jan",
        "Uhr",
        "24/7",
        "1984",
        "'",
        '"',
        "(",
        ")",
        "年",
        "г.",
        "№",
        "½",
        "١",
    ],
]


@settings(max_examples=300, deadline=2000, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(_SCRAPS), max_size=60).map("".join),
    st.sampled_from(["", "en", "en-gb", "de", "ru", "fa", "zh", "ja", "fr", "es", "it", "nl", "pt", "pl", "ko", "ar", "hi"]),
    st.sampled_from([None, True, False]),
)
def test_scraps_of_numbers_and_marks_give_a_script_or_an_error_of_ours(text: str, language: str, ssml: bool | None) -> None:
    _sound_or_error(text, language, ssml)


def _sound_or_error(text: str, language: str, ssml: bool | None) -> None:
    try:
        found = script(text, language=language, ssml=ssml)
    except MelpactError as error:
        assert str(error)
        return
    assert found.sentences
    codes = {language.code for language in languages()}
    for sentence in found.sentences:
        assert isinstance(sentence, Sentence)
        assert any(letter.isalnum() for letter in sentence.text) and sentence.text == sentence.text.strip()
        assert sentence.language in codes
        assert weight(sentence.text) <= LONGEST and 0.5 <= sentence.rate <= 2 and 0 <= sentence.pause_s <= 10
    assert len(found.notes) <= 40 and all(len(note) < 400 for note in found.notes)


@pytest.mark.parametrize(
    "scrap",
    [
        "a",
        "1",
        "1,234",
        "1 ",
        "a@",
        "a.com/",
        "(",
        "'",
        ". ",
        "Dr. ",
        "a\n",
        "漢",
        "яa",
        "<",
        "a\u0301",
        "1:",
        "!",
        "-",
        "www.",
        "XIV ",
    ],
)
def test_a_hundred_thousand_letters_take_seconds(scrap: str) -> None:
    before = time.process_time()
    try:
        script((scrap * 100_000)[:100_000], language="en")
    except MelpactError as error:
        assert str(error)
    assert time.process_time() - before < 15
