"""`none`: the prediction as it is, so that every repair is compared with doing nothing."""

from __future__ import annotations

from collections.abc import Mapping

from melpact.normalise.calibration.base import Params, Strategy, Values


class None_(Strategy):
    """y = x."""

    name = "none"
    note = "the prediction as it is"
    complexity = 0
    verdict = "nothing to do: no calibration does noticeably better than the prediction as it is"

    def fit(self, prediction: Values, target: Values) -> Params:
        return {}

    def apply(self, params: Params, prediction: Values) -> Values:
        return prediction

    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        return {}


PLUGIN = None_()
