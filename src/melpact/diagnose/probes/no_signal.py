"""A prediction that carries nothing of its target: however its statistics look, its content is chance."""

import numpy as np

from melpact.diagnose.evidence import Evidence, best_lag, correlation, shared
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity


def _look(evidence: Evidence) -> Finding | None:
    reference = evidence.reference
    if (
        reference is None
        or reference.shape[0] != evidence.values.shape[0]
        or min(reference.shape[1], evidence.values.shape[1]) < 16
    ):
        return None
    solution = evidence.solution
    if (
        solution is not None
        and solution.best is not None
        and solution.best.residual < 0.6
        and solution.best.alternative.free < 20
    ) and (solution.best.alternative.code not in ("over_smoothed",) or solution.best.residual < 0.3):
        return None
    lag, r, _ = best_lag(evidence.filled, reference, 8)
    values, there = shared(evidence.filled, reference, lag)
    null = _null(values, there)
    if r > max(0.35, null + 0.15) or float(there.std(axis=1).max()) < 1e-6:
        return None
    r = max(r, 0.0)
    n = int(values.shape[1])
    return Finding(
        code="no_signal",
        severity=severity("no_signal"),
        certainty=min(0.98, 0.6 + 0.4 * certainty(max(0.0, 0.5 - r), 0.0, 0.2)),
        measured=r * r,
        null=null * null,
        unit="R²",
        sentence=f"no signal: the prediction explains R² = {r * r:.3f} of how the target moves over time (r = "
        f"{r:.3f}, n = {n} frames); "
        f"the same frames moved in time give {null * null:.3f}. No rescaling can help",
        remedy="train on normalised targets and look at the pairing of input and target; see "
        "melpact calibrate compare PRED TARGET  (it finds no correction with skill)",
    )


def _null(values: np.ndarray, there: np.ndarray) -> float:
    """The 95 % quantile of |r| against the reference moved round by far more than a sound lasts."""
    frames = values.shape[1]
    shifts = np.linspace(0.2 * frames, 0.8 * frames, 16).astype(int)
    return float(np.quantile([abs(correlation(values, np.roll(there, s, axis=1))) for s in shifts], 0.95))


PLUGIN = Probe(("no_signal",), "target", _look)
