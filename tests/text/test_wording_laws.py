"""Every language's wording is held to the same laws."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("espeakng_loader", reason="espeak-ng is in the extra `speech`")

from melpact.core.plugins import plugins
from melpact.text.languages import languages
from melpact.text.normalise import normalise
from melpact.text.notes import Notes
from melpact.text.script import script
from melpact.text.wording import Wording, wording

ALL: dict[str, Wording] = plugins("melpact.text.wording")
NUMBERS = ["0", "1", "2", "3", "4", "5", "11", "12", "21", "22", "100", "101", "1000000"]


def _code(name: str) -> str:
    return {"en": "en-us", "en_gb": "en-gb-x-rp"}.get(name, name)


@pytest.mark.parametrize("name", ALL)
def test_it_belongs_to_a_language_of_espeak(name: str) -> None:
    assert _code(name) in {language.code for language in languages()}
    assert wording(_code(name)) is ALL[name]


@pytest.mark.parametrize("name", ALL)
def test_its_tables_are_whole(name: str) -> None:
    words = ALL[name]
    assert words.decimal in ",." and words.decimal not in words.grouping
    assert len(words.months) in (0, 12)
    assert len(words.date.format(day=1, month="m", year=1)) > 2
    for template, names in ((words.time, "hm"), (words.full_hour, "h"), (words.early, "hm"), (words.percent, "n")):
        assert set(re.findall(r"{(\w+)}", template)) in (set(names), set())
    for forms in [*words.units.values(), *(unit for unit, _ in words.currencies.values())]:
        assert isinstance(forms, tuple) and all(forms)
        assert all(words.form(number) >= 0 for number in [*NUMBERS, f"1{words.decimal}5"])
    assert all(lead == lead.lower() for lead in words.leads)


@pytest.mark.parametrize("name", ALL)
def test_what_it_says_is_final(name: str) -> None:
    """Words put in are not taken for something else when they are looked at again."""
    words, code = ALL[name], _code(name)
    written = [f"{number} {unit}" for unit in words.units for number in ("1", "2", "5", "21")]
    written += [f"{number} {sign}" for sign in words.currencies for number in ("1", "5", f"3{words.decimal}50")]
    for text in written:
        said = normalise(text, code, Notes())
        assert said, text
        assert normalise(said, code, Notes()) == said, text


@pytest.mark.parametrize("name", ALL)
def test_its_short_forms_are_said_in_full_and_end_no_sentence_before_a_number(name: str) -> None:
    words, code = ALL[name], _code(name)
    for short, full in words.abbreviations.items():
        said = normalise(f"{short} 5", code, Notes())
        assert full.split(" ")[0].lower() in said.lower() or any(
            re.search(pattern, f"{short} 5") for pattern, _ in words.rewrite
        )
        behind = "aa" if " " in short else "6"
        if short.endswith("."):
            assert len(script(f"5 {short} {behind}", language=code, ssml=False).sentences) == 1, short


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "number",
    [*NUMBERS, "1984", "2023", "007", "1.5", "1,5", "1,234", "1.234", "3-4", "-5", "50%", "10:30", "10:00", "10:05"],
)
def test_numbers_of_every_kind_are_said(name: str, number: str) -> None:
    said = normalise(number, _code(name), Notes())
    assert any(letter.isalnum() for letter in said)
