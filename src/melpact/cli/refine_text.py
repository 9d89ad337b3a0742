"""Refined mels, and what was measured of their refiner, for people and as JSON. Decides only looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from melpact.cli.bridge_text import bridge_line
from melpact.cli.render import Wishes, _length, _out, _pairs, _table, print_json

if TYPE_CHECKING:
    from melpact.models.refine.measured import Measured
    from melpact.verbs.refine import RefineReport
    from melpact.verbs.refiner import RefinerSheet


def refined(report: RefineReport, wishes: Wishes) -> None:
    """`refine`."""
    if wishes.json:
        print_json(report.to_json())
        return
    if wishes.quiet or not report.done:
        return
    columns = ("mel", "length", "changed by", "x real time", "bridge", "degraded by")
    rows = [
        (
            str(item.path),
            _length(item.duration_s),
            f"{item.changed:.3f} {item.unit}",
            f"{item.real_time:.0f}",
            "" if item.bridge is None else item.bridge.kind,
            ", ".join(item.degradations) or "not known",
        )
        for item in report.done
    ]
    _table(columns, rows, right=columns[1:4], wrap=("mel", "degraded by"))
    asked = report.settings
    drawn = f", {asked.steps} {asked.solver} steps, guidance {asked.guidance:g}, seed {asked.seed}"
    _out(f"by {report.name} ({report.refiner.title}), strength {asked.strength:g}{drawn if _draws(report) else ''}")
    for summary, way in {i.bridge.difference.summary(): i.bridge for i in report.done if i.bridge is not None}.items():
        _out(f"bridge, there and back: {summary}; {bridge_line(way)}")
    for origin in sorted({item.pitch for item in report.done if item.pitch is not None}):
        _out(f"pitch: {origin}")
    for note in report.notes:
        _out(note, style="yellow")
    if report.notes and not all(item.degradations for item in report.done):
        _out("Say what happened to them with --degradation NAME; melpact degrade list names all that is known.")
    if report.notes and report.refiner.measured.rows:
        measured(report.refiner.measured)


def sheet(found: RefinerSheet, wishes: Wishes) -> None:
    """`refiner show` and `refiner convert`."""
    if wishes.json:
        print_json(found.to_json())
        return
    if wishes.quiet:
        return
    left, right = found.sees
    asked, spec = found.settings, found.spec
    drawn = f", {asked.steps} {asked.solver} steps, guidance {asked.guidance:g}"
    takes = "any mel" if spec is None else f"{found.dialect or 'spec ' + spec.fingerprint}: {spec.n_mels} bands, {spec.unit}"
    rows = [
        ("refiner", found.title),
        ("runs on", found.runtime),
        ("takes and gives", takes),
        ("beside the mel", ", ".join(found.beside) or "nothing"),
        ("by itself", f"strength {asked.strength:g}{drawn if found.method == 'diffusion' else ''}"),
        ("sees", f"{left} frames back, {right} ahead: {1000 * found.look_ahead_s:.0f} ms of look-ahead"),
        ("trained to undo", ", ".join(dict.fromkeys(str(one.get("name")) for one in found.degradations)) or "not said"),
    ]
    if found.measured.rows:
        rows.append(("measured to help on", ", ".join(found.measured.helps_on) or "nothing"))
        rows.append(("not on", ", ".join(found.measured.fails_on) or "nothing that was measured"))
    elif found.method != "identity":
        rows.append(("measured", "not yet: melpact refine-report NAME.refiner --audio HELD_OUT --mark"))
    if found.written is not None:
        rows.append(("written", str(found.written)))
    _pairs(rows)
    for name, why in found.left_out.items():
        _out(f"left out: {name}: {why}", style="yellow")
    if found.measured.rows:
        _out()
        measured(found.measured)


def measured(found: Measured) -> None:
    """The table: degradation by degradation, every figure beside its two nulls."""
    columns = ("degradation", "dose", "figure", "refined", "left alone", "calibrated", "ahead by", "95 %", "helps")
    rows: list[tuple[str, ...]] = []
    for row in found.rows:
        dose = f"{row.dose[0]:g} to {row.dose[1]:g} {row.unit}".strip()
        verdict = "yes" if row.helps else "NO"
        if not row.figures:
            rows.append((row.degradation, dose, "", "", "", "", "", "", verdict))
        for i, one in enumerate(row.figures):
            head = (row.degradation, dose) if i == 0 else ("", "")
            name = f"{one.metric}{' of the sound' if one.vocoded else ''}{f', {one.unit}' if one.unit else ''}"
            values = (f"{value:.3g}" for value in (one.refiner, one.bypass, one.affine))
            interval = f"{one.low:+.3g} to {one.high:+.3g}"
            rows.append((*head, name, *values, f"{one.gain:+.3g}", interval, verdict if i == 0 else ""))
    _table(columns, rows, right=columns[3:8], wrap=("figure",))
    if found.how:
        _out(found.how)


def _draws(report: RefineReport) -> bool:
    return report.refiner.method == "diffusion"
