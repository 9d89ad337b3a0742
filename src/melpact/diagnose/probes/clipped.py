"""The loud (or quiet) parts cut off at one level: many values on the highest one."""

import numpy as np

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity


def _look(evidence: Evidence) -> Finding | None:
    values = evidence.filled
    top = float(values.max())
    spread = float(values.std())
    if values.size < 400 or spread == 0 or evidence.values.shape[1] < 8:
        return None
    _low, high = evidence.spec.scaling.bounds()
    at = values >= top - 1e-5 * max(spread, 1e-6)
    if evidence.has_level:
        # a scaling with a negative factor puts silence on top
        at &= evidence.raw > evidence.floor[:, None] + 0.05 * abs(evidence.gain)
    share = float(at.mean())
    moving = values.std(axis=1) > 0
    # a mel of few levels has many values on each of them, a constant one all
    if share < 0.004 or share > 0.9 or moving.mean() < 0.2:
        return None
    below = values[~at]
    inner = below[below > below.min()]
    if inner.size == 0 or np.unique(inner[:4000].astype(np.float32)).size < 0.3 * min(inner.size, 4000):
        return None
    allowed = 0.02 if np.isfinite(high) and abs(top - high) < 1e-5 * spread else 0.002
    if share < 2 * allowed:
        return None
    return Finding(
        code="clipped",
        severity=severity("clipped") * min(1.0, 0.5 + 3 * share),
        certainty=0.5 + 0.5 * certainty(share, 0.0, 2 * allowed),
        measured=share,
        null=1.0 / values.size,
        unit="of the values",
        sentence=f"{share:.1%} of the values lie exactly on the highest one, {top:.3f}: the loud parts were cut off there "
        f"(a right mel reaches its highest value once in {values.size})",
        remedy="melpact extract AUDIO -o OUT --dialect NAME  (what was cut is gone; look for a tanh, a sigmoid or a "
        "clip after the model)",
    )


PLUGIN = Probe(("clipped",), "values", _look)
