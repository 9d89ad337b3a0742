"""Values below the log floor: no sound can give them.

A model's errors carry values that belong near the floor a little below it. Where the target is known, what its errors
explain is not counted.
"""

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity


def _look(evidence: Evidence) -> Finding | None:
    if not evidence.has_level:
        return None
    gain = abs(evidence.gain)
    linear = evidence.spec.log_gain is None
    tolerance = 1e-6 * max(1.0, float(evidence.filled.max())) if linear else 0.02 * gain
    depth = evidence.floor[:, None] - evidence.raw
    below = (depth > tolerance) & ~_by_error(evidence, depth)
    if not below.any():
        return None
    share, deepest = float(below.mean()), float(depth[below].max())
    nats = deepest / gain
    lowest = float(evidence.raw[below].min())
    sure = 0.5 + 0.5 * certainty(max(share, 0.02 * nats), 0.0, 0.005)
    return Finding(
        code="below_floor",
        severity=severity("below_floor") * min(1.0, 0.4 + 0.3 * nats + 10 * share),
        certainty=sure,
        measured=lowest,
        null=float(evidence.floor.min()),
        unit=evidence.spec.unit,
        sentence=f"{share:.2%} of the values lie below the log floor, the lowest at {lowest:.2f} where "
        f"{float(evidence.floor.min()):.2f} "
        "is the least that any sound, silence included, can give",
        remedy="melpact calibrate compare PRED TARGET  (or clamp at the floor if it is only a little)",
        field="floor",
    )


_ERRORS = 6.5
"""So many robust deviations of the prediction from its target are error: the largest of 100,000 values reach 5 to 6."""


def _by_error(evidence: Evidence, depth: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the target lies so near the floor that the prediction's own error explains the depth."""
    explained = np.zeros(depth.shape, bool)
    target = evidence.reference_nats
    if target is None or evidence.spec.log_gain is None or target.shape[0] != depth.shape[0]:
        return explained
    gain, frames = abs(evidence.gain), min(target.shape[1], depth.shape[1])
    difference = evidence.log_linear(evidence.raw)[:, :frames] - target[:, :frames]
    spread = 1.4826 * float(np.median(np.abs(difference - np.median(difference))))
    reach = _ERRORS * spread
    floor = evidence.log_linear(np.broadcast_to(evidence.floor[:, None], (depth.shape[0], 1)))
    explained[:, :frames] = (target[:, :frames] <= floor + reach) & (depth[:, :frames] <= reach * gain)
    return explained


PLUGIN = Probe(("below_floor",), "values", _look)
