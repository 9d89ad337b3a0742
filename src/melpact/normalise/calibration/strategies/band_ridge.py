"""`band_ridge`: each band from the predicted band and its neighbours in frequency, in the same frame."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from melpact.normalise.calibration.base import Params, Strategy, Values

NEIGHBOURS = 2
RIDGE = 1e-3


class BandRidge(Strategy):
    """y[m] = b[m] + Σ_j w[m, j] x[m + j], j = -2 … 2, by ridge regression (Hoerl and Kennard, 1970).

    The penalty is a thousandth of the mean variance of the bands in use, on weights of centred bands; the offset
    is not penalised. Bands beyond the ends do not exist (their weight is 0).
    """

    name = "band_ridge"
    note = f"each band from itself and {NEIGHBOURS} bands on either side, same frame"
    complexity = 8
    verdict = "neighbouring bands help: they are mixed, blurred or noisy, and each is repaired from itself and those around"

    def fit(self, prediction: Values, target: Values) -> Params:
        n_mels, frames = prediction.shape
        mean_p, mean_t = prediction.mean(axis=1), target.mean(axis=1)
        x, t = prediction - mean_p[:, None], target - mean_t[:, None]
        gram, cross = x @ x.T / frames, x @ t.T / frames
        weights = np.zeros((n_mels, 2 * NEIGHBOURS + 1))
        offset = mean_t.copy()
        for band in range(n_mels):
            first, last = max(0, band - NEIGHBOURS), min(n_mels, band + NEIGHBOURS + 1)
            square = gram[first:last, first:last]
            penalty = RIDGE * np.trace(square) / (last - first)
            if penalty > 0:
                found = np.linalg.solve(square + penalty * np.eye(last - first), cross[first:last, band])
                weights[band, first - band + NEIGHBOURS : last - band + NEIGHBOURS] = found
                offset[band] -= found @ mean_p[first:last]
        return {"weights": weights, "offset": offset}

    def apply(self, params: Params, prediction: Values) -> Values:
        n_mels = prediction.shape[0]
        padded = np.pad(prediction, ((NEIGHBOURS, NEIGHBOURS), (0, 0)))
        made = np.repeat(params["offset"][:, None], prediction.shape[1], axis=1)
        for j in range(2 * NEIGHBOURS + 1):
            made += params["weights"][:, j, None] * padded[j : j + n_mels]
        return made

    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        return {"weights": (n_mels, 2 * NEIGHBOURS + 1), "offset": (n_mels,)}


PLUGIN = BandRidge()
