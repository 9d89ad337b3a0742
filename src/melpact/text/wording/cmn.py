"""Mandarin Chinese: years digit by digit, signs behind numbers in words."""

from __future__ import annotations

import re

from melpact.text.wording import Wording, never

_DIGITS = "〇一二三四五六七八九"


def _year(found: re.Match[str]) -> str:
    return "".join("零" if digit == "0" else _DIGITS[int(digit)] for digit in found[1]) + "年"


PLUGIN = Wording(
    decimal=".",
    form=never,
    units={
        "km": ("公里",), "m": ("米",), "cm": ("厘米",), "mm": ("毫米",), "kg": ("公斤",), "g": ("克",), "l": ("升",), "L": ("升",), "ml": ("毫升",),
        "km/h": ("公里每小时",), "m²": ("平方米",), "km²": ("平方公里",), "°C": ("摄氏度",), "°": ("度",), "s": ("秒",), "GB": ("G B",),
    },
    currencies={
        "¥": (("元",), ("",)), "元": (("元",), ("",)), "$": (("美元",), ("",)), "US$": (("美元",), ("",)), "€": (("欧元",), ("",)),
        "£": (("英镑",), ("",)),
    },
    scales={"万": "万", "亿": "亿"},
    percent="百分之{n}",
    months=("1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"),
    date="{year}年{month}{day}日",
    year=lambda digits: "".join("零" if digit == "0" else _DIGITS[int(digit)] for digit in digits),
    time="{h}点{m}分",
    full_hour="{h}点",
    early="{h}点零{m}分",
    to="到",
    minus="负",
    times="乘",
    number="第",
    at="at",
    dot="点",
    rewrite=((r"(?<!\d)([12]\d{3})年", _year), (r"(\d{1,2}):(\d\d):(\d\d)", r"\1点\2分\3秒")),
)  # fmt: skip
