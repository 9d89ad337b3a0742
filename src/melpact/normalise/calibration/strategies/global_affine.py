"""`global_affine`: the line of least squares through all values of all bands."""

from __future__ import annotations

from melpact.normalise.calibration.base import Params, Values, moments, ratio
from melpact.normalise.calibration.strategies._line import Line


class GlobalAffine(Line):
    """y = a x + b with a = cov(x, t) / var(x).

    Its R² on the data it was fitted to is r², the largest that any affine map has; where r is 0 it is the constant.
    """

    name = "global_affine"
    note = "least squares a x + b over all bands"
    complexity = 2
    finding = "scale_offset"
    verdict = "scale only: one scale and one offset for all bands repair it"

    def fit(self, prediction: Values, target: Values) -> Params:
        mean_p, mean_t, var_p, _, shared = moments(prediction, target)
        slope = ratio(shared, var_p)
        return {"slope": slope, "offset": mean_t - slope * mean_p}


PLUGIN = GlobalAffine()
