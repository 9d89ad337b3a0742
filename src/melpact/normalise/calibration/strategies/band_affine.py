"""`band_affine`: a line of least squares for every band on its own."""

from __future__ import annotations

from melpact.normalise.calibration.base import Params, Values, moments, ratio
from melpact.normalise.calibration.strategies._line import Line


class BandAffine(Line):
    """y[m] = a[m] x[m] + b[m]; where a band's r is 0, the band's mean."""

    name = "band_affine"
    note = "least squares a[m] x + b[m] in each band"
    complexity = 5
    finding = "band_offset"
    verdict = "scale and offset differ from band to band: a line per band repairs it"
    per_band = True

    def fit(self, prediction: Values, target: Values) -> Params:
        mean_p, mean_t, var_p, _, shared = moments(prediction, target, axis=1)
        slope = ratio(shared, var_p)
        return {"slope": slope, "offset": mean_t - slope * mean_p}


PLUGIN = BandAffine()
