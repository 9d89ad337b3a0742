"""`Refining`: how a refiner is asked to work. What it makes of that is said by each of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from melpact.core.records import Record

Solver = Literal["euler", "heun"]
MOST_STEPS = 32


class Refining(Record):
    """What a user may choose.

    Attributes:
        steps: of the diffusion, 1 … 32; others take one pass whatever is asked.
        strength: 0 … 1; 0 gives the input itself. For the diffusion the noise level at which it starts (1: from noise
            alone), for the others how much of their correction is added. None: the refiner's own.
        guidance: how much the diffusion minds its input: 1 as trained, 0 not at all, above 1 more than trained.
        seed: of the noise.
        solver: "euler" (first order, one evaluation per step; the deterministic DDIM step) or "heun" (second order, two
            evaluations per step but for the last one).
    """

    steps: int = Field(default=4, ge=1, le=MOST_STEPS)
    strength: float | None = Field(default=None, ge=0, le=1)
    guidance: float = Field(default=1.0, ge=0, le=10)
    seed: int = Field(default=0, ge=0)
    solver: Solver = "euler"
