"""A report as CSV (a summary, and one line per utterance) and as a LaTeX table. Pure text; files are written by the verb."""

from __future__ import annotations

import csv
import io
import math

from melpact.bench.report import Report
from melpact.bench.score import Score

ARROWS = {"higher": "↑", "lower": "↓"}
_SUMMARY = (
    "system", "metric", "title", "unit", "better", "value", "low", "high", "n", "null", "null_anchor", "ceiling",
    "ceiling_anchor", "skill", "best", "reason", "warning",
)  # fmt: skip


def number(value: float | None, score: Score | None = None) -> str:
    """A value with as many digits as its interval supports: two of the interval's half width, else four in all."""
    if value is None:
        return "–"
    width = 0.0 if score is None or score.low is None or score.high is None else (score.high - score.low) / 2
    if width <= 0 or width < 1e-9 * abs(value):
        if value != 0 and abs(value) < 1e-3:
            return f"{value:.1e}"
        digits = 2 if abs(value) >= 10 else 3
        return f"{value:.{digits}f}" if abs(value) < 1e5 else f"{value:.3g}"
    digits = min(5 if abs(value) < 0.1 else 4 if abs(value) < 10 else 2, max(0, 1 - math.floor(math.log10(width))))
    return f"{value:.{digits}f}"


def summary_csv(report: Report) -> str:
    """One line per system, then per anchor, and metric."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_SUMMARY)
    for name, scores in [*report.scores.items(), *report.anchors.items()]:
        for metric, score in scores.items():
            facts = report.metrics[metric]
            best = "yes" if report.best.get(metric) == name else ""
            row = [
                name, metric, facts.title, facts.unit, facts.better, score.value, score.low, score.high, score.n, score.null,
                score.null_anchor, score.ceiling, score.ceiling_anchor, score.skill, best, score.reason, score.warning,
            ]  # fmt: skip
            writer.writerow(["" if cell is None else cell for cell in row])
    return text.getvalue()


def utterances_csv(report: Report) -> str:
    """One line per utterance and system: delay, gain and polarity found, every metric's value, and why one is missing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = list(report.metrics)
    facts = ("lag_s", "gain_db", "flipped", "rate", "length_s", "peak", "bandwidth_hz", "match")
    writer.writerow(("utterance", "seconds", "system", *facts, *names, "failed", "reasons"))
    for utterance in report.utterances:
        for system in report.systems:
            side = utterance.sides.get(system)
            if side is None:
                empty = [""] * (len(facts) + len(names))
                writer.writerow([utterance.name, utterance.seconds, system, *empty, utterance.failed, ""])
                continue
            reasons = "; ".join(f"{metric}: {reason}" for metric, reason in side.reasons.items())
            cells = [getattr(side, fact) for fact in facts] + [side.values.get(name) for name in names]
            row = [utterance.name, utterance.seconds, system, *cells, side.failed or utterance.failed, reasons]
            writer.writerow(["" if cell is None else cell for cell in row])
    return text.getvalue()


def latex(report: Report) -> str:
    """A booktabs table: a row per metric; null, systems with intervals, ceiling. Bold beats every other system."""
    columns = "l r " + "r " * len(report.systems) + "r"
    head = ["Metric", "Null", *(_escaped(name) for name in report.systems), "Ceiling"]
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "  \\centering",
        f"  \\begin{{tabular}}{{{columns}}}",
        "    \\toprule",
        f"    {' & '.join(head)} \\\\",
        "    \\midrule",
    ]
    for metric, facts in report.metrics.items():
        scores = {system: report.scores[system][metric] for system in report.systems}
        first = next((score for score in scores.values() if score.null is not None or score.ceiling is not None), None)
        arrow = "$\\uparrow$" if facts.better == "higher" else "$\\downarrow$"
        unit = f" [{_escaped(facts.unit)}]" if facts.unit else ""
        cells = [_cell(score, report.best.get(metric) == system) for system, score in scores.items()]
        ends = [_plain(first.null) if first else "--", _plain(first.ceiling) if first else "--"]
        lines.append(f"    {_escaped(facts.title)}{unit} {arrow} & {ends[0]} & {' & '.join(cells)} & {ends[1]} \\\\")
    counts = {score.n for scores in report.scores.values() for score in scores.values()}
    n = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{max(counts, default=0)}"
    lines += [
        "    \\bottomrule",
        "  \\end{tabular}",
        f"  \\caption{{Values with bootstrap 95\\,\\% intervals over {n} utterances at {report.rate} Hz. Null: the best of "
        "those that know nothing of the content; ceiling: what can be reached at all. Bold: better than every other system, "
        "paired interval excludes 0.}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _cell(score: Score, best: bool) -> str:
    if score.value is None:
        return "--"
    value = _plain(score.value, score)
    text = f"\\textbf{{{value}}}" if best else value
    if score.low is None or score.high is None:
        return text
    return f"{text} {{\\scriptsize [{_plain(score.low, score)}, {_plain(score.high, score)}]}}"


def _plain(value: float | None, score: Score | None = None) -> str:
    text = number(value, score)
    return "--" if text == "–" else f"${text}$" if text.startswith("-") or "e" in text else text


def _escaped(text: str) -> str:
    for sign, safe in (("\\", "\\textbackslash "), ("&", "\\&"), ("%", "\\%"), ("_", "\\_"), ("#", "\\#"), ("$", "\\$")):
        text = text.replace(sign, safe)
    return text.replace("²", "$^2$").replace("–", "--").replace("~", "\\textasciitilde ")
