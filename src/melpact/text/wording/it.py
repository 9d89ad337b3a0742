"""Italian: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording

_EURO, _DOLLAR = (("euro",), ("centesimo", "centesimi")), (("dollaro", "dollari"), ("centesimo", "centesimi"))
PLUGIN = Wording(
    decimal=",",
    grouping=". ",
    abbreviations={
        "sig.": "signor", "sig.ra": "signora", "sig.na": "signorina", "sigg.": "signori", "dott.": "dottor", "dott.ssa": "dottoressa",
        "dr.": "dottor", "prof.": "professor", "prof.ssa": "professoressa", "avv.": "avvocato", "ing.": "ingegner", "arch.": "architetto",
        "on.": "onorevole", "ecc.": "eccetera", "etc.": "eccetera", "es.": "esempio", "p. es.": "per esempio", "ca.": "circa", "n.": "numero",
        "pag.": "pagina", "pagg.": "pagine", "cap.": "capitolo", "vol.": "volume", "tel.": "telefono", "a.C.": "avanti Cristo",
        "d.C.": "dopo Cristo", "a. C.": "avanti Cristo", "d. C.": "dopo Cristo", "S.p.A.": "esse pi a", "s.r.l.": "esse erre elle",
        "max.": "massimo", "min.": "minimo", "gen.": "gennaio", "feb.": "febbraio", "sett.": "settembre", "ott.": "ottobre",
        "nov.": "novembre", "dic.": "dicembre", "v.le": "viale", "p.za": "piazza", "cfr.": "confronta",
    },
    leads=frozenset(["s.", "sig.", "sig.ra", "dott.", "dott.ssa", "dr.", "prof.", "prof.ssa", "avv.", "ing.", "es.", "p. es.", "n.", "pag.", "cap.", "ca.", "cfr.", "on."]),
    units={
        "km": ("chilometro", "chilometri"), "m": ("metro", "metri"), "cm": ("centimetro", "centimetri"),
        "mm": ("millimetro", "millimetri"), "kg": ("chilogrammo", "chilogrammi"), "g": ("grammo", "grammi"),
        "mg": ("milligrammo", "milligrammi"), "t": ("tonnellata", "tonnellate"), "l": ("litro", "litri"), "ml": ("millilitro", "millilitri"),
        "km/h": ("chilometro orario", "chilometri orari"), "m²": ("metro quadrato", "metri quadrati"),
        "km²": ("chilometro quadrato", "chilometri quadrati"), "m³": ("metro cubo", "metri cubi"),
        "°C": ("grado Celsius", "gradi Celsius"), "ms": ("millisecondo", "millisecondi"), "s": ("secondo", "secondi"),
        "min": ("minuto", "minuti"), "h": ("ora", "ore"), "Hz": ("hertz",), "kHz": ("chilohertz",), "MHz": ("megahertz",),
        "GHz": ("gigahertz",), "dB": ("decibel",), "MB": ("megabyte",), "GB": ("gigabyte",), "W": ("watt",), "kW": ("chilowatt",),
        "V": ("volt",),
    },
    currencies={
        "€": _EURO, "EUR": _EURO, "euro": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "£": (("sterlina", "sterline"), ("penny", "pence")),
        "¥": (("yen",), ("",)), "CHF": (("franco svizzero", "franchi svizzeri"), ("centesimo", "centesimi")),
    },
    price="{whole} {unit} e {part}",
    scales={"milioni di": "milioni di", "miliardi di": "miliardi di", "milioni": "milioni di", "miliardi": "miliardi di"},
    months=("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"),
    day=lambda number: "primo" if number == 1 else str(number),
    day_before_month=True,
    time="{h} e {m}",
    full_hour="{h}",
    to="a",
    minus="meno",
    times="per",
    number="numero",
    at="chiocciola",
    dot="punto",
    fractions={"1/2": "un mezzo", "1/3": "un terzo", "2/3": "due terzi", "1/4": "un quarto", "3/4": "tre quarti"},
    signs={"<": "minore di", ">": "maggiore di", "=": "uguale a", "~": "circa", "+": "più"},
    rewrite=((r"(?<!\w)V(?= secolo)", "quinto"), (r"(?<!\w)X(?= secolo)", "decimo"), (r"(?<!\w)S\. (?=[A-Z])", "San "), (r"(?<![\w.,])(\d{1,3})°(?= [a-zà-ú]{3,})", r"\1º"), (r"(?<![\w.,])(\d{1,3})a(?= [a-zà-ú]{3,})", r"\1ª")),
)  # fmt: skip
