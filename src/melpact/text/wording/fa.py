"""Persian; digits are European by then."""

from __future__ import annotations

from melpact.text.wording import Wording, never

PLUGIN = Wording(
    decimal=".",
    grouping=",",
    form=never,
    units={
        "km": ("کیلومتر",), "cm": ("سانتی‌متر",), "mm": ("میلی‌متر",), "kg": ("کیلوگرم",), "°C": ("درجهٔ سلسیوس",), "°": ("درجه",), "m": ("متر",),
        "g": ("گرم",),
    },
    currencies={"$": (("دلار",), ("سنت",)), "€": (("یورو",), ("سنت",)), "£": (("پوند",), ("پنی",)), "﷼": (("ریال",), ("",))},
    price="{whole} {unit} و {part} {cent}",
    percent="{n} درصد",
    time="{h} و {m} دقیقه",
    full_hour="{h}",
    to="تا",
    minus="منفی",
    times="در",
    number="شماره",
    at="ات",
    dot="نقطه",
    fractions={"1/2": "یک دوم", "1/3": "یک سوم", "1/4": "یک چهارم", "3/4": "سه چهارم"},
    rewrite=((r"% ?(\d+(?:\.\d+)?)", r"\1%"), (r"(\d),(\d{3})", r"\1\2"), (r"ك", "ک"), (r"ي", "ی")),
)  # fmt: skip
