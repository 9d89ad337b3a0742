"""Polish: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording, polish


def genitive(number: int) -> str:
    """A day of a month: "pierwszego"."""
    from num2words import num2words

    words = str(num2words(number, to="ordinal", lang="pl")).split(" ")
    return " ".join(
        word[:-1] + "ego" if word.endswith("y") else word + "ego" if word.endswith("i") else word for word in words
    )


def ordinal(number: int, mark: str, before: str, after: str) -> str | None:
    """Centuries: "w XIX wieku" as dziewiętnastym, "XIX wieku" as dziewiętnastego, "XIX wiek" as dziewiętnasty."""
    from num2words import num2words

    if mark != "roman" or not after.lower().startswith("wiek"):
        return None
    if after.lower() == "wieku" and before.lower() in ("w", "we"):
        words = str(num2words(number, to="ordinal", lang="pl")).split(" ")
        return " ".join(f"{word}m" if word.endswith(("y", "i")) else word for word in words)
    return genitive(number) if after.lower() == "wieku" else str(num2words(number, to="ordinal", lang="pl"))


_ZLOTY, _EURO = (("złoty", "złote", "złotych"), ("grosz", "grosze", "groszy")), (("euro",), ("cent", "centy", "centów"))
PLUGIN = Wording(
    decimal=",",
    grouping=" .",
    form=polish,
    abbreviations={
        "np.": "na przykład", "tzn.": "to znaczy", "itd.": "i tak dalej", "rozdz.": "rozdział", "itp.": "i tym podobne", "m.in.": "między innymi", "tzw.": "tak zwany",
        "dr": "doktor", "prof.": "profesor", "mgr": "magister", "inż.": "inżynier", "ul.": "ulica", "nr": "numer", "godz.": "godzina", "ok.": "około",
        "tj.": "to jest", "r.": "roku", "w.": "wieku", "św.": "święty", "str.": "strona", "tel.": "telefon", "mln": "milionów", "mld": "miliardów",
        "tys.": "tysięcy", "p.n.e.": "przed naszą erą", "n.e.": "naszej ery",
    },
    leads=frozenset(["np.", "rozdz.", "tzn.", "m.in.", "tzw.", "prof.", "inż.", "ul.", "ok.", "tj.", "św.", "godz.", "str.", "tel."]),
    units={
        "km": ("kilometr", "kilometry", "kilometrów"), "m": ("metr", "metry", "metrów"), "cm": ("centymetr", "centymetry", "centymetrów"),
        "mm": ("milimetr", "milimetry", "milimetrów"), "kg": ("kilogram", "kilogramy", "kilogramów"), "g": ("gram", "gramy", "gramów"),
        "l": ("litr", "litry", "litrów"), "ml": ("mililitr", "mililitry", "mililitrów"),
        "km/h": ("kilometr na godzinę", "kilometry na godzinę", "kilometrów na godzinę"),
        "m²": ("metr kwadratowy", "metry kwadratowe", "metrów kwadratowych"),
        "°C": ("stopień Celsjusza", "stopnie Celsjusza", "stopni Celsjusza"), "s": ("sekunda", "sekundy", "sekund"),
        "min": ("minuta", "minuty", "minut"), "h": ("godzina", "godziny", "godzin"),
    },
    currencies={"zł": _ZLOTY, "PLN": _ZLOTY, "€": _EURO, "EUR": _EURO, "$": (("dolar", "dolary", "dolarów"), ("cent", "centy", "centów"))},
    scales={"mln": "milionów", "mld": "miliardów", "tys.": "tysięcy", "milionów": "milionów", "miliardów": "miliardów", "tysięcy": "tysięcy"},
    months=("stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września", "października", "listopada", "grudnia"),
    day=genitive,
    day_before_month=True,
    time="{h} {m}",
    full_hour="{h} zero zero",
    early="{h} zero {m}",
    ordinal=ordinal,
    roman=True,
    to="do",
    minus="minus",
    times="razy",
    number="numer",
    at="małpa",
    dot="kropka",
    signs={"<": "mniejsze niż", ">": "większe niż", "=": "równa się", "~": "około", "+": "plus"},
)  # fmt: skip
