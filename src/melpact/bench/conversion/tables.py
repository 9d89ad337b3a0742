"""A table of conversions as CSV (scores; pairs) and as Markdown. Pure text; files are written by the verb."""

from __future__ import annotations

import csv
import io

from melpact.bench.conversion import columns as c
from melpact.bench.conversion.observations import OTHER, SAME
from melpact.bench.conversion.table import ConversionTable, Group
from melpact.bench.report import Difference
from melpact.bench.score import Score
from melpact.bench.tables import ARROWS, number


def value(column: str, score: Score | None) -> str:
    """A score as it is read: a count where it is one."""
    if score is None or score.value is None:
        return "–"
    if column == c.NEARER:
        return f"{round(score.value * score.n)} of {score.n}"
    return number(score.value, score)


def ends(column: str, score: Score | None) -> str:
    """Its interval, "" where there is none."""
    if score is None or score.low is None or score.high is None or column == c.NEARER or score.low == score.high:
        return ""
    return f"[{number(score.low, score)}, {number(score.high, score)}]"


def title(found: ConversionTable, column: str) -> str:
    """Of a column, with its unit and an arrow to the better side."""
    facts = found.columns[column]
    return f"{facts.title}{', ' + facts.unit if facts.unit else ''} {ARROWS[facts.better]}"


def shown(found: ConversionTable, group: Group) -> list[str]:
    """The columns that anything of this group has."""
    return [name for name in found.columns if any(scores[name].value is not None for scores in group.rows.values())]


def difference(group: Group, row: str, column: str) -> Difference | None:
    """Of a row from the baseline."""
    return next((one for one in group.differences if (one.a, one.metric) == (row, column)), None)


def mark(group: Group, row: str, column: str) -> str:
    """ "*": better than the baseline; "-": worse; "": these pairs cannot tell."""
    found = difference(group, row, column)
    return "" if found is None or found.winner is None else "*" if found.winner == row else "-"


def markdown(found: ConversionTable) -> str:
    """One table per group: rows down, columns across, intervals in square brackets."""
    parts = []
    for group in found.groups:
        names = shown(found, group)
        head = ["", *(title(found, name) for name in names)]
        lines = [f"**{group.name}**, {len(group.pairs)} pairs", "", _line(head), _line(["---"] * len(head))]
        for row, scores in group.rows.items():
            cells = [f"{value(name, scores[name])} {ends(name, scores[name])}".strip() for name in names]
            lines.append(_line([row, *cells]))
        for anchor in (SAME, OTHER):
            score = group.anchors[anchor]
            if c.SIMILARITY in names:
                cells = [
                    f"{value(name, score)} {ends(name, score)}".strip() if name == c.SIMILARITY else "" for name in names
                ]
                lines.append(_line([anchor, *cells]))
        parts.append("\n".join(lines))
    said = [f"Sounds by {found.vocoder}, mel {found.spec}; melpact {found.version}, seed {found.seed}.", *found.notes]
    said += [f"{found.columns[name].title}: not measured: {why}" for name, why in found.unavailable.items()]
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in said)]) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def scores_csv(found: ConversionTable) -> str:
    """One line per group, row and column: value, interval, n, and the paired difference from the baseline."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["group", "row", "column", "title", "unit", "better", "value", "low", "high", "n", "reason", "baseline",
         "difference", "difference_low", "difference_high", "difference_n", "winner"]
    )  # fmt: skip
    for group in found.groups:
        rows = {**group.rows, **{name: {c.SIMILARITY: score} for name, score in group.anchors.items()}}
        for row, scores in rows.items():
            for column, score in scores.items():
                facts, apart = found.columns[column], difference(group, row, column)
                beside = (
                    [None] * 6 if apart is None else [apart.b, apart.value, apart.low, apart.high, apart.n, apart.winner]
                )
                cells = [group.name, row, column, facts.title, facts.unit, facts.better, score.value, score.low, score.high,
                         score.n, score.reason, *beside]  # fmt: skip
                writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()


def conversions_csv(found: ConversionTable) -> str:
    """One line per pair and row: every column's number, and why one is missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(found.columns)
    writer.writerow(["pair", "domain", "seen", "target", "seconds", "words_from", "row", "key", *names, "reasons", "file"])
    for one in found.pairs:
        for row in found.rows:
            own = one.values.get(row, {})
            reasons = "; ".join(f"{column}: {why}" for column, why in one.reasons.get(row, {}).items())
            cells = [one.name, one.domain, one.seen, one.target, round(one.seconds, 3), one.words_from, row,
                     one.keys.get(row), *(own.get(name) for name in names), reasons, one.files.get(row)]  # fmt: skip
            writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()
