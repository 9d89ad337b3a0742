"""German: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording

_WEAK = frozenset(["am", "im", "vom", "zum", "beim", "dem", "den", "des", "einem", "ab", "seit", "bis"])
_PLAIN = frozenset(["der", "die", "das", "jeder", "jede", "jedes"])
_BEFORE = _WEAK | _PLAIN


def ordinal(number: int, mark: str, before: str, after: str) -> str | None:
    """ "der 3. Weltkrieg" as dritte, "am 3. Mai" as dritten, "3. Mai" as dritter; elsewhere a dot ends a list's number."""
    from num2words import num2words

    word = before.lower()
    if mark == "roman":
        return f"der {num2words(number, to='ordinal', lang='de')}" if before[:1].isupper() and word in _KINGS else None
    if not after or not (word in _BEFORE or after in MONTHS):
        return None
    stem = str(num2words(number, to="ordinal", lang="de"))
    return f"{stem}n" if word in _WEAK else stem if word in _PLAIN else f"{stem}r"


def day(number: int) -> str:
    """A day in a date: "fünfter"."""
    from num2words import num2words

    return f"{num2words(number, to='ordinal', lang='de')}r"


def year(digits: str) -> str | None:
    """ "1972" as 19 hundert 72; before 1100 and from 2000 on, years are numbers as others."""
    if not "1100" <= digits <= "1999":
        return None
    return f"{digits[:2]} hundert" + (f" {int(digits[2:])}" if digits[2:] != "00" else "")


_KINGS = frozenset(
    [
        "heinrich",
        "ludwig",
        "karl",
        "friedrich",
        "wilhelm",
        "otto",
        "leopold",
        "benedikt",
        "pius",
        "paul",
        "franz",
        "maximilian",
        "konrad",
    ]
)
MONTHS = (
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
)
PLUGIN = Wording(
    decimal=",",
    grouping=". ",
    abbreviations={
        "z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt", "d.h.": "das heißt", "u. a.": "unter anderem",
        "u.a.": "unter anderem", "o. Ä.": "oder Ähnliches", "o. ä.": "oder ähnliche", "u. U.": "unter Umständen",
        "i. d. R.": "in der Regel", "v. a.": "vor allem", "s. o.": "siehe oben", "s. u.": "siehe unten", "n. Chr.": "nach Christus",
        "v. Chr.": "vor Christus", "bzw.": "beziehungsweise", "usw.": "und so weiter", "etc.": "et cetera", "ca.": "circa",
        "vgl.": "vergleiche", "evtl.": "eventuell", "ggf.": "gegebenenfalls", "inkl.": "inklusive", "zzgl.": "zuzüglich", "exkl.": "exklusive",
        "sog.": "sogenannte", "Dr.": "Doktor", "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau", "St.": "Sankt",
        "Nr.": "Nummer", "Str.": "Straße", "Tel.": "Telefon", "Abb.": "Abbildung", "Bd.": "Band", "Kap.": "Kapitel", "Mio.": "Millionen",
        "Mrd.": "Milliarden", "Tsd.": "Tausend", "geb.": "geboren", "gest.": "gestorben", "max.": "maximal", "min.": "minimal",
        "Std.": "Stunden", "Min.": "Minuten", "Sek.": "Sekunden", "GmbH": "Ge Em Be Ha", "AG": "A Ge", "EU": "E U", "ARD": "A Er De",
        "Jan.": "Januar", "Feb.": "Februar", "Okt.": "Oktober", "Nov.": "November", "Dez.": "Dezember", "Aug.": "August",
        "Sept.": "September", "§§": "Paragrafen", "MwSt.": "Mehrwertsteuer", "Jh.": "Jahrhundert", "Jhd.": "Jahrhundert",
    },
    leads=frozenset(["z. b.", "z.b.", "d. h.", "d.h.", "u. a.", "dr.", "prof.", "hr.", "fr.", "st.", "nr.", "ca.", "bzw.", "vgl.", "evtl.", "ggf.", "inkl.", "abb.", "kap.", "sog."]),
    before_ordinals=_BEFORE,
    units={
        "km": ("Kilometer",), "m": ("Meter",), "cm": ("Zentimeter",), "mm": ("Millimeter",), "kg": ("Kilogramm",), "g": ("Gramm",),
        "mg": ("Milligramm",), "t": ("Tonne", "Tonnen"), "l": ("Liter",), "ml": ("Milliliter",), "km/h": ("Kilometer pro Stunde",),
        "m/s": ("Meter pro Sekunde",), "m²": ("Quadratmeter",), "km²": ("Quadratkilometer",), "m³": ("Kubikmeter",),
        "°C": ("Grad Celsius",), "°F": ("Grad Fahrenheit",), "°": ("Grad",), "ms": ("Millisekunde", "Millisekunden"),
        "s": ("Sekunde", "Sekunden"), "min": ("Minute", "Minuten"), "h": ("Stunde", "Stunden"), "Hz": ("Hertz",),
        "kHz": ("Kilohertz",), "MHz": ("Megahertz",), "GHz": ("Gigahertz",), "dB": ("Dezibel",), "kB": ("Kilobyte",),
        "MB": ("Megabyte",), "GB": ("Gigabyte",), "TB": ("Terabyte",), "W": ("Watt",), "kW": ("Kilowatt",),
        "kWh": ("Kilowattstunde", "Kilowattstunden"), "V": ("Volt",),
    },
    currencies={
        "€": (("Euro",), ("Cent",)), "EUR": (("Euro",), ("Cent",)), "Euro": (("Euro",), ("Cent",)), "$": (("Dollar",), ("Cent",)),
        "US$": (("Dollar",), ("Cent",)), "USD": (("Dollar",), ("Cent",)), "£": (("Pfund",), ("Pence",)), "CHF": (("Franken",), ("Rappen",)),
        "Fr.": (("Franken",), ("Rappen",)), "¥": (("Yen",), ("",)), "₽": (("Rubel",), ("Kopeken",)), "DM": (("Mark",), ("Pfennig",)),
    },
    scales={"Millionen": "Millionen", "Milliarden": "Milliarden", "Tausend": "Tausend", "Mio.": "Millionen", "Mrd.": "Milliarden"},
    months=MONTHS,
    date="{day} {month} {year}",
    day=day,
    year=year,
    time="{h} Uhr {m}",
    full_hour="{h} Uhr",
    hours="Uhr|h",
    ordinal_mark=r"\.(?= )",
    ordinal=ordinal,
    to="bis",
    minus="minus",
    times="mal",
    number="Nummer",
    at="ät",
    dot="Punkt",
    fractions={"1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel", "3/4": "drei Viertel"},
    signs={"<": "kleiner als", ">": "größer als", "=": "gleich", "~": "ungefähr", "+": "plus"},
    roman=True,
    rewrite=(
        (r"(?<!\w)S\. ?(?=\d)", "Seite "),
        (r"(?<=[a-zäöüß])str\.(?= )", "straße"),
        (r"(\d{1,2})[.:](\d\d) ?(?:Uhr|h)\b", r"\1:\2 Uhr"),
    ),
)  # fmt: skip
