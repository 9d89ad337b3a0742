"""Korean: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording, never

PLUGIN = Wording(
    decimal=".",
    form=never,
    units={
        "km": ("킬로미터",),
        "m": ("미터",),
        "cm": ("센티미터",),
        "kg": ("킬로그램",),
        "g": ("그램",),
        "°C": ("도",),
        "°": ("도",),
    },
    currencies={"₩": (("원",), ("",)), "$": (("달러",), ("센트",)), "€": (("유로",), ("센트",)), "¥": (("엔",), ("",))},
    percent="{n} 퍼센트",
    months=("1월", "2월", "3월", "4월", "5월", "6월", "7월", "8월", "9월", "10월", "11월", "12월"),
    date="{year}년 {month} {day}일",
    time="{h}시 {m}분",
    full_hour="{h}시",
    to="에서",
    minus="마이너스",
    number="번호",
    at="골뱅이",
    dot="점",
)
