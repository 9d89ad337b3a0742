"""English; dates as in the United States, where 5/11 is in May."""

from __future__ import annotations

import re

from melpact.text.wording import Wording

_KINGS = frozenset(
    [
        "henry",
        "louis",
        "charles",
        "george",
        "edward",
        "richard",
        "william",
        "james",
        "elizabeth",
        "mary",
        "philip",
        "pius",
        "paul",
        "benedict",
        "gregory",
        "napoleon",
        "nicholas",
        "peter",
        "catherine",
        "alexander",
        "frederick",
        "leo",
        "francis",
        "ivan",
        "leopold",
        "victoria",
        "innocent",
        "clement",
        "urban",
        "john",
    ]
)
_TENS = {"20": "twenties", "30": "thirties", "40": "forties", "50": "fifties", "60": "sixties", "70": "seventies",
         "80": "eighties", "90": "nineties", "00": "hundreds", "10": "tens"}  # fmt: skip


def ordinal(number: int, mark: str, before: str, after: str) -> str | None:
    """ "1st" as espeak-ng says it, "1,000th" in words, "Henry VIII" as the eighth."""
    if mark == "roman":
        return f"the {number}{_suffix(number)}" if before.lower() in _KINGS else None
    if number > 999:
        from num2words import num2words

        return str(num2words(number, to="ordinal", lang="en"))
    return None


def day(number: int) -> str:
    """A day of a month: "5th"."""
    return f"{number}{_suffix(number)}"


def _suffix(number: int) -> str:
    return "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def year(written: str) -> str | None:
    """ "1984" as 19 84, "1905" as 19 oh 5, "1980s" as 19 eighties; from 2000 to 2009, and round thousands, as numbers."""
    digits = written[:4]
    century, rest = digits[:2], digits[2:]
    if written != digits:
        if digits[2:] in _TENS and written[4:].strip("'") == "s":
            return f"{'2 thousands' if digits == '2000' else f'{century} {_TENS[rest]}'}"
        return None
    if century in ("10", "20") and rest[0] == "0":
        return None
    if rest == "00":
        return f"{century} hundred"
    return f"{century} oh {rest[1]}" if rest[0] == "0" else f"{century} {rest}"


def _decade(found: re.Match[str]) -> str:
    return _TENS[found[1]]


ABBREVIATIONS = {
    "Mr.": "Mister", "Mrs.": "Missis", "Ms.": "Miz", "Dr.": "Doctor", "Prof.": "Professor", "Rev.": "Reverend",
    "Hon.": "Honorable", "Gen.": "General", "Col.": "Colonel", "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant",
    "Gov.": "Governor", "Sen.": "Senator", "Rep.": "Representative", "Pres.": "President", "St.": "Saint", "Mt.": "Mount",
    "Jr.": "Junior", "Sr.": "Senior", "Co.": "Company", "Corp.": "Corporation", "Inc.": "Incorporated", "Ltd.": "Limited",
    "Dept.": "Department", "Univ.": "University", "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Hwy.": "Highway",
    "vs.": "versus", "vs": "versus", "etc.": "et cetera", "e.g.": "for example", "i.e.": "that is", "cf.": "compare",
    "approx.": "approximately", "est.": "established", "fig.": "figure", "figs.": "figures", "eq.": "equation",
    "vol.": "volume", "ch.": "chapter", "pp.": "pages", "ed.": "edition", "max.": "maximum", "min.": "minimum", "ca.": "about",
    "Apt.": "Apartment", "w/": "with", "w/o": "without", "a.m.": "AM", "p.m.": "PM", "Ph.D.": "PhD", "M.D.": "MD", "B.C.": "BC", "A.D.": "AD",
    "U.S.": "U S", "U.S.A.": "U S A", "U.K.": "U K", "U.N.": "U N", "E.U.": "E U", "D.C.": "D C", "N.Y.": "N Y",
    "Jan.": "January", "Feb.": "February", "Mar.": "March", "Apr.": "April", "Aug.": "August", "Sept.": "September",
    "Sep.": "September", "Oct.": "October", "Nov.": "November", "Dec.": "December",
    "Mon.": "Monday", "Tue.": "Tuesday", "Wed.": "Wednesday", "Thu.": "Thursday", "Fri.": "Friday",
}  # fmt: skip
UNITS = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"), "µm": ("micrometer", "micrometers"), "nm": ("nanometer", "nanometers"),
    "mi": ("mile", "miles"), "ft": ("foot", "feet"), "yd": ("yard", "yards"), "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"), "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"), "l": ("liter", "liters"), "L": ("liter", "liters"), "ml": ("milliliter", "milliliters"),
    "mL": ("milliliter", "milliliters"), "km/h": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"), "mph": ("mile per hour", "miles per hour"),
    "m/s": ("meter per second", "meters per second"), "m²": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"), "m³": ("cubic meter", "cubic meters"), "ft²": ("square foot", "square feet"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"), "°": ("degree", "degrees"),
    "ms": ("millisecond", "milliseconds"), "s": ("second", "seconds"), "sec": ("second", "seconds"),
    "min": ("minute", "minutes"), "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
    "Hz": ("hertz",), "kHz": ("kilohertz",), "MHz": ("megahertz",), "GHz": ("gigahertz",), "dB": ("decibel", "decibels"),
    "KB": ("kilobyte", "kilobytes"), "kB": ("kilobyte", "kilobytes"), "MB": ("megabyte", "megabytes"),
    "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"), "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"),
    "kWh": ("kilowatt hour", "kilowatt hours"), "V": ("volt", "volts"),
}  # fmt: skip
_DOLLAR, _CENT = ("dollar", "dollars"), ("cent", "cents")
CURRENCIES = {
    "$": (_DOLLAR, _CENT), "US$": (_DOLLAR, _CENT), "USD": (_DOLLAR, _CENT), "A$": (("Australian dollar", "Australian dollars"), _CENT),
    "C$": (("Canadian dollar", "Canadian dollars"), _CENT), "€": (("euro", "euros"), _CENT), "EUR": (("euro", "euros"), _CENT),
    "£": (("pound", "pounds"), ("penny", "pence")), "GBP": (("pound", "pounds"), ("penny", "pence")),
    "¥": (("yen",), ("",)), "JPY": (("yen",), ("",)), "₹": (("rupee", "rupees"), ("paisa", "paise")),
    "₽": (("rouble", "roubles"), ("kopeck", "kopecks")), "₩": (("won",), ("",)), "CHF": (("Swiss franc", "Swiss francs"), ("",)),
    "¢": (_CENT, ("",)), "₿": (("bitcoin", "bitcoins"), ("",)), "₺": (("lira",), ("",)), "zł": (("zloty", "zlotys"), ("",)),
}  # fmt: skip
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
PLUGIN = Wording(
    decimal=".",
    abbreviations=ABBREVIATIONS,
    leads=frozenset(
        [
            "mr.",
            "mrs.",
            "ms.",
            "dr.",
            "prof.",
            "rev.",
            "hon.",
            "gen.",
            "col.",
            "capt.",
            "lt.",
            "sgt.",
            "gov.",
            "sen.",
            "st.",
            "mt.",
            "e.g.",
            "i.e.",
            "vs.",
            "fig.",
            "no.",
            "cf.",
        ]
    ),
    units=UNITS,
    currencies=CURRENCIES,
    scales={
        "million": "million",
        "billion": "billion",
        "trillion": "trillion",
        "thousand": "thousand",
        "m": "million",
        "M": "million",
        "bn": "billion",
        "B": "billion",
        "k": "thousand",
        "K": "thousand",
    },
    months=MONTHS,
    date="{month} {day}, {year}",
    day_first=False,
    day=day,
    day_before_month=True,
    day_after_month=True,
    year=year,
    time="{h} {m}",
    full_hour="{h} o'clock",
    early="{h} oh {m}",
    ordinal_mark="st|nd|rd|th",
    ordinal=ordinal,
    to="to",
    minus="minus",
    times="by",
    number="number",
    at="at",
    dot="dot",
    fractions={"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters"},
    signs={
        "<": "less than",
        ">": "greater than",
        "=": "equals",
        "~": "about",
        "≈": "about",
        "≤": "at most",
        "≥": "at least",
    },
    roman=True,
    rewrite=(
        (r"(?<!\w)'?([2-9]0)'?s(?!\w)", _decade),
        (r"(?<![\w.])No\. ?(?=\d)", "number "),
        (r"(?<!\w)24/7(?!\w)", "24 7"),
        (r"(\d{1,2}(?::\d\d)?) ?(?i:([ap])\.?m\b\.?)", lambda found: f"{found[1]} {found[2].upper()}M"),
        (r"(\d):00 ([AP]M)", r"\1 \2"),
        (r"(?<=\d)½", " and a half"),
    ),
)
