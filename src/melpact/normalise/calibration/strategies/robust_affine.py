"""`robust_affine`: a line through all values that a minority of wild ones cannot turn."""

from __future__ import annotations

import numpy as np

from melpact.normalise.calibration.base import Params, Values, thinned
from melpact.normalise.calibration.strategies._line import Line


class RobustAffine(Line):
    """Theil's incomplete method: values are sorted by x, the lower half is paired with the upper half, and the slope
    is the median of the pairs' slopes; the offset is the median of t - slope · x (Theil, 1950, "A rank-invariant
    method of linear and polynomial regression analysis", I).

    It withstands wild values of x as of t. At most two million values are used, evenly spread.
    """

    name = "robust_affine"
    note = "a x + b by medians (Theil)"
    complexity = 4
    finding = "scale_offset"
    verdict = "scale only, but with wild values: one scale and one offset found by medians repair it"

    def fit(self, prediction: Values, target: Values) -> Params:
        x, t = thinned(prediction, target)
        order = np.argsort(x, kind="stable")
        half = x.size // 2
        low, high = order[:half], order[-half:] if half else order[:0]
        run = x[high] - x[low]
        rise = (t[high] - t[low])[run > 0]
        slope = float(np.median(rise / run[run > 0])) if rise.size else 0.0
        return {"slope": np.array([slope]), "offset": np.array([np.median(t - slope * x)])}


PLUGIN = RobustAffine()
