"""Few distinct values: a mel that went through 8 bits, an image, or a rounding."""

import numpy as np

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity


def _look(evidence: Evidence) -> Finding | None:
    values = evidence.filled
    inner = values[(values > values.min()) & (values < values.max())]
    if inner.size < 500:
        return None
    distinct = np.unique(inner.astype(np.float32))
    share = distinct.size / inner.size
    if share > 0.3 or distinct.size < 3:
        return None
    steps = np.diff(distinct)
    step = float(np.median(steps))
    even = float(np.mean(np.abs(steps / step - np.round(steps / step)) < 0.05)) if step > 0 else 0.0
    if even < 0.6:
        return None
    # float32 itself rounds: a step has to be far coarser than that
    if step < 1e-4 * float(np.std(inner)) or float(np.std(inner)) == 0.0:
        return None
    span = float(values.max() - values.min())
    return Finding(
        code="quantised",
        severity=severity("quantised") * min(1.0, 0.3 + 20 * step / max(span, 1e-9)),
        certainty=0.5 + 0.5 * certainty(1 - share, 0.0, 0.7),
        measured=float(distinct.size),
        null=float(inner.size),
        unit="distinct values",
        sentence=f"{inner.size} values take only {distinct.size} levels, {step:.3g} apart, about "
        f"{np.log2(span / step):.1f} bits; "
        "a float mel repeats almost none",
        remedy="melpact extract AUDIO -o OUT --dialect NAME  (keep float32: do not store a mel as an image or as integers)",
    )


PLUGIN = Probe(("quantised",), "values", _look)
