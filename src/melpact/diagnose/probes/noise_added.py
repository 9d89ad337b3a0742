"""Independent noise on every value: jitter that the right mel does not have."""

import numpy as np

from melpact.diagnose.blind_order import texture
from melpact.diagnose.evidence import Evidence, correlation
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity


def _look(evidence: Evidence) -> Finding | None:
    solution = evidence.solution
    if solution is None:
        return texture("noise_added")(evidence) if evidence.reference is None else None
    best = solution.best
    fit = best if best is not None else solution.right
    error = fit.values - fit.predicted
    if min(error.shape) < 8:
        return None
    inner = error[:, 1:-1]
    sigma = float(np.median(np.abs(inner - np.median(inner)))) * 1.4826
    scale = float(np.std(fit.predicted))
    centred = inner - inner.mean(axis=1, keepdims=True)
    white = abs(correlation(centred[:, 1:], centred[:, :-1])) + abs(correlation(centred[1:], centred[:-1]))
    against = correlation(fit.values, fit.predicted)
    if sigma < max(0.06, 1.5 * solution.noise) * scale or white > 0.5 or against < 0.2:
        return None
    return Finding(
        code="noise_added",
        severity=severity("noise_added") * min(1.0, 0.4 + sigma / max(scale, 1e-9)),
        certainty=(1 - white) * (0.4 + 0.6 * certainty(sigma / scale, 0.0, 0.06)),
        measured=sigma,
        null=solution.noise * scale,
        unit=evidence.spec.unit,
        sentence=f"every value jitters by {sigma:.3f} (standard deviation), from frame to frame and band to band alike "
        f"(neighbours correlate {white / 2:.2f}); the right mel lies under it (r = {against:.2f})",
        remedy="let the sampler run to its end (more steps), or lower its temperature; a part goes with "
        "melpact calibrate fit PRED TARGET -o FILE",
    )


PLUGIN = Probe(("noise_added",), "values", _look)
