"""`constant`: the training targets' mean everywhere. It may lower an error; it repairs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from melpact.normalise.calibration.base import Params, Strategy, Values


class Constant(Strategy):
    """y = mean of all target values: the constant with the least squared error."""

    name = "constant"
    note = "the mean of the training targets, whatever is predicted"
    complexity = 1
    finding = "no_signal"
    verdict = "no signal: a constant does as well as the prediction"

    def fit(self, prediction: Values, target: Values) -> Params:
        return {"level": np.array([target.mean()])}

    def apply(self, params: Params, prediction: Values) -> Values:
        return np.full_like(prediction, params["level"][0])

    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        return {"level": (1,)}


PLUGIN = Constant()
