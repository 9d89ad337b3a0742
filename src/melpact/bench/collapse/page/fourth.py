"""Chapter 4 on the page: what repairs each damage."""

from __future__ import annotations

from melpact.bench.collapse.page.parts import figure, note, table, text, within
from melpact.bench.collapse.result import LabReport, Repair
from melpact.page.charts import number


def fourth(report: LabReport) -> str:
    """The chapter."""
    told = note(
        f"Sound by {report.doses.vocoder}. Gains are paired with the damage itself, clip by clip, and positive is better "
        "whatever the metric; bold: the 95 % interval excludes 0, red: it makes things worse. In brackets the interval, "
        "then the share of what the damage took that is back. A calibration (a line per band) is fitted to the other clips; "
        "a bridge is there where a description was mistaken; joint is bridge or calibration, then the first refiner, then "
        "the fine-tuned vocoder where there is one."
    )
    damages = tuple(dict.fromkeys(row.damage for row in report.repairs))
    return told + _overview(report, damages) + "".join(_damage(report, name) for name in damages)


def _metrics(report: LabReport) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.metric for row in report.repairs))


def _title(report: LabReport, metric: str) -> str:
    return report.metrics[metric].title if metric in report.metrics else "mel error, nat"


def best(report: LabReport, damage: str, metric: str) -> Repair | None:
    """The repair with the largest certain gain; None where none is certain to help."""
    sure = [
        row for row in report.repairs
        if row.damage == damage and row.metric == metric and row.certain and row.gain is not None and row.gain > 0
    ]  # fmt: skip
    return max(sure, key=lambda row: row.gain or 0.0, default=None)


def _overview(report: LabReport, damages: tuple[str, ...]) -> str:
    metrics = _metrics(report)
    rows = []
    for damage in damages:
        words = next(row.words for row in report.repairs if row.damage == damage)
        cells = []
        for metric in metrics:
            found = best(report, damage, metric)
            back = "" if found is None or found.back is None else f' <span class="q">({100 * found.back:.0f} % back)</span>'
            cells.append('<span class="q">nothing</span>' if found is None else f"{text(found.repair)}{back}")
        rows.append([text(words), *cells])
    return "<h3>What repairs it best</h3>" + table(("damage", *(_title(report, m) for m in metrics)), rows, wide=(0,))


def _damage(report: LabReport, damage: str) -> str:
    rows = [row for row in report.repairs if row.damage == damage]
    metrics = _metrics(report)
    cells = []
    for repair in dict.fromkeys(row.repair for row in rows):
        line = [text(repair)]
        for metric in metrics:
            row = next(row for row in rows if row.repair == repair and row.metric == metric)
            line.append(_cell(row))
        cells.append(line)
    words = text(rows[0].words)
    return f"<h3>{words}</h3>" + table(("repair", *(_title(report, m) for m in metrics)), cells)


def _cell(row: Repair) -> str:
    if row.reason is not None:
        return f'<span class="q" title="{text(row.reason)}">none</span>'
    if row.gain is None:
        return f'{figure(row.after)} <span class="q">(undamaged {figure(row.whole)})</span>'
    kind = "" if not row.certain else "yes" if row.gain > 0 else "no"
    back = "" if row.back is None else f' <span class="q">{number(round(100 * row.back))} %</span>'
    sign = "+" if row.gain > 0 else ""
    return f'<span class="{kind}">{sign}{within(row.gain, row.low, row.high)}</span>{back}'
