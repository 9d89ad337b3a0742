"""The first and last frames pulled towards zero, as an average does that counts its zero padding."""

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity

Floats = NDArray[np.float64]
_RAMP_OFF = 0.095
"""Clean mels: 0.116 at least (240 of them), half of them above 0.5."""


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
    elif reference is None and (found := _ramps(values)) is not None:
        return _of_ramps(evidence, *found)
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


def _ramps(values: Floats) -> tuple[int, float] | None:
    """Half the width of a mean over frames that counted zeros beyond both ends, and how far the ramp is off; None without.

    Frame i then reads (half + 1 + i) / (2 half + 1) of what it should: a straight line from about a half up to 1.
    """
    best: tuple[float, int] | None = None
    for half in range(2, min(24, values.shape[1] // 4)):
        wanted = (half + 1 + np.arange(half)) / (2 * half + 1)
        worst, plain = 0.0, np.inf
        for ends in (values, values[:, ::-1]):
            beyond = ends[:, half : half + max(2, half // 3)].mean(axis=1)
            pairs = [_share(ends[:, i], beyond) for i in range(half)]
            got, left = np.array([p for p, _ in pairs]), np.array([e for _, e in pairs])
            worst = max(worst, float(np.sqrt(np.mean((got - wanted) ** 2))) + 0.15 * float(left.mean()))
            plain = min(plain, float(np.sqrt(np.mean((got - 1) ** 2))))
        if best is None or worst < best[0]:
            best = (worst, half) if plain > 0.12 else best
    if best is None or best[0] > _RAMP_OFF:
        return None
    return best[1], best[0]


def _of_ramps(evidence: Evidence, half: int, off: float) -> Finding:
    lost = half / (2 * half + 1)
    level = abs(float(evidence.filled[:, [half, -1 - half]].mean())) * lost / abs(evidence.gain)
    return Finding(
        code="edge_clicks",
        severity=severity("edge_clicks") * min(1.0, 0.5 + level / 4),
        certainty=0.5 + 0.5 * certainty(_RAMP_OFF - off, 0.0, _RAMP_OFF / 2),
        measured=lost,
        null=0.0,
        unit="of the value lost",
        sentence=f"over the first and last {half} frames the values rise in a line from {1 - lost:.0%} of what they "
        f"then are (off by {off:.3f}), in all bands, as an average over {2 * half + 1} frames makes them that counts zero "
        f"padding: about {level:.1f} nat too loud at either end",
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
