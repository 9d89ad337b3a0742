"""Dutch: short forms, money, units, dates and signs in words."""

from __future__ import annotations

import re

from melpact.text.wording import Wording


def ordinal(number: int, mark: str, before: str, after: str) -> str | None:
    """ "3e", "1ste", "2de" in words."""
    from num2words import num2words

    return None if mark == "roman" else str(num2words(number, to="ordinal", lang="nl"))


def cardinal(number: str, after: str) -> str | None:
    """A whole number in words; espeak-ng reads fractions itself."""
    from num2words import num2words

    return None if "," in number else _APART.sub(r"\1 ", str(num2words(int(number), lang="nl")))


def year(digits: str) -> str | None:
    """ "1972" as negentienhonderd tweeënzeventig, up to 1999."""
    from num2words import num2words

    if not "1100" <= digits <= "1999":
        return None
    rest = str(num2words(int(digits[2:]), lang="nl")) if digits[2:] != "00" else ""
    return f"{num2words(int(digits[:2]), lang='nl')}honderd {rest}".rstrip()


_APART = re.compile(r"(duizend|honderd)(?=\w)")
"""espeak-ng stresses longer words wrongly."""


_EURO, _DOLLAR = (("euro",), ("cent",)), (("dollar",), ("cent",))
PLUGIN = Wording(
    decimal=",",
    grouping=". ",
    abbreviations={
        "bijv.": "bijvoorbeeld", "bv.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen", "enz.": "enzovoort", "etc.": "et cetera",
        "dhr.": "de heer", "mevr.": "mevrouw", "mw.": "mevrouw", "dr.": "doctor", "drs.": "doctorandus", "prof.": "professor",
        "ir.": "ingenieur", "ing.": "ingenieur", "mr.": "meester", "o.a.": "onder andere", "m.b.t.": "met betrekking tot", "i.p.v.": "in plaats van",
        "t.o.v.": "ten opzichte van", "m.a.w.": "met andere woorden", "o.l.v.": "onder leiding van", "a.u.b.": "alstublieft",
        "ca.": "circa", "nr.": "nummer", "blz.": "bladzijde", "tel.": "telefoon", "incl.": "inclusief", "excl.": "exclusief",
        "evt.": "eventueel", "resp.": "respectievelijk", "v.Chr.": "voor Christus", "n.Chr.": "na Christus", "v. Chr.": "voor Christus",
        "max.": "maximaal", "min.": "minimaal", "mln.": "miljoen", "mld.": "miljard", "jan.": "januari", "feb.": "februari",
        "aug.": "augustus", "sept.": "september", "okt.": "oktober", "nov.": "november", "dec.": "december", "St.": "Sint",
    },
    leads=frozenset(["bijv.", "bv.", "d.w.z.", "dhr.", "mevr.", "mw.", "dr.", "drs.", "prof.", "ir.", "ing.", "mr.", "o.a.", "m.b.t.", "i.p.v.", "t.o.v.", "ca.", "nr.", "blz.", "resp."]),
    units={
        "%": ("procent",),
        "km": ("kilometer",), "m": ("meter",), "cm": ("centimeter",), "mm": ("millimeter",), "kg": ("kilogram",), "g": ("gram",),
        "mg": ("milligram",), "l": ("liter",), "ml": ("milliliter",), "km/h": ("kilometer per uur",), "km/u": ("kilometer per uur",),
        "m²": ("vierkante meter",), "km²": ("vierkante kilometer",), "m³": ("kubieke meter",), "°C": ("graden Celsius",), "°": ("graden",),
        "ms": ("milliseconde", "milliseconden"), "s": ("seconde", "seconden"), "min": ("minuut", "minuten"), "Hz": ("hertz",),
        "kHz": ("kilohertz",), "MHz": ("megahertz",), "GHz": ("gigahertz",), "dB": ("decibel",), "MB": ("megabyte",), "GB": ("gigabyte",),
        "W": ("watt",), "kW": ("kilowatt",), "V": ("volt",),
    },
    currencies={
        "€": _EURO, "EUR": _EURO, "euro": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "£": (("pond",), ("pence",)), "¥": (("yen",), ("",)),
    },
    scales={"miljoen": "miljoen", "miljard": "miljard", "mln": "miljoen", "mld": "miljard", "duizend": "duizend"},
    months=("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"),
    time="{h} uur {m}",
    full_hour="{h} uur",
    hours="uur|u",
    ordinal_mark="ste|de|e",
    ordinal=ordinal,
    cardinal=cardinal,
    year=year,
    to="tot",
    minus="min",
    times="keer",
    number="nummer",
    at="apenstaartje",
    dot="punt",
    fractions={"1/2": "een half", "1/3": "een derde", "2/3": "twee derde", "1/4": "een kwart", "3/4": "drie kwart"},
    signs={"<": "kleiner dan", ">": "groter dan", "=": "is", "~": "ongeveer", "+": "plus"},
    roman=True,
    rewrite=((r"(?<![\w:.,])([01]?\d|2[0-4])\.([0-5]\d)(?= uur\b)", r"\1:\2"),),
)  # fmt: skip
