"""The steps of the diffusion as plain functions over arrays (or tensors): a path from noise to the mel, told the clean mel.

The path is x_t = (1 - t)·noise + t·mel, so that its velocity at (x, t) is (mel - x) / (1 - t). A network says which mel it
takes x for (`clean`); the last step ends exactly there. Sources: Lipman et al., "Flow Matching for Generative Modeling"
(2023), the optimal transport path; Karras et al., "Elucidating the Design Space of Diffusion-Based Generative Models"
(2022), Heun's method with a first-order last step. On this path the Euler step is the deterministic one of DDIM (Song et
al., 2021).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Clean = Callable[[Any, float], Any]
"""(x, t) → the clean mel that the network takes x for; arrays or tensors of one shape."""

Times = NDArray[np.float64]


def schedule(strength: float, steps: int) -> Times:
    """`steps` + 1 times from 1 - strength to 1, evenly spaced."""
    return np.linspace(1.0 - strength, 1.0, steps + 1)


def start(given: Any, noise: Any, strength: float) -> Any:
    """Where the path begins: the given mel under noise of level `strength` (1: noise alone)."""
    return strength * noise + (1.0 - strength) * given


def guided(told: Any, untold: Any, guidance: float) -> Any:
    """Classifier-free guidance: away from what the network says without its condition, towards what it says with it."""
    return untold + guidance * (told - untold)


def euler(clean: Clean, x: Any, times: Times) -> Any:
    """First order: one evaluation per step."""
    for t, s in _steps(times):
        x = _moved(x, clean(x, t), t, s)
    return x


def heun(clean: Clean, x: Any, times: Times) -> Any:
    """Second order: the mean of the velocities at both ends of a step; the last step is Euler's, as the path ends there."""
    for t, s in _steps(times):
        first = clean(x, t)
        ahead = _moved(x, first, t, s)
        if s < 1.0:
            velocity = ((first - x) / (1.0 - t) + (clean(ahead, s) - ahead) / (1.0 - s)) / 2.0
            x = x + (s - t) * velocity
        else:
            x = ahead
    return x


def evaluations(solver: str, steps: int, guidance: float = 1.0) -> int:
    """How often the network is asked one after the other; guidance asks it twice at once, which is not counted."""
    return steps if solver == "euler" else 2 * steps - 1


def _steps(times: Times) -> list[tuple[float, float]]:
    return [(float(t), float(s)) for t, s in pairwise(times) if s > t]


def _moved(x: Any, mel: Any, t: float, s: float) -> Any:
    """Along the straight line to `mel`, from time t to s; at s = 1 `mel` itself."""
    if s >= 1.0:
        return mel
    return x + ((s - t) / (1.0 - t)) * (mel - x)
