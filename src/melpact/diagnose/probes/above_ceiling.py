"""Values above the ceiling: more than the sum of the window times the band's weights allows for samples in [-1, 1]."""

import numpy as np

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity


def _look(evidence: Evidence) -> Finding | None:
    if not evidence.has_level or (evidence.spec.log_gain is None and evidence.ceiling.max() <= 0):
        return None
    gain = abs(evidence.gain)
    used = evidence.ceiling > evidence.floor + 1e-9
    top = evidence.ceiling if evidence.clip_top is None else np.minimum(evidence.ceiling, evidence.clip_top)
    height = (evidence.raw - top[:, None])[used]
    if height.size == 0:
        return None
    tolerance = 1e-3 * float(evidence.ceiling.max()) if evidence.spec.log_gain is None else 0.05 * gain
    share, highest = float((height > tolerance).mean()), float(height.max())
    if highest <= tolerance:
        return None
    nats = highest / gain if evidence.spec.log_gain is not None else 1.0
    return Finding(
        code="above_ceiling",
        severity=severity("above_ceiling") * min(1.0, 0.4 + 0.3 * nats + 10 * share),
        certainty=0.5 + 0.5 * certainty(nats, 0.0, 0.2),
        measured=float(evidence.raw.max()),
        null=float(top[used].max()),
        unit=evidence.spec.unit,
        sentence=f"{share:.2%} of the values lie above what samples in [-1, 1] can give, by up to {highest:.2f} "
        f"{evidence.spec.unit} "
        f"(the sum of the window bounds every bin); the highest value is {float(evidence.raw.max()):.2f}",
        remedy="melpact calibrate compare PRED TARGET  (look for a gain, samples as 16-bit integers, "
        "or power for magnitude)",
        field="waveform_scale",
    )


PLUGIN = Probe(("above_ceiling",), "values", _look)
