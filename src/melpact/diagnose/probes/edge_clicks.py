"""The first and last frames pulled towards zero, as an average does that counts its zero padding."""

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity

Floats = NDArray[np.float64]


def _look(evidence: Evidence) -> Finding | None:
    values = evidence.filled
    if values.shape[1] < 16 or values.std() == 0:
        return None
    reference = evidence.reference
    if reference is not None and reference.shape == values.shape:
        solution = evidence.solution
        if (
            solution is not None
            and solution.best is not None
            and solution.best.alternative.code not in ("scale_offset", "over_smoothed")
        ):
            return None
        shares = [_share(values[:, e], reference[:, e]) for e in (0, -1)]
        middle = [abs(_share(values[:, t], reference[:, t])[0] - 1) for t in range(8, values.shape[1] - 8, 7)]
        null = float(np.median(middle)) if middle else 0.0
    else:
        shares = [_share(values[:, a], values[:, b]) for a, b in ((0, 1), (-1, -2))]
        steps = [abs(_share(values[:, t], values[:, t + 1])[0] - 1) for t in range(2, values.shape[1] - 3)]
        null = 1.3 * float(np.quantile(steps, 0.95)) if steps else 0.0
    off = [1 - share for share, _ in shares]
    fit = max(error for _, error in shares)
    if min(off) < max(0.12, 2.5 * null) or max(off) > 0.7 or fit > 0.2 or abs(off[0] - off[1]) > 0.12:
        return None
    size = float(np.mean(off))
    level = abs(float(values[:, [1, -2]].mean())) * size / abs(evidence.gain)
    return Finding(
        code="edge_clicks",
        severity=severity("edge_clicks") * min(1.0, 0.5 + level / 4),
        certainty=0.5 + 0.5 * certainty(size, null, max(0.12, 2.5 * null)),
        measured=size,
        null=null,
        unit="of the value lost",
        sentence=f"the first and last frames are {1 - shares[0][0]:.0%} and {1 - shares[1][0]:.0%} nearer to "
        f"zero than they should be, "
        f"about {level:.1f} nat too loud: a click at either end, as of an average that counts zero padding",
        remedy="pad with the edge frame (mode 'edge' or 'replicate') before averaging or convolving a log mel, "
        "not with zeros; then melpact doctor PRED",
    )


def _share(x: Floats, y: Floats) -> tuple[float, float]:
    """x ≈ share · y over the bands, and the error of that as a share of y."""
    power = float((y * y).sum())
    if power == 0:
        return 1.0, 1.0
    share = float((x * y).sum()) / power
    return share, float(np.sqrt(((x - share * y) ** 2).sum() / power)) / max(abs(share), 1e-9)


PLUGIN = Probe(("edge_clicks",), "values", _look)
