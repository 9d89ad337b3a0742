"""Values below the log floor: no sound can give them."""

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
    below = depth > tolerance
    share, deepest = float(below.mean()), float(depth.max())
    if not below.any():
        return None
    nats = deepest / gain
    lowest = float(evidence.raw.min())
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


PLUGIN = Probe(("below_floor",), "values", _look)
