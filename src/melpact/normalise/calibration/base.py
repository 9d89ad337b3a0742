"""`Strategy`: the interface of one way to map predicted onto true mel values. Fits nothing itself, knows no files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError
from melpact.core.plugins import plugins

Values = NDArray[np.float64]
_MOST_SORTED = 1 << 21
Params = Mapping[str, NDArray[np.float64]]


class Strategy(ABC):
    """One map from prediction to target, learned from values side by side.

    Arrays are float64 [n_mels, frames] of raw log mels, finite, in the unit of their description. A strategy is
    stateless: everything that it learns is in the parameters, which go into the file.
    """

    name: ClassVar[str]
    note: ClassVar[str]
    """What it does, in one line with its formula."""
    complexity: ClassVar[int]
    """Rank: of two that do equally well, the lower one is taken."""
    finding: ClassVar[str | None] = None
    """What it says about the prediction where this is the strategy to take: a code of the doctor's, or nothing."""
    verdict: ClassVar[str]
    """The same in words."""

    @abstractmethod
    def fit(self, prediction: Values, target: Values) -> Params:
        """Parameters, as float64 arrays of fixed names."""

    @abstractmethod
    def apply(self, params: Params, prediction: Values) -> Values:
        """The calibrated values, [n_mels, frames]."""

    @abstractmethod
    def shapes(self, n_mels: int) -> Mapping[str, tuple[int | None, ...]]:
        """Name → shape of every parameter; None stands for any length of at least one."""

    def check(self, params: Params, n_mels: int) -> None:
        """Refuse parameters that are not this strategy's.

        Raises:
            ValueError: a name, a shape or a value that `fit` cannot have made.
        """
        wanted = self.shapes(n_mels)
        if set(params) != set(wanted):
            raise ValueError(f"parameters {sorted(params)}, expected {sorted(wanted)}")
        for name, shape in wanted.items():
            found = params[name].shape
            fits = len(found) == len(shape) and all(f >= 1 if s is None else f == s for f, s in zip(found, shape))
            if not fits or params[name].dtype != np.float64 or not np.isfinite(params[name]).all():
                raise ValueError(f"parameter {name} of shape {found}")


def moments(prediction: Values, target: Values, axis: int | None = None) -> tuple[Values, Values, Values, Values, Values]:
    """Means of both, variances of both and their covariance (population), over everything or along an axis."""
    mean_p, mean_t = prediction.mean(axis, keepdims=True), target.mean(axis, keepdims=True)
    centred_p, centred_t = prediction - mean_p, target - mean_t
    found = (mean_p, mean_t, (centred_p**2).mean(axis), (centred_t**2).mean(axis), (centred_p * centred_t).mean(axis))
    return tuple(np.asarray(x, np.float64).reshape(-1) for x in found)  # type: ignore[return-value]


def thinned(prediction: Values, target: Values) -> tuple[Values, Values]:
    """All values side by side [n]; of more than two million, those of frames evenly spread over time."""
    bands, frames = prediction.shape
    if prediction.size > _MOST_SORTED:
        chosen = np.linspace(0, frames - 1, max(1, _MOST_SORTED // bands)).astype(np.int64)
        prediction, target = prediction[:, chosen], target[:, chosen]
    return prediction.ravel(), target.ravel()


def ratio(above: Values, below: Values) -> Values:
    """`above / below`, and 0 where nothing varies (a slope that the data do not determine)."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


@cache
def strategies() -> tuple[Strategy, ...]:
    """All strategies, the simplest first."""
    found = plugins("melpact.normalise.calibration.strategies").values()
    return tuple(sorted(found, key=lambda s: s.complexity))


def strategy(name: str) -> Strategy:
    """The strategy of that name (hyphens are fine).

    Raises:
        ContractError: there is none.
    """
    for found in strategies():
        if found.name == name.replace("-", "_"):
            return found
    raise ContractError(
        "no such strategy of calibration", where="strategy", got=repr(name), wanted=", ".join(s.name for s in strategies())
    )
