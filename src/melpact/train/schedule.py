"""The learning rate of an optimiser at a step: a pure function, so that nothing has to be remembered to resume."""

from __future__ import annotations

import math

from melpact.train.settings import Optimiser


def learning_rate(optimiser: Optimiser, step: int, steps: int) -> float:
    """The rate at a step (from 0) of a run of `steps`.

    Warm-up: lr (step + 1) / warmup_steps. Cosine: Loshchilov and Hutter 2017, "SGDR", equation 5, without restarts,
    from the end of the warm-up to the last step.
    """
    if step < optimiser.warmup_steps:
        return optimiser.lr * (step + 1) / optimiser.warmup_steps
    since = step - optimiser.warmup_steps
    if optimiser.schedule == "exponential":
        return float(optimiser.lr * optimiser.decay ** (since // optimiser.decay_every))
    if optimiser.schedule == "cosine":
        whole = max(1, steps - 1 - optimiser.warmup_steps)
        part = (1 + math.cos(math.pi * min(1.0, since / whole))) / 2
        return optimiser.lr * (optimiser.last + (1 - optimiser.last) * part)
    return optimiser.lr
