"""The refiner that draws: from the input under noise, along a learned flow, to one mel out of those that it may have been.

Flow matching on normalised values with a shallow start; the steps are in `samplers`. Source of the shallow start: Liu et
al., "DiffSinger: Singing Voice Synthesis via Shallow Diffusion Mechanism" (2022), section 3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from melpact.models.refine import samplers
from melpact.models.refine.base import Floats
from melpact.models.refine.neural import Ask, NeuralRefiner
from melpact.models.refine.settings import Refining


@dataclass(frozen=True, eq=False, repr=False)
class Diffusion(NeuralRefiner):
    """The clean mel is cond + residual(x, cond, level); with guidance, cond = 0 says what it is without one."""

    method = "diffusion"

    def passes(self, settings: Refining) -> int:
        return samplers.evaluations(settings.solver, settings.steps)

    def _path(self, given: Floats, draw: Callable[[], Floats], settings: Refining, ask: Ask) -> Floats:
        strength = 1.0 if settings.strength is None else settings.strength
        untold = np.zeros_like(given)

        def clean(x: Floats, level: float) -> Floats:
            x = x.astype(np.float32, copy=False)
            if settings.guidance == 1.0:
                return given + ask(x, given, level)
            without = ask(x, untold, level)
            if settings.guidance == 0.0:
                return without
            made: Floats = samplers.guided(given + ask(x, given, level), without, settings.guidance)
            return made

        solve = samplers.heun if settings.solver == "heun" else samplers.euler
        begin = samplers.start(given, draw(), strength)
        made: Floats = solve(clean, begin, samplers.schedule(strength, settings.steps))
        return made
