"""What is not a word is said in words: numbers, money, dates, abbreviations, per language."""

from __future__ import annotations

import pytest

pytest.importorskip("espeakng_loader", reason="espeak-ng is in the extra `speech`")

from melpact.text.characters import clean
from melpact.text.espeak import clauses
from melpact.text.languages import resolved
from melpact.text.normalise import normalise
from melpact.text.notes import Notes
from melpact.text.script import script
from melpact.text.wording import wording

SAID = {
    "en": {
        "It cost $3.50, £1, $0.99 or €5m.": "It cost 3 dollars 50, 1 pound, 99 cents or 5 million dollars.".replace(
            "5 million dollars", "5 million euros"
        ),
        "Dr. Smith vs. Mr. Jones etc.": "Doctor Smith versus Mister Jones et cetera.",
        "1,234,567 people": "1234567 people",
        "1,234.5 m": "1234.5 meters",
        "5 km at 20°C, 1 kg": "5 kilometers at 20 degrees Celsius, 1 kilogram",
        "In 1984, 1905, 1900, 2007 and 2023": "In 19 84, 19 oh 5, 19 hundred, 2007 and 20 23",
        "the 1980s and '90s": "the 19 eighties and nineties",
        "at 10:05 p.m., 10:00 a.m. and 22:15": "at 10 oh 5 PM, 10 AM and 22 15",
        "on 2023-01-05 and 5/11/2023": "on January 5th, 20 23 and May 11th, 20 23",
        "Jan. 5 and 3rd July": "January 5th and 3rd July",
        "1/2, -5, 3-4 and 24/7": "one half, minus 5, 3 to 4 and 24 7",
        "the 1,000th": "the one thousandth",
        "Henry VIII, World War II": "Henry the 8th, World War 2",
        "No. 5 and #1": "number 5 and number 1",
        "see https://www.example.com/a?b=c now": "see example dot com now",
        "mail a.b@c.org!": "mail a dot b at c dot org!",
        "007 and 12345678901234567890": "0 0 7 and " + " ".join("12345678901234567890"),
        "call +1 555 123 4567": "call + 1, 5 5 5, 1 2 3, 4 5 6 7",
        "STOP IT RIGHT NOW BBC": "stop it right now BBC",
        "NASA and the FBI": "NASA and the FBI",
        "a (short) word, and/or “two” — three": "a, short, word, and or two, three",
        "Wait... what?!": "Wait… what?",
        "the U.S.": "the U S.",
        "version 3.5.1": "version 3.5.1",
    },
    "de": {
        "Am 1. Januar 2023 um 10:30 Uhr": "Am ersten Januar 2023 um 10 Uhr 30",
        "der 3. Weltkrieg, am 05.11.2023": "der dritte Weltkrieg, am fünften November 2023",
        "3,50 € bzw. 1.234,56 Euro": "3 Euro 50 beziehungsweise 1234 Euro 56",
        "z. B. 2,5 Mio. Euro": "zum Beispiel 2,5 Millionen Euro",
        "Ludwig XIV. kam": "Ludwig der vierzehnte kam",
        "Hauptstr. 12, -5 °C": "Hauptstraße 12, minus 5 Grad Celsius",
    },
    "fr": {
        "Le 1er janvier à 10h30, M. Dupont": "Le premier janvier à 10 heures 30, Monsieur Dupont",
        "3,50 € et 1 000 000 d'euros": "3 euros 50 et 1000000 d'euros",
        "Au XXIe siècle, le 2e étage": "Au vingt et unième siècle, le deuxième étage",
    },
    "es": {
        "el Sr. García pagó 3,50 € a las 10:30": "el señor García pagó 3 euros con 50 a las 10 y 30",
        "El 05/11/2023, 1.234,5 km": "El 5 de noviembre de 2023, 1234,5 kilómetros",
    },
    "it": {"il sig. Rossi, 3,50 €, 1 gennaio": "il signor Rossi, 3 euro e 50, primo gennaio"},
    "nl": {
        "In 1972, 1.299 en 1%": "In negentienhonderd tweeënzeventig, twaalfhonderd negenennegentig en één procent",
        "dhr. De Vries, de 3e keer om 10:30 uur": "de heer De Vries, de derde keer om tien uur dertig",
    },
    "pt": {"o Sr. Silva pagou R$ 3,50": "o senhor Silva pagou 3 reais e 50"},
    "ru": {
        "1 января 2023 года": "первого января две тысячи двадцать третьего года",
        "в 1984 г., 2-й и 5-го": "в тысяча девятьсот восемьдесят четвёртом году, второй и пятого",
        "1 руб., 2 руб., 5 руб. и 21 кг": "один рубль, два рубля, пять рублей и двадцать один килограмм",
        "2 тонны, 20 % и 1,5 км": "две тонны, двадцать процентов и одна целая пять десятых километра",
        "XX век и т. д.": "двадцатый век и так далее.",
    },
    "pl": {"1 stycznia, 2 zł, 5 zł": "pierwszego stycznia, 2 złote, 5 złotych"},
    "fa": {"۳٫۵ و ۵۰٪": "3.5 و 50 درصد", "۱٬۰۰۰": "1000"},
    "zh": {"2023年，50%，¥350": "二零二三年, 百分之50, 350 元"},
    "ja": {"350円、5日": "さんびゃくごじゅうえん, いつか"},
}
CASES = [(language, written, said) for language, cases in SAID.items() for written, said in cases.items()]


@pytest.mark.parametrize(("language", "written", "said"), CASES)
def test_it_is_said_in_words(language: str, written: str, said: str) -> None:
    notes = Notes()
    assert normalise(clean(written, notes), resolved(language), notes) == said


@pytest.mark.parametrize(
    ("language", "written", "sounds"),
    [
        ("en", "It cost $3.50.", "θɹˈiː dˈɑːlɚz fˈɪfti"),
        ("en", "In 1984.", "nˈaɪntiːn ˈeɪɾi fˈɔːɹ"),
        ("en", "5 km", "kɪlˈɑːmɪɾɚz"),
        ("de", "am 1. Mai", "ˈeːɾstən"),
        ("ru", "5 руб.", "rubɭʲˈej"),
        ("fr", "le 2e", "døzjˈɛm"),
        ("cmn", "50%", "pˈai2 fˈə5n ts.ˈi.5"),
    ],
)
def test_espeak_says_it(language: str, written: str, sounds: str) -> None:
    sentence = script(written, language=language).sentences[0]
    assert sounds in " ".join(clause.ipa for clause in clauses(sentence.text, sentence.language))


def test_a_date_is_read_by_its_region() -> None:
    assert "May 11th" in script("On 5/11/2023.", language="en-us").sentences[0].text
    assert "11" not in script("On 5/11/2023.", language="en-gb").sentences[0].text
    assert "5th" in script("On 5/11/2023.", language="en-gb").sentences[0].text
    assert "May 13th" in script("On 13/5/2023.", language="en-us").sentences[0].text


def test_what_was_changed_is_noted_once() -> None:
    found = script("5 km, 5 km, 6 km, 7 km, 8 km, 9 km.")
    assert found.notes == (
        "put in words (6): 5 km → 5 kilometers, 6 km → 6 kilometers, 7 km → 7 kilometers, 8 km → 8 kilometers, …",
    )


def test_a_language_without_words_of_its_own_keeps_its_decimal_sign() -> None:
    assert wording("sv").decimal == "," and wording("th").decimal == "."
    assert wording("pt-br") is wording("pt") and wording("en-us") is not wording("en-gb-x-rp")


def test_accents_in_a_heap_and_letters_in_a_row_are_cut() -> None:
    notes = Notes()
    assert len(clean("e" + "\u0316\u0301" * 500, notes)) <= 6
    assert clean("noooooo", notes) == "nooo"
    assert clean("100000", notes) == "100000"
    assert len(notes.lines()) == 2


def test_joiners_stay_where_they_belong_to_a_word() -> None:
    assert clean("می\u200cخواهم a\u200cb", Notes()) == "می\u200cخواهم ab"
