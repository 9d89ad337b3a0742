"""Japanese, as far as kana go: numbers are read by num2words, and what counts them is written in kana."""

from __future__ import annotations

import re

from melpact.text.wording import Wording, never

_COUNTERS = {
    "年": "ねん", "月": "がつ", "日": "にち", "時間": "じかん", "時": "じ", "分": "ふん", "秒": "びょう", "円": "えん", "人": "にん", "回": "かい", "個": "こ",
    "本": "ほん", "枚": "まい", "歳": "さい", "才": "さい", "番": "ばん", "度": "ど", "万円": "まんえん", "階": "かい", "台": "だい", "キロ": "キロ",
    "%": "パーセント", "点": "てん", "km": "キロメートル", "m": "メートル", "cm": "センチ", "kg": "キログラム", "g": "グラム", "°C": "ど",
}  # fmt: skip
_DAYS = {1: "ついたち", 2: "ふつか", 3: "みっか", 4: "よっか", 5: "いつか", 6: "むいか", 7: "なのか", 8: "ようか", 9: "ここのか", 10: "とおか", 14: "じゅうよっか",
         20: "はつか", 24: "にじゅうよっか"}  # fmt: skip
_MONTHS = {4: "しがつ", 7: "しちがつ", 9: "くがつ"}
_HOURS = {4: "よじ", 7: "しちじ", 9: "くじ"}


def number(digits: str) -> str:
    """A whole number below ten to the twelfth in hiragana."""
    from num2words import num2words

    return str(num2words(int(digits), lang="ja", reading=True))


def _counted(found: re.Match[str]) -> str:
    digits, fraction, counter = found[1], found[2] or "", found[3] or ""
    if fraction:
        part = "".join(number(digit) for digit in fraction[1:])
        return f"{number(digits)}てん{part}{_COUNTERS.get(counter, counter)}"
    special = {"日": _DAYS, "月": _MONTHS, "時": _HOURS}.get(counter, {}).get(int(digits))
    return special or number(digits) + _COUNTERS.get(counter, counter)


def _price(found: re.Match[str]) -> str:
    return f"{number(found[2])}{'えん' if found[1] == '¥' else 'ドル' if found[1] == '$' else 'ユーロ'}"


_ANY = "|".join(sorted(map(re.escape, _COUNTERS), key=lambda name: -len(name)))
PLUGIN = Wording(
    decimal=".",
    form=never,
    to="から",
    rewrite=(
        (r"(\d),(?=\d{3})", r"\1"),
        (r"(\d{1,2}):00(?!\d)", r"\1時"),
        (r"(\d{1,2}):([0-5]\d)(?!\d)", r"\1時\2分"),
        (r"([¥$€])(\d{1,12})", _price),
        (rf"(?<![\w.])(\d{{1,12}})(\.\d{{1,6}})?({_ANY})?", _counted),
        (rf"(?<=[^\W\da-zA-Z.])(\d{{1,12}})(\.\d{{1,6}})?({_ANY})?", _counted),
    ),
)  # fmt: skip
