"""What the clinic's commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from melpact.cli.render import _out, _table, print_json

if TYPE_CHECKING:
    from melpact.cli.render import Wishes
    from melpact.core.errors import NoSkill
    from melpact.diagnose.finding import Finding
    from melpact.verbs.bridges import MatrixReport
    from melpact.verbs.calibrate import Compared
    from melpact.verbs.description import Described
    from melpact.verbs.doctor import DoctorReport
    from melpact.verbs.identify import Identified
    from melpact.verbs.translate import TranslateReport


def _wanted(value: object, wishes: Wishes) -> bool:
    """Whether people want words; prints the JSON where programs asked for it."""
    if wishes.json:
        print_json(value)
        return False
    return not wishes.quiet


def identified(found: Identified, wishes: Wishes) -> None:
    """`identify`."""
    if not _wanted(found.to_json(), wishes):
        return
    result = found.found
    _out(f"{found.path or 'array'}: {result.dialect or 'a description that no dialect has'}", "bold")
    if found.claimed is not None:
        judged = {True: "so it is", False: "it is not", None: "that cannot be judged"}[found.agrees]
        _out(f"It says it is {found.claimed}: {judged}.")
    for note in found.notes:
        _out(f"Note: {note}")
    for change in result.differs:
        _out(f"Unlike {result.best.dialect}: {change}")
    _table(
        ("dialect", "record", "probability"),
        [(c.dialect, c.reference_id, f"{c.probability:.3f}") for c in result.candidates if c.probability >= 5e-4],
        right=("probability",),
    )
    for sentence in (*result.cannot_tell, *result.evidence):
        _out(sentence)


def examined(report: DoctorReport, wishes: Wishes) -> None:
    """`doctor`."""
    if not _wanted(report.to_json(), wishes):
        return
    for one in report.done:
        _out(f"{one.name}: {'clean' if one.clean else f'{len(one.findings)} finding(s)'}", "bold")
        for note in one.notes:
            _out(f"  {note}")
        _findings(one.findings, "a clean mel")
        if one.picture is not None:
            _out(f"  picture: {one.picture}")
    for missing in report.missing:
        _out(f"without a partner: {missing}")


def _findings(findings: Sequence[Finding], beside: str) -> None:
    for i, finding in enumerate(findings, start=1):
        _out(f"  {i}. {finding.code} (severity {finding.severity:.2f}, certainty {finding.certainty:.2f})")
        _out(f"     {finding.sentence}")
        _out(f"     {finding.measured:.4g} {finding.unit} where {beside} has {finding.null:.4g}")
        _out(f"     Next: {finding.remedy}")


def described(looked: Described, wishes: Wishes) -> None:
    """`doctor` of a description."""
    if not _wanted(looked.to_json(), wishes):
        return
    _out(f"{looked.name}: {'clean' if looked.clean else f'{len(looked.findings)} finding(s)'}", "bold")
    for note in looked.notes:
        _out(f"  {note}")
    _findings(looked.findings, "hifigan_22k")


def translated(report: TranslateReport, wishes: Wishes) -> None:
    """`translate`."""
    if not _wanted(report.to_json(), wishes) or not report.done:
        return
    rows = []
    for item in report.done:
        expected = item.bridge.expected
        error = "-" if expected is None else f"{expected.error_nat:.3f}"
        rows.append((str(item.path), item.bridge.kind, error, f"{item.frames}", f"{item.floored / max(item.values, 1):.1%}"))
    columns = ("mel", "way", "expected error, nat", "frames", "at the floor")
    _table(columns, rows, right=columns[2:], wrap=("mel",))


def calibrated(found: Compared, wishes: Wishes) -> None:
    """`calibrate fit` and `calibrate compare`."""
    if not _wanted(found.to_json(), wishes):
        return
    head, *rows = found.report.table()
    _table(head, rows, right=head[1:])
    _out(f"{found.report.counted}, {found.report.frames} frames; verdict: {found.report.verdict}.")
    if found.report.caution:
        _out(f"Caution: {found.report.caution}.")
    for note in found.report.notes:
        _out(f"  {note}")
    for missing in found.missing:
        _out(f"without a partner: {missing.path}")
    if found.path is not None:
        _out(f"written: {found.path}")


def refused(refusal: NoSkill) -> None:
    """A calibration that would not help."""
    print(f"melpact: {' '.join(str(refusal).split())}", file=sys.stderr)


def fault_list(wishes: Wishes) -> None:
    """`inject list`."""
    from melpact.diagnose.faults import faults

    known = faults()
    rows = [
        {"code": code, "note": fault.note, "doses": list(fault.doses), "unit": fault.unit} for code, fault in known.items()
    ]
    if _wanted(rows, wishes):
        _table(("fault", "what happens"), [(code, fault.note) for code, fault in known.items()], wrap=("what happens",))


def measured(report: MatrixReport, wishes: Wishes) -> None:
    """`bridges`."""
    if not _wanted(report.to_json(), wishes):
        return
    kinds = ", ".join(f"{n} {kind}" for kind, n in report.kinds.items())
    within = f"{report.within:.0%} of the fitted within .05 nat"
    _out(f"{report.pairs} ordered pairs: {kinds}; {report.measured} measured; {within}")
    _out(f"written: {report.path}")
