"""The page: what can be said on top, then every metric, what lies behind it, the sounds, and how it was measured."""

from __future__ import annotations

import html
from collections import Counter

from melpact.bench.anchor import anchors
from melpact.bench.page import listening, marks, strips
from melpact.bench.page.utterances import differences, scatters, worst
from melpact.bench.report import Report
from melpact.bench.sound import dialect_for
from melpact.contract.dialect import dialect
from melpact.contract.spec import MelSpec
from melpact.core.errors import DialectError
from melpact.page.style import STYLE

_NAMED = 50


def page(report: Report) -> str:
    """The whole page as text; sounds are read again from the files of the report."""
    heard, names = listening.listening(report, _spec(report))
    n = len(report.utterances)
    told = f"{n} utterance{'s' * (n != 1)}, {report.seconds:.0f} s"
    head = (
        f'<p class="brand">melpact evaluate · suite {html.escape(report.suite)}</p>'
        f'<h1>{html.escape(verdict(report))}</h1><p class="facts">{told}; compared at {report.rate} Hz '
        f"({html.escape(report.rate_why)}); mel {html.escape(report.dialect)}</p>"
    )
    notes = "".join(f"<li>{html.escape(line)}</li>" for line in report.warnings)
    notes = f'<ul class="q">{notes}</ul>' if notes else ""
    parts = [
        ("Scores between null and ceiling", _how_to_read() + strips.strips(report)),
        ("Differences between systems", differences(report)),
        ("Utterance by utterance", scatters(report)),
        ("The worst ten", worst(report, names)),
        ("Hear and see", heard),
        ("What the metrics mean", _meanings(report)),
        ("How it was measured", _method(report)),
    ]
    body = "".join(f"<section><h2>{html.escape(title)}</h2>{text}</section>" for title, text in parts if text)
    style = STYLE + marks.STYLE + strips.STYLE + listening.STYLE
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>melpact evaluate: {html.escape(', '.join(report.systems))}</title><style>{style}</style></head><body>"
        f'<header>{head}{notes}</header><main>{body}</main><footer><p class="q">melpact {html.escape(report.version)}</p>'
        f"</footer><script>{listening.SCRIPT}</script></body></html>\n"
    )


def _spec(report: Report) -> MelSpec:
    """The mel of the pictures: that of the comparison where it has a name, else a common one of the rate."""
    try:
        return dialect(report.dialect).spec
    except DialectError:
        return dialect_for(report.rate)


def verdict(report: Report) -> str:
    """One sentence: who is better where it is certain."""
    count = len(report.metrics)
    if len(report.systems) == 1:
        skills = [s.skill for s in report.scores[report.systems[0]].values() if s.skill is not None]
        if not skills:
            return f"{report.systems[0]}: {count} metrics, none with a null and a ceiling"
        middle = sorted(skills)[len(skills) // 2]
        return f"{report.systems[0]}: median skill {middle:.2f} over {len(skills)} metrics (0 is the null, 1 the ceiling)"
    wins = Counter(report.best.values())
    said = [f"{name} is better than all others in {wins[name]}" for name in report.systems if wins[name]]
    if not said:
        return f"No system is certainly better than all others in any of {count} metrics"
    open_ = count - sum(wins.values())
    return f"Of {count} metrics, {'; '.join(said)}; {open_} cannot be told"


def _how_to_read() -> str:
    return (
        '<p class="q">Each strip runs from the null (what the best of silence, shaped noise, a constant mel and a wrong '
        "pairing gets on the same utterances) to the ceiling. Bars: bootstrap 95 % intervals over utterances. Bold numbers "
        "are better than every other system with a paired interval that excludes 0.</p>"
    )


def _meanings(report: Report) -> str:
    rows = []
    for name, facts in report.metrics.items():
        unit = f" ({facts.unit})" if facts.unit else ""
        best = "" if facts.perfect is None else f" Of a sound against itself: {facts.perfect:g}."
        cost = report.cost_ms.get(name)
        paid = "" if cost is None else f" Cost: {cost:.2g} ms of one core per second of audio."
        rows.append(
            f'<dt id="m-{name}"><b>{html.escape(facts.title + unit)}</b> <code>{name}</code></dt>'
            f'<dd>{html.escape(facts.meaning + best + paid)} <span class="q">{html.escape(facts.source)}</span></dd>'
        )
    return f"<dl>{''.join(rows)}</dl>"


def _method(report: Report) -> str:
    known = anchors()
    beside = "".join(
        f"<li><b>{html.escape(known[name].title)}</b> ({known[name].kind}): {html.escape(known[name].meaning)}</li>"
        for name in report.anchors
        if name in known
    )
    lists = [
        ("Withheld, because they break their own laws here", [f"{k}: {v.reason or ''}" for k, v in report.withheld.items()]),
        ("Not available here", [f"{k}: {v}" for k, v in report.unavailable.items()]),
        ("Laws not tried", [f"{k}: {v}" for k, v in report.untried.items()]),
        ("Missing", list(report.missing)),
        ("Failed", list(report.failed)),
    ]
    told = "".join(_list(title, lines) for title, lines in lists if lines)
    return f"<h3>Nulls and ceilings</h3><ul>{beside}</ul>{told}<p>Seed {report.seed}.</p>"


def _list(title: str, lines: list[str]) -> str:
    shown = "".join(f"<li>{html.escape(line)}</li>" for line in lines[:_NAMED])
    more = f"<li>{len(lines) - _NAMED} more</li>" if len(lines) > _NAMED else ""
    return f"<h3>{html.escape(title)}</h3><ul>{shown}{more}</ul>"
