"""The page of codecs: curves of quality over real bits, tables with intervals, equal quality, sounds, meanings."""

from __future__ import annotations

import html
from pathlib import Path

from melpact.audio.files import read
from melpact.bench.codec.table import ClipFacts, CodecTable, Group
from melpact.bench.codec.tables import bits, ends, follows, of_row, shown, times, title, value
from melpact.bench.page import listening
from melpact.bench.page.coded_curves import STYLE as CURVES
from melpact.bench.page.coded_curves import curves
from melpact.bench.page.told import lines, meanings
from melpact.core.errors import MelpactError
from melpact.page.style import STYLE

_LONGEST_S = 6.0
_BUDGET_BYTES = 18_600_000
_EQUAL = ("pesq_wb", "stoi", "dnsmos_overall", "snr", "mel_mae")
"""Metrics whose equal quality the page has; all are in equal.csv."""
_OWN = """
.wide{overflow-x:auto}.wide table{min-width:60rem}.wide td,.wide th{white-space:nowrap;vertical-align:top}
.wide thead th{white-space:normal;max-width:8rem}
.wide .q{font-size:.74rem;font-weight:400}tr.first td,tr.first th{border-top:1px solid var(--ink)}
.doubt{color:var(--soft)}
"""


def coded(found: CodecTable, folder: Path) -> str:
    """The whole page as text; the sounds are read from the files of the clips, below the folder."""
    notes = "".join(f"<li>{html.escape(line)}</li>" for line in (*found.notes, *found.left_out))
    told = "; ".join(
        f"{group.domain}: {len(group.clips)} clips of {group.speakers} speakers, {group.seconds:.0f} s"
        for group in found.groups
    )
    parts = [(f"Curves: {group.domain}", curves(found, group)) for group in found.groups]
    parts += [(f"Numbers: {group.domain}", _numbers(found, group)) for group in found.groups]
    parts += [
        ("Equal quality", "".join(_equal(found, group) for group in found.groups)),
        ("At the same asked rate, clip by clip", "".join(_differences(found, group) for group in found.groups)),
        ("Hear", _listening(found, folder)),
        ("Codecs", _systems(found)),
        ("What the columns mean", meanings(found.metrics.values())),
        ("What could not be measured", lines([*_reasons(found), *found.failed])),
    ]
    body = "".join(f"<section><h2>{html.escape(name)}</h2>{text}</section>" for name, text in parts if text)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>melpact evaluate: codec</title><style>{STYLE}{listening.STYLE}{CURVES}{_OWN}</style></head><body>"
        f'<header><p class="brand">melpact evaluate · suite codec</p><h1>{html.escape(verdict(found))}</h1>'
        f'<p class="facts">{html.escape(told)}; compared at {found.rate} Hz</p><ul class="q">{notes}</ul></header>'
        f'<main>{body}</main><footer><p class="q">melpact {html.escape(found.version)}, seed {found.seed}</p></footer>'
        f"<script>{listening.SCRIPT}</script></body></html>\n"
    )


def verdict(found: CodecTable) -> str:
    """The first group's first metric, by codec, at the lowest and the highest rate."""
    group = found.groups[0]
    names = shown(found, group)
    if not names:
        return f"{', '.join(found.systems)}: nothing could be measured"
    said = []
    for system in found.systems:
        own = [point for point in group.points if point.system == system and point.scores[names[0]].value is not None]
        ranked = sorted(own, key=lambda point: point.payload_kbps or 0.0)
        ends_ = dict.fromkeys(f"{value(p.scores[names[0]])} at {bits(p.payload_kbps)}" for p in (*ranked[:1], *ranked[-1:]))
        if ends_:
            said.append(f"{system} {', '.join(ends_)} kbit/s")
    return f"{found.metrics[names[0]].title}, {group.domain}: {'; '.join(said)}"


def _table(heads: list[str], rows: list[str]) -> str:
    head = "".join(f"<th>{html.escape(one)}</th>" for one in heads)
    return f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _numbers(found: CodecTable, group: Group) -> str:
    names, rows, before = shown(found, group), list[str](), ""
    for point in group.points:
        cells = [f"<td>{bits(point.payload_kbps)}</td><td>{bits(point.file_kbps)}</td>"]
        for name in names:
            score = point.scores.get(name)
            why = "" if score is None else "; ".join(one for one in (score.reason, score.warning) if one)
            count = f" n {score.n}" if score is not None and 0 < score.n < len(group.clips) else ""
            cells.append(
                f'<td{"" if follows(score) else " class=doubt"} title="{html.escape(why)}">{value(score)}'
                f'{"" if follows(score) else "†"}<br><span class="q">{ends(score)}{count}</span></td>'
            )
        cells.append(f"<td>{times(point.encode_speed)}</td><td>{times(point.decode_speed)}</td>")
        first = "" if point.system == before else ' class="first"'
        rows.append(f"<tr{first}><th>{html.escape(point.row)}</th>{''.join(cells)}</tr>")
        before = point.system
    for i, (anchor, scores) in enumerate(group.anchors.items()):
        cells = [f'<td>{value(scores.get(name))}<br><span class="q">{ends(scores.get(name))}</span></td>' for name in names]
        first = "" if i else ' class="first"'
        rows.append(f"<tr{first}><th>{html.escape(anchor)}</th><td></td><td></td>{''.join(cells)}<td></td><td></td></tr>")
    heads = ["kbit/s", "with file", *(title(found, name) for name in names), "encode, × real time", "decode, × real time"]
    doubt = " † the waveform does not follow the original: that number says nothing of how it sounds." if any(
        not follows(score) for point in group.points for score in point.scores.values()
    ) else ""  # fmt: skip
    return (
        '<p class="q">Value and bootstrap 95 % interval over clips (over speakers in points.csv); speeds by processor time '
        f"of one core, a foreign program's start included.{doubt}</p>{_table(heads, rows)}"
    )


def _equal(found: CodecTable, group: Group) -> str:
    names = [name for name in shown(found, group) if name in _EQUAL]
    if not names or len({point.system for point in group.points}) < 2:
        return ""
    rows = []
    for point in group.points:
        others = dict.fromkeys(one.other for one in group.equal if one.row == point.row)
        for other in others:
            cells = []
            for name in names:
                own = [one for one in group.equal if (one.row, one.other, one.metric) == (point.row, other, name)]
                if not own or own[0].other_kbps is None:
                    cells.append(f'<td title="{html.escape(own[0].reason or "") if own else ""}">–</td>')
                else:
                    cells.append(f'<td>{bits(own[0].other_kbps)}<br><span class="q">× {own[0].factor:.2f}</span></td>')
            rows.append(
                f"<tr><th>{html.escape(point.row)} ({bits(point.payload_kbps)}) beside {html.escape(other)}</th>"
                f"{''.join(cells)}</tr>"
            )
    return (
        f'<h3>{group.domain}</h3><p class="q">At how many kbit/s the other codec gets as far, between its measured points; '
        "× is bits of the first over bits of the other: below 1, the first needs fewer. No interval is drawn.</p>"
        f"<details><summary>{len(rows)} pairs</summary>{_table([title(found, name) for name in names], rows)}</details>"
    )


def _differences(found: CodecTable, group: Group) -> str:
    names = [name for name in shown(found, group) if any(one.metric == name for one in group.differences)]
    rows = []
    for point in group.points:
        own = of_row(group, point.row)
        for other in dict.fromkeys(one.b for one in own):
            cells = []
            for name in names:
                one = next((d for d in own if (d.b, d.metric) == (other, name)), None)
                if one is None or one.value is None:
                    cells.append("<td>–</td>")
                    continue
                mark = "" if one.winner is None else " *" if one.winner == point.row else " −"
                span = "" if one.low is None else f"[{one.low:+.3g}, {one.high:+.3g}]"
                cells.append(f'<td>{one.value:+.3g}{mark}<br><span class="q">{span} n {one.n}</span></td>')
            real = f"{bits(point.payload_kbps)} and {bits(group.point(other).payload_kbps)} kbit/s"
            rows.append(
                f'<tr><th>{html.escape(point.row)} − {html.escape(other)}<br><span class="q">{real}</span></th>'
                f"{''.join(cells)}</tr>"
            )
    if not rows:
        return ""
    return (
        f'<h3>{group.domain}</h3><p class="q">* the first is better, − worse: paired intervals exclude 0. The real rates '
        f"differ: they stand below.</p><details><summary>{len(rows)} pairs</summary>"
        f"{_table([title(found, name) for name in names], rows)}</details>"
    )


def _listening(found: CodecTable, folder: Path) -> str:
    parts, names, spent = list[str](), list[str](), 0
    for one in found.clips:
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
        return ""
    options = "".join(f'<option value="{i}">{html.escape(name)}</option>' for i, name in enumerate(names))
    return (
        f'<div class="deck" id="listen"><label>Clip ({len(names)} of {len(found.clips)}) <select id="pick">{options}'
        '</select></label><div class="sides" id="sides"></div><audio id="sound" controls preload="auto"></audio>'
        '<p class="q">Switching keeps the instant; the keys 1 to 9 switch too.</p></div>'
        f'<p class="paper">The sounds can be heard in the page itself.</p>{"".join(parts)}'
    )


def _part(found: CodecTable, one: ClipFacts, folder: Path, *, hidden: bool) -> str | None:
    if "original" not in one.files:
        return None
    sounds = {row: read(folder / path, duration_s=_LONGEST_S).mono() for row, path in one.files.items()}
    facts = [f"{one.seconds:.1f} s", *([f"“{one.text}”"] if one.text else [])]
    return listening.part(one.name, sounds, facts, hidden=hidden)


def _systems(found: CodecTable) -> str:
    rows = "".join(f"<li>{html.escape(name)}: {html.escape(one.title)}</li>" for name, one in found.systems.items())
    return f"<ul>{rows}</ul>"


def _reasons(found: CodecTable) -> list[str]:
    """Why metrics are missing altogether."""
    told = [f"{name}: not measured: {why}" for name, why in found.unavailable.items()]
    told += [f"{name}: withheld, it breaks its own laws here" for name in found.withheld]
    for group in found.groups:
        for name in found.metrics:
            if name not in shown(found, group):
                reason = next(
                    (p.scores[name].reason for p in group.points if name in p.scores), "not made for this kind of sound"
                )
                told.append(f"{group.domain}: {found.metrics[name].title}: {reason}")
    return told
