"""What the bench's commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from melpact.cli.render import _out, _print, _table, print_json

if TYPE_CHECKING:
    from melpact.bench.gate import Gate
    from melpact.bench.report import Report
    from melpact.bench.score import Score
    from melpact.cli.render import Wishes
    from melpact.verbs.ablate import Ablation
    from melpact.verbs.check import CheckReport
    from melpact.verbs.metrics import MetricRow

_NAMED = 20
_TRAPS = ("identity", "silence", "shaped_noise", "delay_0.5_ms", "flipped", "half_level", "griffin_lim")


def evaluated(report: Report, wishes: Wishes, out: str | None) -> None:
    """`evaluate`."""
    for title, lines in (("missing", report.missing), ("failed", report.failed)):
        for line in lines[:_NAMED]:
            print(f"melpact: {title}: {' '.join(line.split())}", file=sys.stderr)
        if len(lines) > _NAMED:
            print(f"melpact: {title}: {len(lines) - _NAMED} more (--json names all)", file=sys.stderr)
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    n = len(report.utterances)
    _out(
        f"{', '.join(report.systems)}: suite {report.suite}, {n} utterance{'s' * (n != 1)}, {report.seconds:.0f} s at "
        f"{report.rate} Hz ({report.rate_why}), mel {report.dialect}",
        "bold",
    )
    for warning in report.warnings:
        _out(f"  note: {warning}")
    _out()
    _scores(report)
    _notes(report)
    if out is not None:
        _out(f"\nwritten: {out}")


def _scores(report: Report) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from melpact.bench.tables import ARROWS, number

    several = len(report.systems) > 1
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    for name in ("metric", *(("system",) if several else ())):
        table.add_column(name, overflow="fold")
    for name in ("value", "95 % interval", "skill", "n", "null", "ceiling"):
        table.add_column(name, justify="right", no_wrap=True)
    for metric, facts in report.metrics.items():
        label = f"{facts.title}{', ' + facts.unit if facts.unit else ''} {ARROWS[facts.better]}"
        for i, system in enumerate(report.systems):
            score = report.scores[system][metric]
            style = "bold" if report.best.get(metric) == system else ""
            first = [Text(label if i == 0 else "")] + ([Text(system, style)] if several else [])
            table.add_row(*first, *_cells(score, style, number), end_section=several and i == len(report.systems) - 1)
    _print(table)
    for system in report.systems:
        for metric, score in report.scores[system].items():
            if score.value is None:
                _out(f"{report.metrics[metric].title} of {system}: {score.reason}")


def _cells(score: Score, style: str, number: Any) -> list[Any]:
    from rich.text import Text

    def beside(value: float | None, anchor: str | None) -> Any:
        return Text("–") if value is None else Text(f"{number(value, score)} {anchor}")

    interval = "–" if score.low is None else f"[{number(score.low, score)}, {number(score.high, score)}]"
    skill = "–" if score.skill is None else f"{score.skill:.2f}"
    star = "" if not style or sys.stdout.isatty() else " *"
    return [
        Text(number(score.value, score) + star, style), Text(interval), Text(skill), Text(str(score.n)),
        beside(score.null, score.null_anchor), beside(score.ceiling, score.ceiling_anchor),
    ]  # fmt: skip


def _notes(report: Report) -> None:
    if len(report.systems) > 1:
        sign = "Bold" if sys.stdout.isatty() else "*"
        _out(f"\n{sign}: better than every other system; the paired 95 % interval of the difference excludes 0.")
        for difference in report.differences:
            if difference.winner is None and difference.reason:
                _out(f"{report.metrics[difference.metric].title}, {difference.a} and {difference.b}: {difference.reason}")
    _out("Skill is 0 at the null and 1 at the ceiling; below 0 a system is worse than its null.")
    said: dict[str, list[str]] = {}
    for scores in report.scores.values():
        for metric, score in scores.items():
            for part in (score.warning or "").split("; "):
                if part and not part.startswith("n = "):
                    said.setdefault(part, []).append(report.metrics[metric].title)
    for warning, titles in said.items():
        _out(f"Beware, {', '.join(dict.fromkeys(titles))}: {warning}.")
    for name, verdict in report.withheld.items():
        for broken in verdict.broken:
            _out(f"Withheld: {name} breaks its law '{broken.law}': {broken.measured}; wanted {broken.wanted}.")
    for name, reason in report.untried.items():
        _out(f"Laws of {name} could not be tried: {reason}.")
    for name, reason in report.unavailable.items():
        _out(f"Not measured: {name} {reason}.")
    total = sum(report.cost_ms.values())
    if total > 0:
        dearest = sorted(report.cost_ms.items(), key=lambda item: -item[1])[:4]
        named = ", ".join(f"{name} {cost:.1f}" for name, cost in dearest)
        _out(f"Cost: {total:.0f} ms of one core per second of sound and system ({1000 / total:.0f} × real time): {named}, …")


def explained(rows: Sequence[MetricRow], wishes: Wishes, *, full: bool) -> None:
    """`metrics`."""
    if wishes.json:
        print_json([row.to_json() for row in rows])
        return
    if wishes.quiet:
        return
    if not full:
        _table(
            ("name", "", "unit", "domains", "laws", "suites"),
            [
                (
                    row.name,
                    "↑" if row.metric.better == "higher" else "↓",
                    row.metric.unit,
                    " ".join(row.metric.domains),
                    row.status,
                    " ".join(row.suites) or ("only by name" if row.metric.heavy else ""),
                )
                for row in rows
            ],
            wrap=("laws", "suites"),
        )
        _out(f"{len(rows)} metrics. One in full: melpact metrics NAME. Try all laws: melpact metrics --laws")
        return
    for row in rows:
        metric = row.metric
        _out(f"{row.name}: {metric.title}{', ' + metric.unit if metric.unit else ''}", "bold")
        _out(f"  {metric.meaning}")
        perfect = "" if metric.perfect is None else f", {metric.perfect:g} against itself"
        _out(f"  {metric.better} is better{perfect}. Not moved by: {', '.join(metric.ignores) or 'nothing is promised'}.")
        _out(f"  For {', '.join(metric.domains)}" + (f", at {metric.rate_hz} Hz" if metric.rate_hz else "") + ".")
        _out(f"  Source: {metric.source}")
        _out(f"  Laws: {row.status}")
        for broken in row.verdict.broken if row.verdict is not None else ():
            _out(f"    {broken.law}: {broken.measured}; wanted {broken.wanted}")
        if row.verdict is not None and row.verdict.tried:
            values = (f"{case.replace('_', ' ')} {_figure(value)}" for case, value in row.verdict.values.items())
            _out(f"  On the shipped recordings: {', '.join(values)}")


def trapped(rows: Sequence[MetricRow], wishes: Wishes) -> None:
    """`metrics --habits`."""
    if wishes.json:
        print_json([row.to_json() for row in rows])
        return
    if wishes.quiet:
        return
    cells = []
    for row in rows:
        values = {} if row.verdict is None else row.verdict.values
        unit = f", {row.metric.unit}" if row.metric.unit else ""
        label = f"{row.metric.title}{unit} {'↑' if row.metric.better == 'higher' else '↓'}"
        cells.append((label, *(_figure(values.get(case)) for case in ("noise_30_db", *_TRAPS[1:]))))
    head = ("clean, 30 dB", "silence", "noise", "0.5 ms late", "flipped", "half level", "new phase")
    _table(("habit", *head), cells, right=head, wrap=("habit",))
    _out("New phase: Griffin-Lim on the true magnitudes, which sounds like the original (PESQ above 3).")
    _out("Late, flipped and half level: the 30 dB version, changed by nothing that is heard.\n")
    for row in rows:
        _out(f"{row.metric.title}: {row.status}", "bold")
        _out(f"  {row.metric.meaning}")
        for broken in row.verdict.broken if row.verdict is not None else ():
            _out(f"  {broken.law}: {broken.measured}; wanted {broken.wanted}")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"


def checked(found: CheckReport, wishes: Wishes) -> None:
    """`check`."""
    if wishes.json:
        print_json(found.to_json())
        return
    for line in found.checked.lost[:_NAMED]:
        print(f"melpact: lost: {line}", file=sys.stderr)
    if wishes.quiet:
        return
    for note in found.checked.notes[:_NAMED]:
        _out(f"  note: {note}")
    several = len({row.system for row in found.checked.rows}) > 1
    worse = [row for row in found.checked.rows if row.worse]
    rows = []
    for row in found.checked.rows:
        verdict = "worse" if row.worse else "better" if row.better else row.reason or ""
        cells = [f"{row.title}{', ' + row.unit if row.unit else ''}", *((row.system,) if several else ())]
        rows.append([*cells, _four(row.before), _four(row.now), _change(row), str(row.n), verdict])
    head = ["metric", *(("system",) if several else ()), "before", "now", "change, 95 % interval", "n", "verdict"]
    _table(head, rows, right=("before", "now", "n"), wrap=("verdict",))
    for row in worse:
        _out(f"{row.title} of {row.system}: {row.reason or 'the worst'}", "bold")
        for one in row.worst:
            _out(f"  {one.utterance}: {one.before:.4g} before, {one.now:.4g} now")
    total, lost = len(found.checked.rows), len(found.checked.lost)
    if found.passed:
        _out(f"passed: none of {total} figures got worse by more than the noise")
    else:
        _out(f"failed: {len(worse)} of {total} figures got worse by more than the noise; {lost} sounds were lost", "bold")


def _four(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _change(row: Gate) -> str:
    if row.change is None:
        return "–"
    return f"{row.change:+.3g}" + ("" if row.low is None or row.high is None else f" [{row.low:+.3g}, {row.high:+.3g}]")


_MOST_CELLS = 40


def ablated(found: Ablation, wishes: Wishes, out: str | None) -> None:
    """`ablate`."""
    from melpact.bench.metric import metrics

    for line in found.failed[:_NAMED]:
        print(f"melpact: failed: {line}", file=sys.stderr)
    if wishes.json:
        print_json(found.to_json())
        return
    if wishes.quiet:
        return
    known = metrics()
    names = [name for name in found.grid.metrics if any(name in cell.values for cell in found.cells)]
    titles = [known[name].title for name in names]
    factors = list(found.grid.factors)
    rows = [
        [*cell.setting, str(cell.n), *(_four(cell.values.get(name)) for name in names)] for cell in found.cells[:_MOST_CELLS]
    ]
    for anchor, values in found.anchors.items():
        filled = [anchor.replace("_", " ")] + [""] * (len(factors) - 1)
        rows.append([*filled, "", *(_four(values.get(name)) for name in names)])
    _table([*factors, "n", *titles], rows, right=("n", *titles))
    if len(found.cells) > _MOST_CELLS:
        _out(f"{len(found.cells) - _MOST_CELLS} more settings (-o writes all)")
    for setting, why in list(found.impossible.items())[:_NAMED]:
        _out(f"impossible: {', '.join(setting)}: {why}")
    _out()
    rows = []
    for factor, a, b in dict.fromkeys((e.factor, e.a, e.b) for e in found.effects):
        row = {e.metric: e for e in found.effects if (e.factor, e.a, e.b) == (factor, a, b)}
        rows.append([f"{factor}: {a} → {b}", *(_effect(row.get(name)) for name in names)])
    for x, y in dict.fromkeys(i.factors for i in found.interactions):
        held = {i.metric: i for i in found.interactions if i.factors == (x, y)}
        rows.append([f"{x} × {y}", *(_effect(held.get(name)) for name in names)])
    _table(["what changes", *titles], rows, wrap=titles)
    _out("mean change and 95 % interval over utterances; * the interval excludes 0. a × b: how much the change by one")
    _out("depends on the other (the largest contrast of contrasts).")
    if out is not None:
        _out(f"\nwritten: {out}")


def _effect(found: Any) -> str:
    if found is None or found.change is None:
        return "–"
    if found.low is None:
        return f"{found.change:+.3g}"
    return f"{found.change:+.3g} [{found.low:+.3g}, {found.high:+.3g}]{' *' if found.certain else ''}"
