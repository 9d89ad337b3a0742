"""Whether refining mends what was found: only where a refiner that comes with the package was measured to.

The finding is a probe's, the table is the refiner's own (`melpact.models.refine.measured`); nothing is run here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from melpact.bridges.ways import there_and_back
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.models.refine.catalogue import Entry, catalogue
from melpact.models.refine.law import refined_by
from melpact.models.refine.measured import Row

DEGRADATIONS: Mapping[str, str] = MappingProxyType(
    {"over_smoothed": "over_smoothed", "quantised": "quantised", "noise_added": "noise"}
)
"""Findings whose fault is a degradation of `melpact.degradations`."""
_WITHOUT_REFERENCE = ("noise_added",)
"""Beside a target this finding is jitter of single values, which noise in the sound is not; alone it may be either."""
_IF: Mapping[str, str] = MappingProxyType({"noise_added": "if it is noise of the recording"})


def advised(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """The findings, with the command that refines where it was measured to help, and with the word where it was not.

    A refiner counts that takes the mel's description, directly or over an exact bridge and back. What nobody measured is
    neither advised nor advised against.
    """
    if not any(_degradation(found, evidence) for found in findings):
        return list(findings)
    spec = evidence.mel.spec
    known = [one for one in catalogue() if not one.voice and there_and_back(spec, one.spec) is not None]
    return [_advised(found, evidence, known) for found in findings]


def _degradation(found: Finding, evidence: Evidence) -> str | None:
    if evidence.reference is not None and found.code in _WITHOUT_REFERENCE:
        return None
    return DEGRADATIONS.get(found.code)


def _advised(found: Finding, evidence: Evidence, known: Sequence[Entry]) -> Finding:
    degradation = _degradation(found, evidence)
    rows = [] if degradation is None else [(one, row) for one in known if (row := one.measured.row(degradation)) is not None]
    if not rows:
        return found
    if before := refined_by(evidence.mel):
        return found.model_copy(update={"sentence": f"{found.sentence}; this mel is refined already, by {before}"})
    helping = next(((one, row) for one, row in rows if row.helps), None)
    if helping is None:
        names = " and ".join(one.name for one, _ in rows)
        was = "was" if len(rows) == 1 else "were"
        word = f"refining is no way out: {names} {was} measured not to help on {degradation}{_ahead(rows[0][1])}"
        return found.model_copy(update={"sentence": f"{found.sentence}; {word}"})
    one, row = helping
    case = f"{_IF[found.code]}: " if found.code in _IF else ""
    command = f"{case}melpact refine PRED -o OUT --with {one.name} --degradation {degradation}"
    remedy = f"{command}  (measured to help{_doses(row)}{_ahead(row)}); else: {found.remedy}"
    return found.model_copy(update={"remedy": remedy})


def _doses(row: Row) -> str:
    return f" at {min(row.dose):g} to {max(row.dose):g} {row.unit}".rstrip()


def _ahead(row: Row) -> str:
    """The mel error beside the two nulls, where it was kept."""
    figure = next((one for one in row.figures if not one.vocoded), None)
    if figure is None:
        return ""
    unit = f" {figure.unit}" if figure.unit else ""
    return (
        f", {figure.metric} {figure.refiner:.3g}{unit} where doing nothing has {figure.bypass:.3g} and a line per band "
        f"{figure.affine:.3g}, {row.utterances} utterances"
    )
