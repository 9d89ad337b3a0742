"""The refiner of one pass: the network is asked once, without noise, for what is to be added."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from melpact.models.refine.base import Floats
from melpact.models.refine.neural import Ask, NeuralRefiner
from melpact.models.refine.settings import Refining


@dataclass(frozen=True, eq=False, repr=False)
class Cnn(NeuralRefiner):
    """cond + strength · residual(0, cond, level 0): the mean of what the mel may have been, so that it may be too smooth."""

    method = "cnn"

    def passes(self, settings: Refining) -> int:
        return 1

    def _path(self, given: Floats, draw: Callable[[], Floats], settings: Refining, ask: Ask) -> Floats:
        part = np.float32(1.0 if settings.strength is None else settings.strength)
        made: Floats = given + part * ask(np.zeros_like(given), given, 0.0)
        return made
