"""Vocoders and what they made, for people and as JSON. Decides only looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from melpact.cli.bridge_text import bridge_line
from melpact.cli.render import Wishes, _length, _out, _pairs, _table, print_json

if TYPE_CHECKING:
    from melpact.verbs.vocode_with import SoundedReport
    from melpact.verbs.vocoder import VocoderSheet


def sheet(found: VocoderSheet, wishes: Wishes) -> None:
    """`vocoder show`, `import` and `convert`."""
    if wishes.json:
        print_json(found.to_json())
        return
    if wishes.quiet:
        return
    left, right = found.receptive_field
    spec = found.spec
    rows = [
        ("vocoder", f"{found.title}, {found.n_weights:,} weights" if found.n_weights else found.title),
        ("published as", found.layout),
        ("runs on", found.runtime),
        ("numbers", _numbers(found)),
        ("takes", f"{found.dialect or 'spec ' + spec.fingerprint}: {spec.n_mels} bands, {spec.unit}, {spec.scaling.kind}"),
        ("beside the mel", ", ".join(found.inputs[1:]) or "nothing"),
        ("makes", f"{found.hop_length} samples per frame at {spec.sample_rate} Hz"),
        ("sees", f"{left} frames back, {right} ahead: {1000 * found.look_ahead_s:.0f} ms of look-ahead"),
        ("source", found.paper),
        *(("note", note) for note in found.notes),
    ]
    if found.written is not None:
        rows.append(("written", str(found.written)))
    _pairs(rows)


def _numbers(found: VocoderSheet) -> str:
    """Which, and what they lose where they are not float32's."""
    name, lost = str(found.numbers.get("dtype")), found.lost
    if lost is None:
        return name
    fast = "" if lost.times_as_fast is None else f", {lost.times_as_fast:.1f} times as fast"
    verdict = "; that is AUDIBLE: keep float32" if lost.audible else ""
    return f"{name}: {lost.snr_db:.0f} dB over the error, mel {lost.mel_error_db:.2f} dB off float32's{fast}{verdict}"


def sounded(report: SoundedReport, wishes: Wishes) -> None:
    """`vocode --with`."""
    from melpact.verbs.pitches import ESTIMATED

    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet or not report.done:
        return
    columns = ("sound", "length", "Hz", "peak", "level", "from its mel", "x real time", "bridge")
    rows = [
        (
            str(item.path),
            _length(item.duration_s),
            f"{item.sample_rate}",
            f"{item.peak:.3f}",
            "" if item.checked.level_db is None else f"{item.checked.level_db:+.1f} dB",
            "" if item.checked.error_nat is None else f"{item.checked.error_nat:.2f} (null {item.checked.null_nat:.2f}) nat",
            f"{item.real_time:.1f}",
            "" if item.bridge is None else item.bridge.kind,
        )
        for item in report.done
    ]
    _table(columns, rows, right=columns[1:-1], wrap=("sound",))
    said = {item.bridge.difference.summary(): item.bridge for item in report.done if item.bridge is not None}
    for summary, way in said.items():
        _out(f"bridge: {summary}; {bridge_line(way)}")
    for origin in sorted({item.pitch for item in report.done if item.pitch is not None}):
        _out(f"pitch: {origin}", style="yellow" if origin == ESTIMATED else "")
    for item in report.done:
        for finding in item.checked.findings:
            _out(f"{item.path.name}: {finding}", style="yellow")
    if report.streamed:
        first = max(item.first_s for item in report.done)
        _out(
            f"streamed: {1000 * report.vocoder.look_ahead_s:.0f} ms of look-ahead; first samples after {1000 * first:.0f} ms"
        )
