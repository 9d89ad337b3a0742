"""What `evaluate --suite conversion --sources …` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from melpact.cli.render import Wishes, _out, _table, _unused, print_json

if TYPE_CHECKING:
    from melpact.bench.conversion.table import ConversionTable, Group
    from melpact.verbs.conversion_suite import ConversionReport


def compared(report: ConversionReport, wishes: Wishes, out: str | None) -> None:
    """The tables, one per group, columns down and rows across; differences are marked."""
    found = report.table
    _unused(found.failed, found.left_out)
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    for group in found.groups:
        _group(found, group)
    _out(f"[95 % intervals over pairs] * better than {found.baseline}, - worse: paired intervals exclude 0.")
    _out(f"Sounds by {found.vocoder}; mel {found.spec}.")
    for line in found.notes:
        _out(line, style="dim")
    for name, why in found.unavailable.items():
        _out(f"{found.columns[name].title}: not measured: {why}", style="yellow")
    if out is not None:
        _out(f"\nwritten: {out}")


def _group(found: ConversionTable, group: Group) -> None:
    from melpact.bench.conversion.tables import ends, mark, shown, title, value

    names = shown(found, group)
    rows = []
    for name in names:
        cells = []
        for row, scores in group.rows.items():
            score = scores[name]
            count = f"n {score.n}" if 0 < score.n < len(group.pairs) and name != "nearer" else ""
            below = " ".join(part for part in (ends(name, score), count) if part)
            cells.append(value(name, score) + mark(group, row, name) + (f"\n{below}" if below else ""))
        rows.append([title(found, name), *cells])
    anchors = [
        f"{name} {value('similarity', score)} {ends('similarity', score)}".strip()
        for name, score in group.anchors.items()
        if score.value is not None
    ]
    _out(f"{group.name}: {len(group.pairs)} pairs" + (f"; similarity of {', of '.join(anchors)}" if anchors else ""), "bold")
    _table(["", *group.rows], rows, right=list(group.rows), wrap=["", *group.rows])
    absent = [name for name in found.columns if name not in names and name not in found.unavailable]
    by_reason: dict[str, list[str]] = {}
    for name in absent:
        reason = next(str(scores[name].reason) for scores in group.rows.values())
        by_reason.setdefault(reason, []).append(found.columns[name].title)
    for reason, titles in by_reason.items():
        _out(f"not measured: {', '.join(titles)}: {reason}", style="dim")
    _out()
