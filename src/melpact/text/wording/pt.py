"""Portuguese: short forms, money, units, dates and signs in words."""

from __future__ import annotations

from melpact.text.wording import Wording

_REAL, _EURO = (("real", "reais"), ("centavo", "centavos")), (("euro", "euros"), ("cêntimo", "cêntimos"))
_DOLLAR = (("dólar", "dólares"), ("centavo", "centavos"))
PLUGIN = Wording(
    decimal=",",
    grouping=". ",
    abbreviations={
        "Sr.": "senhor", "Sra.": "senhora", "Srta.": "senhorita", "Dr.": "doutor", "Dra.": "doutora", "Prof.": "professor",
        "Profa.": "professora", "Eng.": "engenheiro", "etc.": "et cetera", "p. ex.": "por exemplo", "p.ex.": "por exemplo",
        "ex.": "exemplo", "n.º": "número", "nº": "número", "pág.": "página", "págs.": "páginas", "cap.": "capítulo", "tel.": "telefone", "av.": "avenida",
        "a.C.": "antes de Cristo", "d.C.": "depois de Cristo", "aprox.": "aproximadamente", "máx.": "máximo", "mín.": "mínimo",
        "V. Exa.": "Vossa Excelência", "Ltda.": "limitada", "S.A.": "S A",
    },
    leads=frozenset(["s.", "sr.", "sra.", "srta.", "dr.", "dra.", "prof.", "profa.", "eng.", "p. ex.", "p.ex.", "ex.", "n.º", "pág.", "cap.", "av.", "aprox."]),
    units={
        "km": ("quilómetro", "quilómetros"), "m": ("metro", "metros"), "cm": ("centímetro", "centímetros"),
        "mm": ("milímetro", "milímetros"), "kg": ("quilograma", "quilogramas"), "g": ("grama", "gramas"), "mg": ("miligrama", "miligramas"),
        "l": ("litro", "litros"), "ml": ("mililitro", "mililitros"), "km/h": ("quilómetro por hora", "quilómetros por hora"),
        "m²": ("metro quadrado", "metros quadrados"), "km²": ("quilómetro quadrado", "quilómetros quadrados"),
        "°C": ("grau Celsius", "graus Celsius"), "ºC": ("grau Celsius", "graus Celsius"), "°": ("grau", "graus"),
        "s": ("segundo", "segundos"), "min": ("minuto", "minutos"), "h": ("hora", "horas"), "Hz": ("hertz",), "kHz": ("quilohertz",),
        "MHz": ("megahertz",), "GHz": ("gigahertz",), "dB": ("decibel", "decibéis"), "MB": ("megabyte", "megabytes"),
        "GB": ("gigabyte", "gigabytes"), "W": ("watt", "watts"), "kW": ("quilowatt", "quilowatts"), "V": ("volt", "volts"),
    },
    currencies={
        "R$": _REAL, "BRL": _REAL, "€": _EURO, "EUR": _EURO, "$": _DOLLAR, "US$": _DOLLAR, "USD": _DOLLAR, "£": (("libra", "libras"), ("péni", "pence")),
    },
    price="{whole} {unit} e {part}",
    scales={"milhões de": "milhões de", "bilhões de": "bilhões de", "milhões": "milhões de", "mil": "mil"},
    months=("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    date="{day} de {month} de {year}",
    day=lambda number: "primeiro" if number == 1 else str(number),
    time="{h} e {m}",
    full_hour="{h} horas",
    hours="h|horas",
    to="a",
    minus="menos",
    times="vezes",
    number="número",
    at="arroba",
    dot="ponto",
    fractions={"1/2": "meio", "1/3": "um terço", "2/3": "dois terços", "1/4": "um quarto", "3/4": "três quartos"},
    signs={"<": "menor que", ">": "maior que", "=": "igual a", "~": "cerca de", "+": "mais"},
    roman=True,
    rewrite=((r"(?<!\w)S\. (?=[A-Z])", "São "), (r"(?<![\w:])([01]?\d|2[0-4])h([0-5]\d)(?!\d)", r"\1:\2"), (r"(\d{1,3})\.([ºª])", r"\1\2")),
)  # fmt: skip
