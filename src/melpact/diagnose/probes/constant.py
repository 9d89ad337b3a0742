"""A mel that does not change over time: a constant, or one column repeated."""

import numpy as np

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import severity


def _look(evidence: Evidence) -> Finding | None:
    if evidence.values.shape[1] < 4 or not evidence.finite.any():
        return None
    nats = evidence.level if evidence.has_level else evidence.filled
    moving = float(np.sqrt(nats.var(axis=1).mean()))
    if moving > 0.05:
        return None
    floor = evidence.floor[:, None]
    if evidence.has_level and float((np.abs(evidence.raw - floor) <= 0.05 * abs(evidence.gain)).mean()) > 0.985:
        return None
    return Finding(
        code="constant",
        severity=severity("constant"),
        measured=moving,
        null=1.5,
        unit="nat",
        sentence=f"the bands move by {moving:.3f} nat over time (speech: about 1.5): every frame is the same "
        f"and there is no speech",
        remedy="melpact doctor PRED --target TARGET  (a model that gives its mean has learned nothing yet: "
        "train on, check its input)",
    )


PLUGIN = Probe(("constant",), "values", _look)
