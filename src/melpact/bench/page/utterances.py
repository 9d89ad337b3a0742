"""What lies behind the means: each utterance as a dot, the worst ten, and the order in which they are worth hearing."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from melpact.bench.page.marks import mark
from melpact.bench.report import Report
from melpact.bench.tables import number
from melpact.page.charts import Chart

_CHARTS = 12
WORST = 10
_BOUND = (-1.0, 2.0)


def standing(report: Report, system: str, utterance: str) -> float | None:
    """The mean over metrics of one utterance's place between null and ceiling of the whole set, each held within -1 and 2.

    Only puts utterances in order; None where nothing was measured.
    """
    side = next(u for u in report.utterances if u.name == utterance).sides.get(system)
    if side is None or side.failed:
        return None
    places = []
    for metric, value in side.values.items():
        score = report.scores[system][metric]
        if value is None or score.null is None or score.ceiling is None or score.null == score.ceiling:
            continue
        places.append(float(np.clip((value - score.null) / (score.ceiling - score.null), *_BOUND)))
    return float(np.mean(places)) if places else None


def ranked(report: Report) -> list[tuple[float, str, str]]:
    """(standing, utterance, system), the worst first."""
    found = [(standing(report, s, u.name), u.name, s) for u in report.utterances for s in report.systems]
    return sorted((place, name, system) for place, name, system in found if place is not None)


def worst(report: Report, heard: Sequence[str]) -> str:
    """The worst ten, with their values in the first metrics; linked to their sounds where the page has them."""
    rows = []
    shown = [name for name in report.metrics if any(report.scores[s][name].skill is not None for s in report.systems)][:5]
    for place, name, system in ranked(report)[:WORST]:
        side = next(u for u in report.utterances if u.name == name).sides[system]
        label = html.escape(name)
        label = f'<a href="#listen" data-hear="{heard.index(name)}">{label}</a>' if name in heard else label
        cells = "".join(f"<td>{number(side.values.get(metric))}</td>" for metric in shown)
        rows.append(f"<tr><td>{label}</td><td>{html.escape(system)}</td><td>{place:.2f}</td>{cells}</tr>")
    if not rows:
        return "<p>No utterance could be placed between a null and a ceiling.</p>"
    head = "".join(f"<th>{html.escape(report.metrics[m].title)}</th>" for m in shown)
    return (
        f'<div class="roll"><table><thead><tr><th>utterance</th><th>system</th><th>standing</th>{head}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div><p class="q">Standing: the mean over all metrics of the place between '
        f"null (0) and ceiling (1), each held within {_BOUND[0]:g} and {_BOUND[1]:g}.</p>"
    )


def scatters(report: Report) -> str:
    """One chart per metric: two systems against each other, or one system's utterances in order between null and ceiling."""
    names = [m for m in report.metrics if sum(u.sides[s].values.get(m) is not None for u in report.utterances
             for s in report.systems[:1] if s in u.sides) >= 2][:_CHARTS]  # fmt: skip
    drawn = "".join(_against(report, m) if len(report.systems) > 1 else _ordered(report, m) for m in names)
    return f'<div class="charts">{drawn}</div>' if drawn else "<p>Fewer than two utterances have values of their own.</p>"


def _values(report: Report, system: str, metric: str) -> dict[str, float]:
    found = {u.name: u.sides[system].values.get(metric) for u in report.utterances if system in u.sides}
    return {name: value for name, value in found.items() if value is not None}


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or max(abs(high), 1.0) * 0.05
    return low - room, high + room


def _label(report: Report, metric: str) -> str:
    facts = report.metrics[metric]
    return facts.title + (f", {facts.unit}" if facts.unit else "")


def _against(report: Report, metric: str) -> str:
    first, second = report.systems[:2]
    a, b = _values(report, first, metric), _values(report, second, metric)
    both = sorted(a.keys() & b.keys())
    if not both:
        return ""
    x, y = [a[n] for n in both], [b[n] for n in both]
    span = _span([*x, *y])
    chart = Chart(f"{metric}: {second} against {first}", span, span, first, second)
    chart.line(span, span, "n").dots(np.array(x), np.array(y), "ca", 4.5)
    wins = sum((q > p) == (report.metrics[metric].better == "higher") for p, q in zip(x, y, strict=True) if p != q)
    found = next((d for d in report.differences if d.metric == metric and {d.a, d.b} == {first, second}), None)
    told = ""
    if found is not None and found.value is not None and found.low is not None and found.high is not None:
        told = f" {found.a} − {found.b}: {found.value:.3g} [{found.low:.3g}, {found.high:.3g}]."
    return chart.figure(_label(report, metric), f"{second} is better in {wins} of {len(both)}.{told}")


def _ordered(report: Report, metric: str) -> str:
    system = report.systems[0]
    values = sorted(_values(report, system, metric).values())
    score = report.scores[system][metric]
    ends = [edge for edge in (score.null, score.ceiling) if edge is not None]
    chart = Chart(f"{metric}: utterances in order", (0, len(values) + 1), _span([*values, *ends]), "utterances in order", "")
    for edge, kind, words in ((score.null, "n", "null"), (score.ceiling, "g", "ceiling")):
        if edge is not None:
            chart.level(edge, kind).key(kind, words)
    chart.dots(np.arange(1, len(values) + 1, dtype=np.float64), np.array(values), "ca", 4.5)
    return chart.figure(_label(report, metric))


def differences(report: Report) -> str:
    """Every pair of systems, every metric: the paired difference with its interval, and who is certainly better."""
    if not report.differences:
        return ""
    rows = []
    for d in report.differences:
        facts = report.metrics[d.metric]
        if d.value is None or d.low is None or d.high is None:
            said = html.escape(d.reason or "–")
            cells = f'<td colspan="3">{said}</td>'
        else:
            index = report.systems.index(d.winner) if d.winner in report.systems else None
            key = ""
            if index is not None:
                key = f'<svg class="k" viewBox="0 0 14 14" style="width:12px" aria-hidden="true">{mark(index, 7, 7)}</svg> '
            winner = key + html.escape(d.winner) if d.winner else "cannot be told"
            cells = f"<td>{d.value:+.3g} [{d.low:+.3g}, {d.high:+.3g}]</td><td>{d.n}</td><td>{winner}</td>"
        rows.append(
            f"<tr><td>{html.escape(_label(report, d.metric))} {'↑' if facts.better == 'higher' else '↓'}</td>"
            f"<td>{html.escape(d.a)} − {html.escape(d.b)}</td>{cells}</tr>"
        )
    return (
        '<div class="roll"><table><thead><tr><th>metric</th><th>pair</th><th>difference, 95 % interval</th><th>n</th>'
        f"<th>better</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
