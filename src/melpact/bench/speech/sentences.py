"""Sentences to count failures on, where nobody gives any: put together from short lists of words, the same every time.

They are grammatical, from two words to about sixty, with enumerations among them. No corpus has them, and they make sense
now and then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

import numpy as np


@dataclass(frozen=True)
class Parts:
    """Of a language: who, did, what, where; how they make a sentence, and how two of them are joined."""

    who: tuple[str, ...]
    did: tuple[str, ...]
    what: tuple[str, ...]
    where: tuple[str, ...]
    order: str
    joined: str


def _parts(
    who: str, did: str, what: str, where: str, order: str = "{who} {did} {what}{where}", joined: str = ", and "
) -> Parts:
    one, two, three, four = (tuple(word.strip() for word in text.split("|")) for text in (who, did, what, where))
    return Parts(one, two, three, four, order, joined)


_LANGUAGES: Mapping[str, Parts] = MappingProxyType(
    {
        "en": _parts(
            "the old sailor|my youngest sister|a quiet neighbour|our teacher|the tall engineer|an honest judge|the thirsty "
            "horse|nobody",
            "found|carried|painted|forgot|described|repaired|measured|sold",
            "a yellow umbrella|three heavy boxes|the broken window|an orange kite|every letter|the first chapter|her silver "
            "watch|enough bread for a week",
            "behind the station|under the wooden bridge|in the middle of the night|on Thursday morning|before the storm|"
            "near the frozen lake|at the top of the stairs|without a word",
        ),
        "de": _parts(
            "der alte Seemann|meine jüngste Schwester|ein stiller Nachbar|unsere Lehrerin|die große Ingenieurin|"
            "ein ehrlicher Richter|das durstige Pferd|niemand",
            "gefunden|getragen|gemalt|vergessen|beschrieben|geprüft|gemessen|verkauft",
            "einen gelben Schirm|drei schwere Kisten|das zerbrochene Fenster|einen bunten Drachen|jeden Brief|das erste "
            "Kapitel|ihre silberne Uhr|genug Brot für eine Woche",
            "hinter dem Bahnhof|unter der Holzbrücke|mitten in der Nacht|am Donnerstagmorgen|vor dem Gewitter|neben dem "
            "gefrorenen See|oben auf der Treppe|ohne ein Wort",
            order="{who} hat {what}{where} {did}", joined=", und ",
        ),
        "nl": _parts(
            "de oude zeeman|mijn jongste zus|een stille buurman|onze lerares|de lange ingenieur|een eerlijke rechter|het "
            "dorstige paard|niemand",
            "gevonden|gedragen|geschilderd|vergeten|beschreven|hersteld|gemeten|verkocht",
            "een gele paraplu|drie zware dozen|het gebroken raam|een bonte vlieger|elke brief|het eerste hoofdstuk|haar "
            "zilveren horloge|genoeg brood voor een week",
            "achter het station|onder de houten brug|midden in de nacht|op donderdagochtend|voor de storm|"
            "naast het bevroren meer|boven aan de trap|zonder een woord",
            order="{who} heeft {what}{where} {did}", joined=", en ",
        ),
        "es": _parts(
            "el viejo marinero|mi hermana menor|un vecino tranquilo|nuestra maestra|la ingeniera alta|un juez honesto|el "
            "caballo sediento|nadie",
            "encontró|llevó|pintó|olvidó|describió|reparó|midió|vendió",
            "un paraguas amarillo|tres cajas pesadas|la ventana rota|una cometa naranja|cada carta|el primer capítulo|su "
            "reloj de plata|bastante pan para una semana",
            "detrás de la estación|bajo el puente de madera|en medio de la noche|el jueves por la mañana|antes de la "
            "tormenta|cerca del lago helado|en lo alto de la escalera|sin decir nada",
            joined=", y ",
        ),
        "it": _parts(
            "il vecchio marinaio|mia sorella minore|un vicino tranquillo|la nostra maestra|il giovane ingegnere|un giudice "
            "onesto|il cavallo assetato|nessuno",
            "trovò|portò|dipinse|dimenticò|descrisse|riparò|misurò|vendette",
            "un ombrello giallo|tre scatole pesanti|la finestra rotta|un aquilone colorato|ogni lettera|il primo capitolo|"
            "il suo orologio d'argento|abbastanza pane per una settimana",
            "dietro la stazione|sotto il ponte di legno|nel mezzo della notte|giovedì mattina|prima della tempesta|"
            "vicino al lago ghiacciato|in cima alle scale|senza una parola",
            joined=", e ",
        ),
        "fr": _parts(
            "le vieux marin|ma petite sœur|un voisin tranquille|notre maîtresse|la grande ingénieure|un juge honnête|"
            "le cheval assoiffé|la boulangère",
            "trouva|porta|peignit|oublia|décrivit|répara|mesura|vendit",
            "un parapluie jaune|trois lourdes caisses|la fenêtre brisée|un beau livre|chaque lettre|le premier chapitre|sa "
            "montre en argent|assez de pain pour une semaine",
            "derrière la gare|sous le pont de bois|au milieu de la nuit|jeudi matin|avant l'orage|près du lac gelé|"
            "en haut de l'escalier|sans un mot",
            joined=", et ",
        ),
        "ru": _parts(
            "старый моряк|мой младший брат|тихий сосед|наш учитель|высокий инженер|честный судья|молодой врач|один художник",
            "нашёл|принёс|нарисовал|забыл|описал|починил|измерил|продал",
            "жёлтый зонт|три тяжёлых ящика|разбитое окно|новую книгу|каждое письмо|"
            "первую главу|серебряные часы|старую карту",
            "за вокзалом|под деревянным мостом|посреди ночи|в четверг утром|перед грозой|возле замёрзшего озера|"
            "на верхней ступени|без единого слова",
            joined=", и ",
        ),
    }
)  # fmt: skip
LANGUAGES = tuple(_LANGUAGES)
_SHAPES = (1, 2, 1, 3, "short", 1, 5, "list")
"""So many clauses, things alone, or an enumeration; one after the other."""


def sentences(language: str, count: int) -> list[str]:
    """So many different sentences of a language; the first n are the same for every count. [] where it has no lists."""
    parts = _LANGUAGES.get(language)
    if parts is None:
        return []
    rng, found, number = np.random.default_rng(2026), dict[str, None](), 0
    while len(found) < count:
        text = _text(parts, rng, _SHAPES[number % len(_SHAPES)], placed=number % 3 > 0)
        found[text[0].upper() + text[1:] + "."] = None
        number += 1
    return list(found)


def _text(parts: Parts, rng: np.random.Generator, shape: int | str, *, placed: bool) -> str:
    """One sentence; nothing is said twice in it."""
    every = (parts.who, parts.did, parts.what, parts.where)
    who, did, what, where = ([own[i] for i in rng.permutation(len(own))] for own in every)
    if shape == "short":
        return f"{who[0]}, {where[0]}" if placed else what[0]
    if shape == "list":
        return ", ".join((what[0], who[0], what[1], where[0], where[1]))
    places = [f" {one}" if placed or shape != 1 else "" for one in where]
    clauses = (parts.order.format(who=a, did=b, what=c, where=d) for a, b, c, d in zip(who, did, what, places, strict=True))
    return parts.joined.join(islice(clauses, int(shape)))
