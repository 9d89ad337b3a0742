"""`isotonic`: the best rising curve from prediction to target, the same for all bands."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from melpact.normalise.calibration.base import Params, Strategy, Values, thinned

_GROUPS = 512


class Isotonic(Strategy):
    """The least-squares curve among all that never fall (pool adjacent violators; Barlow et al., 1972), fitted to the
    means of up to 512 equally full groups of values; straight lines between the groups, level beyond both ends. At most two
    million values are used, evenly spread.
    """

    name = "isotonic"
    note = "the best curve that never falls, one for all bands"
    complexity = 7
    finding = "scale_offset"
    verdict = "a curve: the prediction is bent, and one rising curve for all bands repairs it"

    def fit(self, prediction: Values, target: Values) -> Params:
        x, t = thinned(prediction, target)
        order = np.argsort(x, kind="stable")
        x, t = x[order], t[order]
        starts = np.unique(np.linspace(0, x.size, _GROUPS, endpoint=False).astype(np.int64))
        starts = np.unique(np.searchsorted(x, x[starts], side="left"))
        count = np.diff(np.append(starts, x.size)).astype(np.float64)
        centre = np.add.reduceat(x, starts) / count
        return {"from": centre, "to": rising(np.add.reduceat(t, starts) / count, count)}

    def apply(self, params: Params, prediction: Values) -> Values:
        return np.asarray(np.interp(prediction, params["from"], params["to"]))

    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        return {"from": (None,), "to": (None,)}


def rising(values: Values, weights: Values) -> Values:
    """The sequence that never falls with the least weighted squared distance from `values`."""
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), weights.tolist()):
        length = 1
        while blocks and blocks[-1][0] >= value:
            before, mass, several = blocks.pop()
            value = (before * mass + value * weight) / (mass + weight)
            weight, length = weight + mass, length + several
        blocks.append((value, weight, length))
    return np.repeat([b[0] for b in blocks], [b[2] for b in blocks])


PLUGIN = Isotonic()
