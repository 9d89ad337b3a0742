"""What `evaluate --suite codec --sources …` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from melpact.cli.render import Wishes, _out, _table, _unused, print_json

if TYPE_CHECKING:
    from melpact.bench.codec.table import CodecTable, Group
    from melpact.verbs.codec_suite import CodecReport


def coded(report: CodecReport, wishes: Wishes, out: str | None) -> None:
    """The tables, one per kind of sound: codecs and rates down, metrics across."""
    found = report.table
    _unused(found.failed, found.left_out)
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet:
        return
    for group in found.groups:
        _group(found, group)
    _out("[95 % intervals over clips] × real time: encoding, decoding, one core.")
    for name, one in found.systems.items():
        _out(f"{name}: {one.title}", style="dim")
    for line in found.notes:
        _out(line, style="dim")
    for name, why in found.unavailable.items():
        _out(f"{name}: not measured: {why}", style="yellow")
    for name in found.withheld:
        _out(f"{name}: withheld, it breaks its own laws here: melpact metrics {name}", style="yellow")
    if out is not None:
        _out(f"\nwritten: {out}")


def _group(found: CodecTable, group: Group) -> None:
    from melpact.bench.codec.tables import bits, ends, follows, shown, times, title, value

    names, rows, doubt = shown(found, group), [], False
    for point in group.points:
        cells = []
        for name in names:
            score = point.scores[name]
            doubt = doubt or not follows(score)
            count = f"n {score.n}" if 0 < score.n < len(group.clips) else ""
            below = " ".join(part for part in (ends(score), count) if part)
            cells.append(value(score) + ("" if follows(score) else "†") + (f"\n{below}" if below else ""))
        speed = f"{times(point.encode_speed)}, {times(point.decode_speed)}"
        rows.append([point.row, bits(point.payload_kbps), bits(point.file_kbps), *cells, speed])
    for anchor, scores in group.anchors.items():
        rows.append([anchor, "", "", *(value(scores.get(name)) for name in names), ""])
    count = f"{len(group.clips)} clips, {group.speakers} speaker{'s' * (group.speakers != 1)}, {group.seconds:.0f} s"
    _out(f"{group.domain}: {count}", "bold")
    heads = ["", "kbit/s", "with file", *(title(found, name) for name in names), "× real time"]
    _table(heads, rows, right=heads[1:], wrap=heads)
    if doubt:
        _out("† the waveform does not follow the original: says nothing of how it sounds", style="dim")
    absent = [name for name in found.metrics if name not in names]
    by_reason: dict[str, list[str]] = {}
    for name in absent:
        empty = [point.scores[name] for point in group.points if name in point.scores]
        reason = str(empty[0].reason) if empty else f"not made for {group.domain}"
        by_reason.setdefault(reason, []).append(found.metrics[name].title)
    for reason, titles in by_reason.items():
        _out(f"not measured: {', '.join(titles)}: {reason}", style="dim")
    _out()
