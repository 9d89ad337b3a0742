"""Arabic: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording, never

PLUGIN = Wording(
    decimal=".",
    grouping=",",
    form=never,
    units={"km": ("كيلومتر",), "kg": ("كيلوغرام",), "°C": ("درجة مئوية",), "°": ("درجة",)},
    currencies={"$": (("دولار",), ("سنت",)), "€": (("يورو",), ("سنت",)), "£": (("جنيه",), ("بنس",))},
    price="{whole} {unit} و {part} {cent}",
    percent="{n} بالمئة",
    time="{h} و {m} دقيقة",
    full_hour="{h}",
    to="إلى",
    minus="ناقص",
    times="في",
    number="رقم",
    at="آت",
    dot="نقطة",
    rewrite=((r"% ?(\d+(?:\.\d+)?)", r"\1%"),),
)
