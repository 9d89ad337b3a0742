"""A prediction that is its target: equal to the last digits, which no model reaches."""

import numpy as np

from melpact.diagnose.evidence import Evidence, shared
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import severity

_CLOSE = 0.004
"""Share of the target's spread below which nothing that was predicted comes: about half precision."""


def _look(evidence: Evidence) -> Finding | None:
    target = evidence.target
    if target is None or target.spec != evidence.spec or evidence.values.shape[1] < 4:
        return None
    values, there = shared(evidence.filled, target.values.astype(np.float64))
    moving = there.std(axis=1) > 1e-6
    spread = float(there[moving].std()) if moving.any() else 0.0
    if spread == 0 or abs(target.n_frames - evidence.mel.n_frames) > 1:
        return None
    inner = (there > there.min() + 1e-6) & moving[:, None]
    if inner.sum() < 50:
        return None
    typical = float(np.median(np.abs(values - there)[inner])) / spread
    worst = float(np.quantile(np.abs(values - there)[inner], 0.999)) / spread
    if typical > _CLOSE or worst > 5 * _CLOSE:
        return None
    return Finding(
        code="leak",
        severity=severity("leak"),
        measured=typical,
        null=0.2,
        unit="of the target's spread",
        sentence=f"the prediction is its target: half of all values differ by less than {typical:.1e} of the "
        f"target's spread "
        "(a good model: about 0.2), so every score of it says nothing",
        remedy="look for the target on the way to the output (teacher forcing, a wrong file, train data in the test set); "
        "melpact diff PRED TARGET",
    )


PLUGIN = Probe(("leak",), "target", _look)
