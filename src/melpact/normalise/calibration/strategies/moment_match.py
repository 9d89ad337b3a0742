"""`moment_match`: the prediction's mean and deviation become the target's, whether or not the two move together."""

from __future__ import annotations

import numpy as np

from melpact.normalise.calibration.base import Params, Values, moments, ratio
from melpact.normalise.calibration.strategies._line import Line


class MomentMatch(Line):
    """y = mean_t + (x - mean_p) · std_t / std_p.

    Its squared error is 2 var_t (1 - r) for a correlation r: half of that is optimal only at r = 1. Without
    correlation its RMSE is √2 times the deviation of the target, worse than a constant's.
    """

    name = "moment_match"
    note = "mean and deviation of the target: mean_t + (x - mean_p) std_t / std_p"
    complexity = 3
    finding = "scale_offset"
    verdict = "scale only: one scale and one offset, those that match mean and deviation, repair it"

    def fit(self, prediction: Values, target: Values) -> Params:
        mean_p, mean_t, var_p, var_t, _ = moments(prediction, target)
        slope = np.sqrt(ratio(var_t, var_p))
        return {"slope": slope, "offset": mean_t - slope * mean_p}


PLUGIN = MomentMatch()
