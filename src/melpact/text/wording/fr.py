"""French: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording, below_two

_FEMININE = ("re", "ère", "ere", "nde")


def ordinal(number: int, mark: str, before: str, after: str) -> str | None:
    """ "1er", "2e", "XXe"; kings and centuries in Roman figures."""
    from num2words import num2words

    if mark == "roman":
        return None
    if number == 1:
        return "première" if mark in _FEMININE else "premier"
    if mark in ("nd", "nde"):
        return "seconde" if mark == "nde" else "second"
    words = str(num2words(number, to="ordinal", lang="fr"))
    return f"{words}s" if mark.endswith("s") else words


_EURO, _DOLLAR = (("euro", "euros"), ("centime", "centimes")), (("dollar", "dollars"), ("cent", "cents"))
PLUGIN = Wording(
    decimal=",",
    grouping=" .",
    form=below_two,
    abbreviations={
        "M.": "Monsieur", "MM.": "Messieurs", "Mme": "Madame", "Mmes": "Mesdames", "Mlle": "Mademoiselle", "Dr": "Docteur",
        "Dr.": "Docteur", "Pr": "Professeur", "St": "Saint", "Ste": "Sainte", "Me": "Maître", "p. ex.": "par exemple",
        "p.ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "etc.": "et cetera", "env.": "environ", "av. J.-C.": "avant Jésus-Christ",
        "apr. J.-C.": "après Jésus-Christ", "n°": "numéro", "N°": "numéro", "nº": "numéro", "bd": "boulevard", "av.": "avenue",
        "janv.": "janvier", "févr.": "février", "juil.": "juillet", "sept.": "septembre", "oct.": "octobre", "nov.": "novembre",
        "déc.": "décembre", "tél.": "téléphone", "cf.": "confer", "vol.": "volume", "chap.": "chapitre", "fig.": "figure",
    },
    leads=frozenset(["m.", "mm.", "mme", "mlle", "dr.", "dr", "p. ex.", "p.ex.", "c.-à-d.", "env.", "cf.", "n°", "av.", "st"]),
    units={
        "km": ("kilomètre", "kilomètres"), "m": ("mètre", "mètres"), "cm": ("centimètre", "centimètres"),
        "mm": ("millimètre", "millimètres"), "kg": ("kilogramme", "kilogrammes"), "g": ("gramme", "grammes"),
        "mg": ("milligramme", "milligrammes"), "t": ("tonne", "tonnes"), "l": ("litre", "litres"), "L": ("litre", "litres"),
        "ml": ("millilitre", "millilitres"), "km/h": ("kilomètre par heure", "kilomètres par heure"),
        "m²": ("mètre carré", "mètres carrés"), "km²": ("kilomètre carré", "kilomètres carrés"), "m³": ("mètre cube", "mètres cubes"),
        "°C": ("degré Celsius", "degrés Celsius"), "°": ("degré", "degrés"), "ms": ("milliseconde", "millisecondes"),
        "s": ("seconde", "secondes"), "min": ("minute", "minutes"), "Hz": ("hertz",), "kHz": ("kilohertz",), "MHz": ("mégahertz",),
        "GHz": ("gigahertz",), "dB": ("décibel", "décibels"), "Ko": ("kilooctet", "kilooctets"), "Mo": ("mégaoctet", "mégaoctets"),
        "Go": ("gigaoctet", "gigaoctets"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"), "V": ("volt", "volts"),
    },
    currencies={
        "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "£": (("livre", "livres"), ("penny", "pence")),
        "CHF": (("franc suisse", "francs suisses"), ("centime", "centimes")), "¥": (("yen", "yens"), ("",)),
        "₽": (("rouble", "roubles"), ("kopeck", "kopecks")),
    },
    scales={"millions d'": "millions d'", "million": "million", "millions": "millions", "milliards": "milliards", "M": "millions"},
    months=("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    day=lambda number: "premier" if number == 1 else str(number),
    time="{h} heures {m}",
    full_hour="{h} heures",
    hours="heures|h|minutes|min",
    ordinal_mark="ère|ere|er|re|nde|nd|èmes|ème|emes|eme|es|e",
    ordinal=ordinal,
    to="à",
    minus="moins",
    times="fois",
    number="numéro",
    at="arobase",
    dot="point",
    fractions={"1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts"},
    signs={"<": "inférieur à", ">": "supérieur à", "=": "égale", "~": "environ", "+": "plus"},
    roman=True,
    rewrite=(
        (r"(?<![\w:])([01]?\d|2[0-4]) ?h ?([0-5]\d)(?!\d)", r"\1:\2"),
        (r"(?<![\w:])([01]?\d|2[0-4]) ?h(?!\w)", r"\1 heures"),
        (r"(?<![\w:])1[:h] ?([0-5]\d)(?!\d)", r"1 heure \1"),
        (r"\bXIX(?:e|ème)\b", "19e"), (r"\bXX(?:e|ème)\b", "20e"), (r"\bXXI(?:e|ème)\b", "21e"), (r"\bXVIII(?:e|ème)\b", "18e"),
        (r"\bXVII(?:e|ème)\b", "17e"), (r"\bXVI(?:e|ème)\b", "16e"), (r"\bXV(?:e|ème)\b", "15e"), (r"\bXIV(?:e|ème)\b", "14e"),
        (r"(?<!\w)pp?\. ?(?=\d)", "page "),
        (r"(?<=\de) s\.", " siècle"),
        (r"\bFrançois Ier\b", "François premier"),
    ),
)  # fmt: skip
