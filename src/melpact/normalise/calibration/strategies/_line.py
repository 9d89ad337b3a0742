"""A straight line, one for all bands or one per band: what several strategies share after fitting it in their own way."""

from __future__ import annotations

from collections.abc import Mapping

from melpact.normalise.calibration.base import Params, Strategy, Values


class Line(Strategy):
    """y = slope · x + offset with parameters `slope` and `offset` of one length: 1, or n_mels where `per_band`."""

    per_band = False

    def apply(self, params: Params, prediction: Values) -> Values:
        return prediction * params["slope"][:, None] + params["offset"][:, None]

    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        return dict.fromkeys(("slope", "offset"), (n_mels if self.per_band else 1,))
