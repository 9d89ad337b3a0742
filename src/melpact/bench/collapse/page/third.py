"""Chapter 3 on the page: dose-response of faults and degradations, and where the metrics break."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from melpact.bench.collapse.page.parts import cell, figure, heading, note, primary, table, text
from melpact.bench.collapse.result import Curve, LabReport, Threshold
from melpact.bench.collapse.threshold import danger
from melpact.page.charts import Chart

_STATES = {"holds": "holds to the largest dose", "at once": "broken at the mildest dose", "no room": "no room to break"}


def third(report: LabReport, sounds: str) -> str:
    """The chapter; `sounds` are players made elsewhere."""
    found = report.doses
    drawn = primary(report)
    bars = "; ".join(
        f"{report.metrics[m].title}: ceiling {figure(found.ceiling[m].value)}, null "
        f"{figure(found.nulls[found.null_of[m]][m].value)} ({found.null_of[m].replace('_', ' ')})"
        for m in drawn if m in found.null_of
    )  # fmt: skip
    told = note(
        f"Sound by {found.vocoder}. A metric breaks at the dose at which half of what lies between its ceiling (the same "
        "vocoder on the right mel) and its null (the best of silence, shaped noise and a constant mel) is lost; of STOI "
        "that is where intelligibility breaks. The interval resamples utterances; an end beyond the doses is written as "
        f"such. A mel that gives no usable sound counts as the null. {bars}."
    )
    order = sorted(found.curves, key=lambda one: danger(one, drawn[0]))
    refused = [one for one in order if one.refused is not None]
    shown = [one for one in order if one.refused is None]
    parts = [told, "<h3>Where it breaks, the most dangerous first</h3>", _thresholds(report, shown, drawn)]
    parts.append(f"<h3>All of them on one axis</h3>{_cloud(report, shown, drawn[0])}{sounds}")
    for source, title in (("fault", "Faults of the contract"), ("degradation", "Degradations")):
        charts = "".join(_chart(report, one, drawn[0]) for one in shown if one.source == source)
        parts.append(f'<h3>{title}</h3><div class="small">{charts}</div>')
    parts.append(f"<details><summary>Every number</summary>{_numbers(report, shown)}</details>")
    if refused:
        lines = "".join(f"<li>{text(one.name)}: {text(one.refused)}</li>" for one in refused)
        parts.append(f'<p class="q">Faults that this description cannot have:</p><ul class="q">{lines}</ul>')
    return "".join(parts)


def said(one: Threshold | None, curve: Curve) -> str:
    """A threshold in a cell."""
    if one is None:
        return '<span class="q">not measured</span>'
    if one.state == "kinds":
        return f"breaks by: {text(', '.join(one.broken))}" if one.broken else "no kind breaks it"
    if one.state != "breaks":
        return _STATES[one.state]
    low = "milder than all" if one.low is None else figure(one.low)
    high = "beyond all" if one.high is None else figure(one.high)
    return f'<span class="yes">{figure(one.dose)}</span> {text(curve.unit)} <span class="q">[{low}, {high}]</span>'


def _thresholds(report: LabReport, curves: Sequence[Curve], metrics: Sequence[str]) -> str:
    columns = ["", "from", *(f"{report.metrics[m].title} breaks at" for m in metrics), "mel distance there, nat"]
    rows = []
    for one in curves:
        first = one.threshold.get(metrics[0])
        distance = None if first is None else first.distance_nat
        cells = [said(one.threshold.get(m), one) for m in metrics]
        rows.append([f'<span title="{text(one.title)}">{text(one.name)}</span>', one.source, *cells, figure(distance)])
    return table(columns, rows, wide=tuple(range(2, 2 + len(metrics))))


def _cloud(report: LabReport, curves: Sequence[Curve], metric: str) -> str:
    """The metric over the distance of the mel, every dose of every curve."""
    points = {
        source: [
            (p.distance_nat, value) for one in curves if one.source == source for p in one.points
            if p.distance_nat is not None and (value := p.values[metric].value) is not None
        ]
        for source in ("fault", "degradation")
    }  # fmt: skip
    everything = [*points["fault"], *points["degradation"]]
    if not everything:
        return ""
    x = np.array([p[0] for p in everything], float)
    y = np.array([p[1] for p in everything], float)
    top, bottom = _ends(report, metric)
    ends = [v for v in (*y.tolist(), top, bottom) if v is not None]
    reach = float(np.quantile(x, 0.97)) * 1.05
    chart = Chart(
        f"{metric} over mel distance", (0.0, reach), (min(ends), max(ends)), "distance of the mel from the right one, nat",
        report.metrics[metric].title,
    )  # fmt: skip
    if top is not None:
        chart.level(top, "g").key("g", "ceiling")
    if bottom is not None:
        chart.level(bottom, "n").key("n", "null")
    for source, kind in (("fault", "ra"), ("degradation", "cm")):
        inside = [(a, b) for a, b in points[source] if a <= reach]
        chart.rings(inside, kind, 3).key(kind, source)
    words = "The same distance costs very different things: what is wrong matters more than how far the values are off."
    return f'<div class="charts">{chart.figure(heading(report, metric), words)}</div>'


def _ends(report: LabReport, metric: str) -> tuple[float | None, float | None]:
    found = report.doses
    null = found.null_of.get(metric)
    return found.ceiling[metric].value, None if null is None else found.nulls[null][metric].value


def _chart(report: LabReport, curve: Curve, metric: str) -> str:
    values = [p.values[metric] for p in curve.points]
    top, bottom = _ends(report, metric)
    known = [v for one in values for v in (one.value, one.low, one.high) if v is not None]
    ends = [v for v in (*known, top, bottom) if v is not None]
    if not known or top is None:
        return ""
    room = 0.05 * (max(ends) - min(ends) or 1.0)
    ticks = [(0.0, "none"), *((i + 1.0, _short(p.dose, curve)) for i, p in enumerate(curve.points))]
    chart = Chart(
        f"{metric} by dose of {curve.name}", (-0.2, len(values) + 0.2), (min(ends) - room, max(ends) + room),
        "kind" if curve.kinds else curve.unit, report.metrics[metric].title, x_ticks=ticks,
    )  # fmt: skip
    chart.level(top, "g")
    if bottom is not None:
        chart.level(bottom, "n")
    places = [(i + 1.0, one) for i, one in enumerate(values) if one.value is not None]
    spread = [(x, one) for x, one in places if one.low is not None and one.high is not None]
    if not curve.kinds:
        if len(spread) > 1:
            chart.area(
                np.array([x for x, _ in spread]), np.array([one.low for _, one in spread], float),
                np.array([one.high for _, one in spread], float), "fa",
            )  # fmt: skip
        chart.line([0.0, *(x for x, _ in places)], [top, *(float(one.value or 0.0) for _, one in places)], "a")
    chart.rings([(x, float(one.value or 0.0)) for x, one in places], "ra", 3)
    one = curve.threshold.get(metric)
    if one is not None and one.state in ("breaks", "holds", "at once"):
        chart.level(one.bar, "t")
    words = "; ".join(f"{i + 1}: {p.words}" for i, p in enumerate(curve.points)) + "." if curve.kinds else ""
    return chart.figure(f"{curve.name}: {curve.title}", words)


def _short(dose: float, curve: Curve) -> str:
    return f"{int(dose) + 1}" if curve.kinds else figure(dose, 2)


def _numbers(report: LabReport, curves: Sequence[Curve]) -> str:
    metrics = tuple(report.metrics)
    rows = []
    for one in curves:
        for point in one.points:
            about = [text(one.name), text(point.words), figure(point.distance_nat)]
            rows.append([*about, *(cell(point.values[m]) for m in metrics)])
    return table(("", "dose", "mel distance, nat", *(heading(report, m) for m in metrics)), rows, wide=(1,))
