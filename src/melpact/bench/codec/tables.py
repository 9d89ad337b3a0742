"""A table of codecs as CSV (points; clips; equal quality) and as Markdown. Pure text; files are written by the verb."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from melpact.bench.codec.table import CodecTable, Group, Point
from melpact.bench.report import Difference
from melpact.bench.score import Score
from melpact.bench.tables import ARROWS, number


def bits(value: float | None) -> str:
    """A rate as it is read, kbit/s."""
    return "–" if value is None else f"{value:.2f}"


def times(value: float | None) -> str:
    """A speed as it is read: how many times real time."""
    return "–" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def value(score: Score | None) -> str:
    """A score as it is read."""
    return "–" if score is None or score.value is None else number(score.value, score)


def ends(score: Score | None) -> str:
    """Its interval, "" where there is none."""
    if score is None or score.low is None or score.high is None or score.low == score.high:
        return ""
    return f"[{number(score.low, score)}, {number(score.high, score)}]"


def title(found: CodecTable, metric: str) -> str:
    """Of a metric, with its unit and an arrow to the better side."""
    facts = found.metrics[metric]
    return f"{facts.title}{', ' + facts.unit if facts.unit else ''} {ARROWS[facts.better]}"


def shown(found: CodecTable, group: Group) -> list[str]:
    """The metrics that any codec of this group has a value of."""
    return [name for name in found.metrics if any(_has(point, name) for point in group.points)]


def _has(point: Point, metric: str) -> bool:
    return metric in point.scores and point.scores[metric].value is not None


def follows(score: Score | None) -> bool:
    """Whether nothing was said against a waveform metric: a vocoder's waveform does not follow the original."""
    return score is None or score.warning is None or "does not follow" not in score.warning


def of_row(group: Group, row: str) -> list[Difference]:
    """The differences of a row from codecs at the same asked rate, turned so that the row is `a`."""
    found = [one for one in group.differences if one.a == row]
    for one in group.differences:
        if one.b == row:
            signs = {
                "a": one.b, "b": one.a, "value": None if one.value is None else -one.value,
                "low": None if one.high is None else -one.high, "high": None if one.low is None else -one.low,
            }  # fmt: skip
            found.append(one.model_copy(update=signs))
    return found


def markdown(found: CodecTable) -> str:
    """One table per kind of sound: codecs and rates down, metrics across, intervals in square brackets."""
    parts = []
    for group in found.groups:
        names = shown(found, group)
        head = ["", "kbit/s", "with file", *(title(found, name) for name in names), "encode ×", "decode ×"]
        count = f"{len(group.clips)} clips, {group.speakers} speakers, {group.seconds:.0f} s"
        lines = [f"**{group.domain}**, {count}", "", _line(head), _line(["---"] * len(head))]
        for point in group.points:
            cells = [_cell(point.scores.get(name)) for name in names]
            speeds = [times(point.encode_speed), times(point.decode_speed)]
            lines.append(_line([point.row, bits(point.payload_kbps), bits(point.file_kbps), *cells, *speeds]))
        for anchor, scores in group.anchors.items():
            lines.append(_line([anchor, "", "", *(_cell(scores.get(name)) for name in names), "", ""]))
        parts.append("\n".join(lines))
    said = [f"melpact {found.version}, seed {found.seed}.", *found.notes]
    said += [f"{name}: {facts.title}" for name, facts in found.systems.items()]
    said += [f"{found.metrics[name].title if name in found.metrics else name}: {why}" for name, why in _absent(found)]
    said += ["† the waveform does not follow the original: says nothing of how it sounds"] if _marked(found) else []
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in (*said, *found.left_out))]) + "\n"


def _absent(found: CodecTable) -> list[tuple[str, str]]:
    broken = [(name, "withheld, it breaks its own laws here") for name in found.withheld]
    return [*((name, f"not measured: {why}") for name, why in found.unavailable.items()), *broken]


def _marked(found: CodecTable) -> bool:
    return not all(follows(score) for group in found.groups for point in group.points for score in point.scores.values())


def _cell(score: Score | None) -> str:
    return f"{value(score)}{'' if follows(score) else '†'} {ends(score)}".strip()


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _csv(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue()


def points_csv(found: CodecTable) -> str:
    """One line per kind of sound, row (nulls and ceilings, too) and metric."""
    head = (
        "domain", "row", "system", "asked_kbps", "payload_kbps", "file_kbps", "encode_speed", "decode_speed", "lag_ms",
        "metric", "unit", "better", "value", "low", "high", "low_speakers", "high_speakers", "n", "null", "null_anchor",
        "ceiling", "ceiling_anchor", "skill", "reason", "warning",
    )  # fmt: skip
    rows = []
    for group in found.groups:
        for point in group.points:
            facts = [point.row, point.system, point.asked_kbps, point.payload_kbps, point.file_kbps, point.encode_speed,
                     point.decode_speed, point.lag_ms]  # fmt: skip
            for name, score in point.scores.items():
                rows.append([group.domain, *facts, *_scored(found, name, score, point.speakers.get(name))])
        for anchor, scores in group.anchors.items():
            for name, score in scores.items():
                rows.append([group.domain, anchor, *[None] * 7, *_scored(found, name, score, None)])
    return _csv(head, rows)


def _scored(found: CodecTable, name: str, score: Score, speakers: tuple[float, float] | None) -> list[Any]:
    facts, over = found.metrics[name], speakers or (None, None)
    return [name, facts.unit, facts.better, score.value, score.low, score.high, *over, score.n, score.null,
            score.null_anchor, score.ceiling, score.ceiling_anchor, score.skill, score.reason, score.warning]  # fmt: skip


def clips_csv(found: CodecTable) -> str:
    """One line per clip and row: real rate, every metric's number, and why one is missing."""
    names, rows = list(found.metrics), []
    for one in found.clips:
        for row in dict.fromkeys([*one.kbps, *one.values, *one.reasons]):
            own = one.values.get(row, {})
            why = "; ".join(f"{name}: {said}".removeprefix(": ") for name, said in one.reasons.get(row, {}).items())
            rows.append([one.name, one.speaker, one.domain, round(one.seconds, 3), row, one.kbps.get(row),
                         *(own.get(name) for name in names), why])  # fmt: skip
    return _csv(("clip", "speaker", "domain", "seconds", "row", "payload_kbps", *names, "reasons"), rows)


def equal_csv(found: CodecTable) -> str:
    """One line per point, metric and other codec: at how many bits that one gets as far."""
    head = ("domain", "metric", "row", "payload_kbps", "value", "other", "other_kbps", "factor", "reason")
    rows = [
        [group.domain, one.metric, one.row, one.kbps, one.value, one.other, one.other_kbps, one.factor, one.reason]
        for group in found.groups
        for one in group.equal
    ]
    return _csv(head, rows)
