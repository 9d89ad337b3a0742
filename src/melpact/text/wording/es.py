"""Spanish: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording

_PESO, _DOLLAR = (("peso", "pesos"), ("centavo", "centavos")), (("dólar", "dólares"), ("centavo", "centavos"))
_EURO = (("euro", "euros"), ("céntimo", "céntimos"))
PLUGIN = Wording(
    decimal=",",
    grouping=". ",
    abbreviations={
        "Sr.": "señor", "Sra.": "señora", "Sta.": "Santa", "Sto.": "Santo", "Srta.": "señorita", "Sres.": "señores", "D.": "don", "Dña.": "doña", "Dr.": "doctor",
        "Dra.": "doctora", "Prof.": "profesor", "Profa.": "profesora", "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted",
        "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "p. ej.": "por ejemplo", "p.ej.": "por ejemplo", "etc.": "etcétera",
        "a. C.": "antes de Cristo", "d. C.": "después de Cristo", "aprox.": "aproximadamente", "núm.": "número", "n.º": "número",
        "n.°": "número", "nº": "número", "N.º": "número", "pág.": "página", "págs.": "páginas", "cap.": "capítulo", "vol.": "volumen",
        "tel.": "teléfono", "tfno.": "teléfono", "Avda.": "avenida", "Av.": "avenida", "c/": "calle", "S.A.": "sociedad anónima",
        "a. m.": "de la mañana", "a.m.": "de la mañana", "p. m.": "de la tarde", "p.m.": "de la tarde", "máx.": "máximo", "mín.": "mínimo",
    },
    leads=frozenset(["sta.", "sto.", "sr.", "sra.", "srta.", "sres.", "d.", "dña.", "dr.", "dra.", "prof.", "p. ej.", "p.ej.", "núm.", "n.º", "pág.", "cap.", "avda.", "aprox.", "ud."]),
    units={
        "km": ("kilómetro", "kilómetros"), "m": ("metro", "metros"), "cm": ("centímetro", "centímetros"),
        "mm": ("milímetro", "milímetros"), "kg": ("kilogramo", "kilogramos"), "g": ("gramo", "gramos"), "mg": ("miligramo", "miligramos"),
        "t": ("tonelada", "toneladas"), "l": ("litro", "litros"), "L": ("litro", "litros"), "ml": ("mililitro", "mililitros"),
        "km/h": ("kilómetro por hora", "kilómetros por hora"), "m²": ("metro cuadrado", "metros cuadrados"),
        "km²": ("kilómetro cuadrado", "kilómetros cuadrados"), "m³": ("metro cúbico", "metros cúbicos"),
        "°C": ("grado Celsius", "grados Celsius"), "ºC": ("grado Celsius", "grados Celsius"), "°": ("grado", "grados"),
        "ms": ("milisegundo", "milisegundos"), "s": ("segundo", "segundos"), "min": ("minuto", "minutos"), "h": ("hora", "horas"),
        "Hz": ("hercio", "hercios"), "kHz": ("kilohercio", "kilohercios"), "MHz": ("megahercio", "megahercios"),
        "GHz": ("gigahercio", "gigahercios"), "dB": ("decibelio", "decibelios"), "MB": ("megabyte", "megabytes"),
        "GB": ("gigabyte", "gigabytes"), "W": ("vatio", "vatios"), "kW": ("kilovatio", "kilovatios"), "V": ("voltio", "voltios"),
    },
    currencies={
        "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "MXN": _PESO, "ARS": _PESO,
        "£": (("libra", "libras"), ("penique", "peniques")), "¥": (("yen", "yenes"), ("",)),
    },
    price="{whole} {unit} con {part}",
    scales={"millones de": "millones de", "mil millones de": "mil millones de", "millones": "millones de", "M": "millones de"},
    months=("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    date="{day} de {month} de {year}",
    day=lambda number: "primero" if number == 1 else str(number),
    time="{h} y {m}",
    full_hour="{h}",
    hours="h|horas",
    to="a",
    minus="menos",
    times="por",
    number="número",
    at="arroba",
    dot="punto",
    fractions={"1/2": "un medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto", "3/4": "tres cuartos"},
    signs={"<": "menor que", ">": "mayor que", "=": "igual a", "~": "aproximadamente", "+": "más"},
    rewrite=((r"(?<!\w)1er(?!\w)", "primer"), (r"(?<!\w)3er(?!\w)", "tercer"), (r"(\d{1,3})\.([ºª°])", r"\1\2"), (r"(\d)°(?= (?:de|puesto|lugar|piso)\b)", r"\1º")),
)  # fmt: skip
