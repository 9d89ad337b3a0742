"""Every metric as a strip from its null (0) to its ceiling (1): the systems with their intervals, and the numbers."""

from __future__ import annotations

import html

from melpact.bench.page.marks import COLOURS, legend, mark
from melpact.bench.report import Report
from melpact.bench.score import Score
from melpact.bench.tables import ARROWS, number

_WIDTH, _EDGE = 420, 14
_LOW, _HIGH = -0.35, 1.25
"""Skill at the ends of a strip; what lies beyond is drawn at the end with an arrow."""
STYLE = """
.strip{display:grid;grid-template-columns:minmax(9rem,13rem) minmax(0,26rem) minmax(12rem,1fr);gap:.2rem 1.4rem;
padding:.55rem 0;border-bottom:1px solid var(--rule);align-items:center;break-inside:avoid}
.strip h3{margin:0;font-size:.92rem}
.strip table{font-size:.8rem}.strip td{border:0;padding:.05rem .6rem .05rem 0;white-space:nowrap}
.strip .wide{grid-column:1/-1}
.strip svg{width:100%;height:auto;display:block}
.sys{white-space:nowrap;margin-right:1rem;font-size:.85rem}
.sys .k{width:14px;height:14px;vertical-align:-2px;margin-right:.3rem}
.best{font-weight:700}
@media (max-width:46rem){.strip{grid-template-columns:minmax(0,1fr)}}
"""


def strips(report: Report) -> str:
    """All metrics, in the report's order."""
    rows = "".join(_row(report, name) for name in report.metrics)
    return f'<p>{legend(report.systems)}</p><div class="strips">{rows}</div>'


def _row(report: Report, metric: str) -> str:
    facts = report.metrics[metric]
    scores = [report.scores[system][metric] for system in report.systems]
    unit = f", {facts.unit}" if facts.unit else ""
    exact = '<p class="q">waveform-exact systems only</p>' if facts.waveform_exact else ""
    better = "higher is better" if facts.better == "higher" else "lower is better"
    head = (
        f'<div><h3><a href="#m-{metric}">{html.escape(facts.title)}</a>{html.escape(unit)} '
        f'<span title="{better}">{ARROWS[facts.better]}</span></h3>{exact}</div>'
    )
    values = "".join(_values(report, i, metric, score) for i, score in enumerate(scores))
    numbers = f"<div><table><tbody>{values}{_ends(scores)}</tbody></table></div>"
    reasons = "".join(
        f'<p class="q wide">{html.escape(system)}: {html.escape(_told(score))}</p>'
        for system, score in zip(report.systems, scores, strict=True)
        if _told(score)
    )
    return f'<div class="strip">{head}{_drawn(facts.title, scores)}{numbers}{reasons}</div>'


def _told(score: Score) -> str:
    """What has to be said of one score; that n is small is said once for the page."""
    return "; ".join(said for said in (score.reason, score.warning) if said and not said.endswith("is small"))


def _values(report: Report, index: int, metric: str, score: Score) -> str:
    system = report.systems[index]
    best = ' class="best"' if report.best.get(metric) == system else ""
    interval = f"[{number(score.low, score)}, {number(score.high, score)}]" if score.low is not None else ""
    skill = "" if score.skill is None else f"skill {score.skill:.2f}"
    key = f'<svg class="k" viewBox="0 0 14 14" style="width:12px" aria-hidden="true">{mark(index, 7, 7)}</svg>'
    return (
        f"<tr><td>{key}</td><td{best}>{number(score.value, score)}</td><td>{interval}</td><td>{skill}</td>"
        f"<td>n = {score.n}</td></tr>"
    )


def _ends(scores: list[Score]) -> str:
    first = next((score for score in scores if score.null is not None or score.ceiling is not None), None)
    if first is None:
        return ""
    said = [
        f"{kind} {number(value, first)} ({html.escape((anchor or '').replace('_', ' '))})"
        for kind, value, anchor in (
            ("null", first.null, first.null_anchor),
            ("ceiling", first.ceiling, first.ceiling_anchor),
        )
        if value is not None
    ]
    return f'<tr><td></td><td colspan="4" class="q" style="white-space:normal">{"; ".join(said)}</td></tr>'


def _place(skill: float) -> float:
    share = (min(max(skill, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return _EDGE + share * (_WIDTH - 2 * _EDGE)


def _drawn(title: str, scores: list[Score]) -> str:
    shown = [(i, score) for i, score in enumerate(scores) if score.skill is not None]
    if not shown:
        return '<p class="q">no null or no ceiling to place it by</p>'
    height = 22 + 15 * len(shown)
    parts = [f'<path class="l" d="M{_place(_LOW):.1f} {height - 16}H{_place(_HIGH):.1f}"/>']
    for skill, kind, words in ((0.0, "n", "null"), (1.0, "g", "ceiling")):
        x = _place(skill)
        parts.append(f'<path class="{kind}" d="M{x:.1f} 2V{height - 16}"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 3}" text-anchor="middle">{words}</text>')
    for row, (i, score) in enumerate(shown):
        y = 9 + 15 * row
        parts.append(_interval(score, y, COLOURS[i % len(COLOURS)]))
        skill = float(score.skill or 0.0)
        parts.append(mark(i, _place(skill), y))
        if not _LOW <= skill <= _HIGH:
            beyond, anchor = (f"skill {skill:.2f} ←", "start") if skill < _LOW else (f"→ skill {skill:.2f}", "end")
            shift = 9 if skill < _LOW else -9
            parts.append(f'<text x="{_place(skill) + shift:.1f}" y="{y + 4}" text-anchor="{anchor}">{beyond}</text>')
    label = f"{title}: " + "; ".join(f"system {i + 1} skill {score.skill:.2f}" for i, score in shown)
    said = html.escape(label, quote=True)
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{said}">{"".join(parts)}</svg>'


def _interval(score: Score, y: float, colour: str) -> str:
    if score.low is None or score.high is None or score.null is None or score.ceiling is None or score.ceiling == score.null:
        return ""
    ends = sorted(_place((edge - score.null) / (score.ceiling - score.null)) for edge in (score.low, score.high))
    return (
        f'<path d="M{ends[0]:.1f} {y}H{ends[1]:.1f}M{ends[0]:.1f} {y - 3.5}v7M{ends[1]:.1f} {y - 3.5}v7" '
        f'fill="none" stroke="{colour}" stroke-width="1.6"/>'
    )
