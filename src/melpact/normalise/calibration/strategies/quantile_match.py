"""`quantile_match`: the prediction's distribution becomes the target's, whether or not the two move together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from melpact.normalise.calibration.base import Params, Strategy, Values, thinned

_LEVELS = np.linspace(0, 1, 257)


class QuantileMatch(Strategy):
    """y = Q_t(F_p(x)) by 257 quantiles of each, straight lines between them, shifted along beyond both ends, from at
    most two million values, evenly spread.

    Like moment matching it looks at the two distributions apart from each other, and makes an uncorrelated
    prediction worse than a constant.
    """

    name = "quantile_match"
    note = "the target's quantiles in place of the prediction's"
    complexity = 6
    finding = "scale_offset"
    verdict = "a curve: the prediction has the right order but another distribution, and matching quantiles repairs it"

    def fit(self, prediction: Values, target: Values) -> Params:
        x, t = thinned(prediction, target)
        return {"from": np.quantile(x, _LEVELS), "to": np.quantile(t, _LEVELS)}

    def apply(self, params: Params, prediction: Values) -> Values:
        x, y = params["from"], params["to"]
        inside = np.clip(prediction, x[0], x[-1])
        return np.asarray(np.interp(inside, x, y) + (prediction - inside))

    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        return {"from": (_LEVELS.size,), "to": (_LEVELS.size,)}


PLUGIN = QuantileMatch()
