"""The page of speech: what can be said on top, then words, voices, variety, durations, failures, sounds, meanings."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np

from melpact.audio.files import read
from melpact.bench.page import listening
from melpact.bench.page.told import lines, meanings
from melpact.bench.speech.table import SpeakerFacts, SpeechTable
from melpact.bench.speech.tables import WHAT_ROWS_ARE, sayings, tables_of, verdict
from melpact.bench.speech.variety import Variety
from melpact.core.errors import MelpactError
from melpact.page.charts import Chart
from melpact.page.style import STYLE

_LONGEST_S = 12.0
_BUDGET_BYTES = 18_600_000
_OWN = """
.wide{overflow-x:auto}.wide table{min-width:48rem}.wide td,.wide th{vertical-align:top;overflow-wrap:normal}
"""


def spoken(found: SpeechTable, folder: Path) -> str:
    """The whole page as text; the sounds are read from the files of the sentences, below the folder."""
    notes = "".join(f"<li>{html.escape(line)}</li>" for line in (*found.notes, *found.left_out))
    parts = []
    for name, one in found.speakers.items():
        own = [(f"{head}: {name}", _table(*table)) for head, table in tables_of(found, one).items()]
        own.insert(3, (f"Against temperature and top-p: {name}", _curves(one)))
        said = "".join(f"<li>{html.escape(line)}</li>" for line in sayings(one))
        parts += [(f"What it says: {name}", f"<ul>{said}</ul>"), *own, (f"What failed: {name}", _failed(one))]
    rows = "".join(f"<li><b>{html.escape(row)}</b>: {html.escape(what)}</li>" for row, what in WHAT_ROWS_ARE.items())
    kinds = "".join(f"<li><b>{html.escape(kind)}</b>: {html.escape(what)}</li>" for kind, what in found.failures.items())
    voices = "".join(f"<li>{html.escape(name)}: {html.escape(told)}</li>" for name, told in found.references.items())
    parts += [
        ("Hear", _listening(found, folder)), ("Reference voices", f"<ul>{voices}</ul>" if voices else ""),
        ("What the rows are", f"<ul>{rows}</ul>"), ("What the failures mean", f"<ul>{kinds}</ul>"),
        ("What the columns mean", meanings(found.columns.values())),
        ("What could not be measured", lines([*_reasons(found), *found.failed])),
    ]  # fmt: skip
    body = "".join(f"<section><h2>{html.escape(head)}</h2>{text}</section>" for head, text in parts if text)
    told = "; ".join(f"{name}: mel {one.spec}, sound by {one.vocoder}" for name, one in found.speakers.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>melpact evaluate: speech</title><style>{STYLE}{listening.STYLE}{_OWN}</style></head><body>"
        f'<header><p class="brand">melpact evaluate · suite speech</p><h1>{html.escape(verdict(found))}</h1>'
        f'<p class="facts">{html.escape(told)}</p><ul class="q">{notes}</ul></header>'
        f'<main>{body}</main><footer><p class="q">melpact {html.escape(found.version)}, seed {found.seed}</p></footer>'
        f"<script>{listening.SCRIPT}</script></body></html>\n"
    )


def _table(heads: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(one)}</th>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _curves(one: SpeakerFacts) -> str:
    return f'<div class="charts">{"".join(_curve(own) for own in one.variety if len(own.points) > 1)}</div>'


def _curve(own: Variety) -> str:
    known = [point for point in own.points if point.apart.value is not None]
    if len(known) < 2:
        return ""
    x = np.array([point.value for point in known])
    y = np.array([point.apart.value for point in known], np.float64)
    low = np.array([y_ if point.apart.low is None else point.apart.low for point, y_ in zip(known, y, strict=True)])
    high = np.array([y_ if point.apart.high is None else point.apart.high for point, y_ in zip(known, y, strict=True)])
    other = own.other.value or 0.0
    top = 1.1 * max(float(high.max()), other, 1e-3)
    chart = Chart(own.setting, (float(x[0]), float(x[-1])), (0.0, top), own.setting, "dB apart")
    chart.area(x, low, high, "fa").line(x, y, "a").key("a", f"{own.seeds} seeds of one sentence, 95 %")
    if other:
        chart.level(other, "n").key("n", "different sentences")
    return chart.figure(own.words)


def _failed(one: SpeakerFacts) -> str:
    if one.failures is None:
        return ""
    told = [
        f"{kind}: {name}: {what}"
        for kind, count in {**one.failures.cheap, **one.failures.understood}.items()
        for name, what in count.examples.items()
    ]
    return lines(told)


def _listening(found: SpeechTable, folder: Path) -> str:
    parts, names, spent = list[str](), list[str](), 0
    together: dict[str, list[int]] = {}
    for place, one in enumerate(found.sentences):
        if one.file:
            together.setdefault(f"{one.speaker}, {one.part}: {one.name}", []).append(place)
    ordered = sorted(together.items(), key=lambda pair: -sum(bool(found.sentences[i].failures) for i in pair[1]))
    for name, places in ordered:
        own = [found.sentences[i] for i in places]
        try:
            sounds = {one.row: read(folder / one.file, duration_s=_LONGEST_S).mono() for one in own}
        except (MelpactError, OSError):
            continue
        facts = [f"“{own[0].text}”", *(f"{one.row}: understood “{one.understood}”" for one in own if one.understood)]
        facts += [f"{kind}: {what}" for one in own for kind, what in one.failures.items()]
        part = listening.part(name, sounds, facts, hidden=bool(parts))
        if parts and spent + len(part) > _BUDGET_BYTES:
            continue
        parts.append(part)
        names.append(name)
        spent += len(part)
    if not parts:
        return ""
    options = "".join(f'<option value="{i}">{html.escape(name)}</option>' for i, name in enumerate(names))
    return (
        f'<div class="deck" id="listen"><label>Sentence ({len(names)}, those that failed first) <select id="pick">{options}'
        '</select></label><div class="sides" id="sides"></div><audio id="sound" controls preload="auto"></audio>'
        '<p class="q">Switching keeps the instant; the keys 1 to 9 switch too.</p></div>'
        f'<p class="paper">The sounds can be heard in the page itself.</p>{"".join(parts)}'
    )


def _reasons(found: SpeechTable) -> list[str]:
    return [f"{found.columns[name].title}: not measured: {why}" for name, why in found.unavailable.items()]
