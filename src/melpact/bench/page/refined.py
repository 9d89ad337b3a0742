"""The page of refiners on spoilt mels: the verdicts, the whole table with intervals, steps against quality and time."""

from __future__ import annotations

import html
from collections.abc import Sequence

from melpact.bench.refine_table import Cell, RefineTable, sign_of
from melpact.degradations.kinds import degradations
from melpact.page.charts import Chart
from melpact.page.style import STYLE

_OWN = """
.wide{overflow-x:auto}.wide table{min-width:52rem}.wide td,.wide th{white-space:nowrap}
.wide .q{font-size:.74rem;font-weight:400}.ahead{color:var(--g);font-weight:650}.behind{color:var(--bad)}
tr.first td,tr.first th{border-top:1px solid var(--ink)}
"""


def refined(table: RefineTable) -> str:
    """The whole page as text."""
    told = f"{table.clips} clips, {table.seconds:.0f} s, given as held out; sounds by {table.vocoder}; mel {table.spec}"
    parts = [
        ("Does it help?", "".join(_verdicts(table, arm) for arm in table.measured)),
        ("Every degradation and dose", _whole(table)),
        ("Steps, quality and time", _steps(table)),
        ("The degradations", _kinds(table)),
        ("The metrics", _meanings(table)),
        ("What could not be measured", _failed(table)),
    ]
    body = "".join(f"<section><h2>{html.escape(title)}</h2>{text}</section>" for title, text in parts if text)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>melpact refine-report</title><style>{STYLE}{_OWN}</style></head><body>"
        f'<header><p class="brand">melpact refine-report</p><h1>{html.escape(verdict(table))}</h1>'
        f'<p class="facts">{html.escape(told)}</p></header><main>{body}</main></body></html>\n'
    )


def verdict(table: RefineTable) -> str:
    """One sentence per refiner."""
    said = []
    for arm, measured in table.measured.items():
        helps = ", ".join(row.degradation.replace("_", " ") for row in measured.rows if row.helps)
        said.append(f"{arm} beats bypass and a line per band on {helps}" if helps else f"{arm} beats both nulls on nothing")
    return "; ".join(said) or "What every degradation costs, and what a line per band mends of it"


def _verdicts(table: RefineTable, arm: str) -> str:
    measured = table.measured[arm]
    rows = []
    for row in measured.rows:
        low, high = row.dose
        doses = "" if not row.unit else f"{low:g} to {high:g} {row.unit}" if low != high else f"{low:g} {row.unit}"
        cells = "".join(
            f'<td class="{"ahead" if one.ahead else ""}">{one.gain:+.3g} <span class="q">{one.unit}<br>'
            f"[{one.low:+.3g}, {one.high:+.3g}]</span></td>"
            for one in row.figures
        )
        mark = '<td class="ahead">yes</td>' if row.helps else '<td class="behind">no</td>'
        rows.append(f'<tr><th>{html.escape(row.degradation)}<br><span class="q">{doses}</span></th>{mark}{cells}</tr>')
    names = [one.metric for one in measured.rows[0].figures] if measured.rows else []
    heads = "".join(f"<th>{html.escape(_title(table, 'mel' if i == 0 else name))}</th>" for i, name in enumerate(names))
    return (
        f'<h3>{html.escape(arm)}: {table.cost_ms[arm]:.1f} ms of one core per second of sound</h3><div class="wide"><table>'
        f"<thead><tr><th></th><th>helps</th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="q">Gain over the better of bypass and the line per band, over all doses, positive where it is ahead, '
        f"with the lowest and highest that both leave open. {html.escape(measured.how)}.</p>"
    )


def _title(table: RefineTable, metric: str) -> str:
    return table.metrics[metric].title if metric in table.metrics else metric


def _whole(table: RefineTable) -> str:
    heads = "".join(
        f"<th>{html.escape(one.title)}{', ' + one.unit if one.unit else ''} {'↑' if one.better == 'higher' else '↓'}</th>"
        for one in table.metrics.values()
    )
    rows = []
    for name, cells in table.beside.items():
        rows.append(f"<tr><th>{name.replace('_', ' ')}</th><td></td>{_cells(table, cells)}</tr>")
    for label in table.conditions:
        for place, arm in enumerate(table.arms):
            first = place == 0
            head = f"<tr{' class=first' if first else ''}><th>{html.escape(label) if first else ''}</th>"
            rows.append(f"{head}<td>{html.escape(arm)}</td>{_cells(table, table.cells[label][arm], label, arm)}</tr>")
    return (
        '<p class="q">Value and bootstrap 95 % interval over clips. Green: ahead of bypass and of the line per band; red: '
        "behind one of them (paired intervals). clean: the mel that was never spoilt, through the same vocoder; the line "
        "per band is fitted to the very degradation and dose, on other clips.</p>"
        f'<div class="wide"><table><thead><tr><th></th><th></th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cells(table: RefineTable, cells: dict[str, Cell], label: str = "", arm: str = "") -> str:
    found = []
    for metric in table.metrics:
        cell = cells.get(metric)
        if cell is None or cell.value is None:
            found.append(f'<td title="{html.escape(cell.reason or "") if cell else ""}">–</td>')
            continue
        ends = "" if cell.low is None else f' <span class="q">[{cell.low:.3g}, {cell.high:.3g}]</span>'
        sign = sign_of(table, label, arm, metric) if arm else 0
        kind = f' class="{"ahead" if sign > 0 else "behind"}"' if sign else ""
        found.append(f"<td{kind}>{cell.value:.3g}{ends}</td>")
    return "".join(found)


def _steps(table: RefineTable) -> str:
    if not table.steps:
        return ""
    heads = "".join(f"<th>{html.escape(one.title)}</th>" for one in table.metrics.values())
    rows = [f"<tr><th>bypass</th><td></td>{_cells(table, table.steps[0].null)}</tr>"]
    for row in table.steps:
        rows.append(f"<tr><th>{html.escape(row.arm)}</th><td>{row.cost_ms:.1f}</td>{_cells(table, row.cells)}</tr>")
    charts = "".join(_curve(table, metric) for metric in table.metrics)
    return (
        '<p class="q">One degradation per clip, at its clear dose; ms of one core per second of sound.</p>'
        f'<div class="charts">{charts}</div><div class="wide"><table><thead><tr><th></th><th>ms</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _curve(table: RefineTable, metric: str) -> str:
    """Quality over time, one dot per number of steps."""
    points = [(row.cost_ms, cell.value) for row in table.steps if (cell := row.cells.get(metric)) and cell.value is not None]
    null = table.steps[0].null.get(metric)
    values = [value for _, value in points] + ([null.value] if null is not None and null.value is not None else [])
    if len(points) < 2:
        return ""
    spread = (max(values) - min(values)) or 1.0
    facts = table.metrics[metric]
    reach = max(cost for cost, _ in points) * 1.05
    up = ", ".join(filter(None, (facts.title, facts.unit)))
    chart = Chart(facts.title, (0.0, reach), (min(values) - 0.1 * spread, max(values) + 0.1 * spread), "ms per second", up)
    if null is not None and null.value is not None:
        chart.line([0.0, reach], [null.value, null.value], "n").key("n", "bypass")
    chart.line([cost for cost, _ in points], [value for _, value in points], "a").rings(points, "ra")
    return chart.key("a", "refined, more steps to the right").figure(up)


def _kinds(table: RefineTable) -> str:
    known = degradations()
    names = dict.fromkeys(label.partition(":")[0] for label in table.conditions)
    rows = "".join(
        f"<dt><b>{name}</b></dt><dd>{known[name].title}; its dose: {known[name].meaning}, {known[name].unit}</dd>"
        for name in names
        if name in known
    )
    return f"<dl>{rows}</dl>" if rows else ""


def _meanings(table: RefineTable) -> str:
    rows = "".join(
        f"<dt><b>{html.escape(one.title)}</b></dt><dd>{html.escape(one.meaning)} "
        f'<span class="q">{html.escape(one.source)}</span></dd>'
        for one in table.metrics.values()
    )
    return f"<dl>{rows}</dl>"


def _failed(table: RefineTable) -> str:
    lines: Sequence[str] = [*table.failed, *(f"{name}: {why}" for name, why in table.unavailable.items())]
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines)
