"""What the chapters share: tables, numbers, the names of things."""

from __future__ import annotations

import html
from collections.abc import Sequence

from melpact.bench.collapse.result import LabReport, Value
from melpact.page.charts import number

KINDS = ("a", "b", "m", "g", "n")
"""Line styles of a chart, in the order in which series take them."""
STYLE = """
table.lab{width:auto;min-width:60%}table.lab td,table.lab th{white-space:nowrap;padding-right:1.1rem}
table.lab td.w,table.lab th.w{white-space:normal;min-width:9rem}
.roll{overflow-x:auto}.yes{font-weight:650}.no{color:var(--bad);font-weight:650}
nav ol{padding-left:1.2rem}details{margin:.6rem 0}summary{cursor:pointer}
.small{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:1.2rem 1.6rem}
.small figure .q{margin-left:0}.small .keys{margin-left:0}
"""


def text(words: object) -> str:
    """Escaped."""
    return html.escape(str(words))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], wide: Sequence[int] = ()) -> str:
    """A table; cells are HTML already, columns are not."""
    head = "".join(f"<th{_wide(i, wide)}>{text(name)}</th>" for i, name in enumerate(columns))
    body = "".join(
        "<tr>" + "".join(f"<td{_wide(i, wide)}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>" for row in rows
    )
    return f'<div class="roll"><table class="lab"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _wide(i: int, wide: Sequence[int]) -> str:
    return ' class="w"' if i in wide else ""


def figure(value: float | None, digits: int = 3) -> str:
    """A number, or a dash."""
    return "\u2013" if value is None else number(float(f"{value:.{digits}g}"))


def within(value: float | None, low: float | None, high: float | None) -> str:
    """A number with its interval."""
    if value is None:
        return "\u2013"
    ends = "" if low is None or high is None else f' <span class="q">[{figure(low)}, {figure(high)}]</span>'
    return f"{figure(value)}{ends}"


def cell(value: Value) -> str:
    """A value with its interval, or the reason why there is none."""
    if value.value is None:
        return f'<span class="q" title="{html.escape(value.reason or "", quote=True)}">none</span>'
    return within(value.value, value.low, value.high)


def heading(report: LabReport, metric: str) -> str:
    """A metric as a column."""
    facts = report.metrics[metric]
    unit = f", {facts.unit}" if facts.unit else ""
    return f"{facts.title}{unit} {'↑' if facts.better == 'higher' else '↓'}"


def primary(report: LabReport) -> tuple[str, ...]:
    """The metrics that are drawn: the first that says something of intelligibility, and the one after it."""
    return tuple(report.metrics)[:2]


def note(words: str) -> str:
    """A paragraph in small type."""
    return f'<p class="q">{text(words)}</p>'
