"""The page of conversions: what can be said on top, tables with intervals, differences, sounds, every pair's numbers."""

from __future__ import annotations

import html
from pathlib import Path

from melpact.audio.files import read
from melpact.bench.conversion import columns as c
from melpact.bench.conversion.observations import OTHER, SAME, SOURCE
from melpact.bench.conversion.table import ConversionTable, Group, PairFacts
from melpact.bench.conversion.tables import difference, ends, mark, shown, title, value
from melpact.bench.page import listening
from melpact.bench.page.told import lines, meanings
from melpact.core.errors import MelpactError
from melpact.page.charts import number
from melpact.page.style import STYLE

_LONGEST_S = 8.0
_BUDGET_BYTES = 18_600_000
_OWN = """
.wide{overflow-x:auto}.wide table{min-width:60rem}.wide td,.wide th{white-space:nowrap;vertical-align:top}
.wide thead th{white-space:normal;max-width:8rem}
.wide .q{font-size:.74rem;font-weight:400}.ahead{color:var(--g);font-weight:650}.behind{color:var(--bad)}
tr.first td,tr.first th{border-top:1px solid var(--ink)}
"""


def converted(found: ConversionTable, folder: Path) -> str:
    """The whole page as text; the sounds are read from the files of the pairs, below the folder."""
    heard, names = _listening(found, folder)
    told = f"{len(found.pairs)} pairs, {len(found.targets)} targets; sounds by {found.vocoder}; mel {found.spec}"
    notes = "".join(f"<li>{html.escape(line)}</li>" for line in found.notes)
    parts = [(group.name, _group(found, group)) for group in found.groups]
    parts += [
        (f"Differences from {found.baseline}, pair by pair", "".join(_differences(found, group) for group in found.groups)),
        ("Hear", heard),
        ("Every pair", _pairs(found, names)),
        ("Targets", _targets(found)),
        ("What the columns mean", meanings(found.columns.values())),
        ("What could not be measured", lines([*found.left_out, *found.failed, *_reasons(found)])),
    ]
    body = "".join(f"<section><h2>{html.escape(name)}</h2>{text}</section>" for name, text in parts if text)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>melpact evaluate: conversion</title><style>{STYLE}{listening.STYLE}{_OWN}</style></head><body>"
        f'<header><p class="brand">melpact evaluate · suite conversion</p><h1>{html.escape(verdict(found))}</h1>'
        f'<p class="facts">{html.escape(told)}</p><ul class="q">{notes}</ul></header><main>{body}</main>'
        f'<footer><p class="q">melpact {html.escape(found.version)}, seed {found.seed}</p></footer>'
        f"<script>{listening.SCRIPT}</script></body></html>\n"
    )


def verdict(found: ConversionTable) -> str:
    """How far each method goes, and what it costs, in the first group."""
    group, said = found.groups[0], []
    for row in found.methods:
        scores = group.rows[row]
        way, errors = scores[c.SHARE], scores[c.CHARACTERS_RATIO]
        parts = []
        if way.value is not None:
            parts.append(f"{100 * way.value:.0f} % of the way to the target")
        if errors.value is not None:
            parts.append(f"{errors.value:.1f} × the character errors of the vocoded source")
        if parts:
            said.append(f"{row}: {', '.join(parts)}")
    return "; ".join(said) or f"{len(found.pairs)} conversions by {', '.join(found.methods)}"


def _group(found: ConversionTable, group: Group) -> str:
    names = shown(found, group)
    heads = "".join(f"<th>{html.escape(title(found, name))}</th>" for name in names)
    rows = []
    for row, scores in group.rows.items():
        cells = []
        for name in names:
            score = scores[name]
            kind = {"*": ' class="ahead"', "-": ' class="behind"'}.get(mark(group, row, name), "")
            why = f' title="{html.escape(score.reason)}"' if score.reason else ""
            count = f" n {score.n}" if 0 < score.n < len(group.pairs) and name != c.NEARER else ""
            cells.append(
                f'<td{kind}{why}>{html.escape(value(name, score))}<br><span class="q">'
                f"{html.escape(ends(name, score))}{count}</span></td>"
            )
        first = " class=first" if row in found.methods and row == next(iter(found.methods)) else ""
        rows.append(f"<tr{first}><th>{html.escape(row)}</th>{''.join(cells)}</tr>")
    for anchor in (SAME, OTHER):
        score = group.anchors[anchor]
        first = " class=first" if anchor == SAME else ""
        cells = [
            f'<td>{value(name, score)}<br><span class="q">{ends(name, score)} n {score.n}</span></td>'
            if name == c.SIMILARITY
            else "<td></td>"
            for name in names
        ]
        rows.append(f"<tr{first}><th>{anchor}</th>{''.join(cells)}</tr>")
    return (
        f'<p class="q">{len(group.pairs)} pairs; value and bootstrap 95 % interval over pairs (anchors: targets). '
        f"Green: better than {html.escape(found.baseline)}, red: worse (paired intervals that exclude 0).</p>"
        f'<div class="wide"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _differences(found: ConversionTable, group: Group) -> str:
    names = [name for name in shown(found, group) if any(one.metric == name for one in group.differences)]
    heads = "".join(f"<th>{html.escape(title(found, name))}</th>" for name in names)
    rows = []
    for row in group.rows:
        if row == found.baseline:
            continue
        cells = []
        for name in names:
            one = difference(group, row, name)
            if one is None or one.value is None:
                cells.append("<td>–</td>")
                continue
            kind = {"*": ' class="ahead"', "-": ' class="behind"'}.get(mark(group, row, name), "")
            span = "" if one.low is None else f"[{one.low:+.3g}, {one.high:+.3g}] "
            cells.append(f'<td{kind}>{one.value:+.3g}<br><span class="q">{span}n {one.n}</span></td>')
        rows.append(f"<tr><th>{html.escape(row)}</th>{''.join(cells)}</tr>")
    return (
        f"<h3>{html.escape(group.name)}</h3>"
        f'<div class="wide"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _listening(found: ConversionTable, folder: Path) -> tuple[str, list[str]]:
    parts, names, spent = list[str](), list[str](), 0
    sung, spoken = ([one for one in found.pairs if one.domain == domain] for domain in ("singing", "speech"))
    for one in (*spoken[:2], *sung[:2], *spoken[2:], *sung[2:]):
        try:
            part = _part(found, one, folder, hidden=bool(parts))
        except (MelpactError, OSError):
            continue
        if part is None or (parts and spent + len(part) > _BUDGET_BYTES):
            continue
        parts.append(part)
        names.append(one.name)
        spent += len(part)
    if not parts:
        return "", []
    options = "".join(f'<option value="{i}">{html.escape(name)}</option>' for i, name in enumerate(names))
    said = "all" if len(names) == len(found.pairs) else f"{len(names)} of {len(found.pairs)}; all are in the folder sounds"
    return (
        f'<div class="deck" id="listen"><label>Pair ({said}) <select id="pick">{options}</select></label>'
        '<div class="sides" id="sides"></div><audio id="sound" controls preload="auto"></audio>'
        '<p class="q">Switching keeps the instant; the keys 1 to 9 switch too. "target" is a recording that no converter '
        f'was given.</p></div><p class="paper">The sounds can be heard in the page itself.</p>{"".join(parts)}'
    ), names


def _part(found: ConversionTable, one: PairFacts, folder: Path, *, hidden: bool) -> str | None:
    sounds = {
        row: read(folder / one.files[row], duration_s=_LONGEST_S).mono()
        for row in ("target", *found.rows)
        if row in one.files
    }
    if SOURCE not in sounds:
        return None
    facts = [f"{one.seconds:.1f} s", f"key {next(iter(k for k in one.keys.values() if k), 0.0):+g}"]
    if one.seconds > _LONGEST_S:
        facts.append(f"the first {_LONGEST_S:g} s are here")
    if one.text:
        facts.append(f"“{one.text}”")
    return listening.part(one.name, sounds, facts, hidden=hidden)


def _pairs(found: ConversionTable, names: list[str]) -> str:
    columns = [name for name in found.columns if any(name in own for one in found.pairs for own in one.values.values())]
    heads = "".join(f"<th>{html.escape(title(found, name))}</th>" for name in columns)
    rows = []
    for one in found.pairs:
        marks = {True: "; a voice seen by training", False: "; unseen", None: ""}[one.seen]
        link = f' <a href="#listen" data-hear="{names.index(one.name)}">hear</a>' if one.name in names else ""
        rows.append(
            f'<tr class="first"><th colspan="{len(columns) + 1}">{html.escape(one.name)} <span class="q">'
            f"{one.domain}{marks}; words from: {html.escape(one.words_from)}</span>{link}</th></tr>"
        )
        for row in found.rows:
            own, why = one.values.get(row, {}), one.reasons.get(row, {})
            cells = "".join(
                f"<td>{number(own[name])}</td>" if name in own else f'<td title="{html.escape(why.get(name, ""))}">–</td>'
                for name in columns
            )
            rows.append(f"<tr><td>{html.escape(row)}</td>{cells}</tr>")
    return f'<div class="wide"><table><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _targets(found: ConversionTable) -> str:
    rows = "".join(
        f"<li>{html.escape(name)}: the converters were given {one.given} recordings, {one.given_s:.0f} s; {one.kept_back} "
        f"were kept back{'' if one.seen is None else ', seen by training' if one.seen else ', unseen by training'}</li>"
        for name, one in found.targets.items()
    )
    kinds = "".join(
        f"<li>{html.escape(name)}: {html.escape(text)}; {html.escape(str(found.asked[name] or 'as it comes'))}</li>"
        for name, text in found.methods.items()
    )
    return f"<ul>{rows}</ul><h3>Methods</h3><ul>{kinds}</ul>"


def _reasons(found: ConversionTable) -> list[str]:
    """Why columns are missing altogether."""
    told = [f"{found.columns[name].title}: not measured: {why}" for name, why in found.unavailable.items()]
    for group in found.groups:
        missing = [name for name in found.columns if name not in shown(found, group) and name not in found.unavailable]
        for name in missing:
            reason = next(iter(scores[name].reason for scores in group.rows.values()), "")
            told.append(f"{group.name}: {found.columns[name].title}: {reason}")
    return told
