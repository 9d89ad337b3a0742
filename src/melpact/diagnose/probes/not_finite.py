"""NaN or infinity among the values."""

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import severity


def _look(evidence: Evidence) -> Finding | None:
    bad = int((~evidence.finite).sum())
    if bad == 0:
        return None
    frames = int((~evidence.finite).any(axis=0).sum())
    return Finding(
        code="not_finite",
        severity=severity("not_finite"),
        measured=float(bad),
        null=0.0,
        unit="values",
        sentence=f"{bad} of {evidence.values.size} values are NaN or infinite, in {frames} of "
        f"{evidence.values.shape[1]} frames; "
        "a right mel has none",
        remedy="melpact extract AUDIO -o OUT --dialect NAME  (make it again; in training look for log(0) and division "
        "by a zero spread)",
    )


PLUGIN = Probe(("not_finite",), "values", _look)
