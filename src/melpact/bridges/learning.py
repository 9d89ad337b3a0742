"""Fitting the corrector: a small network by stochastic descent on mean |error|, in plain NumPy.

Not here: what its input is (`context`), what it is used for (`corrector`), which speech it is fitted on
(`melpact.verbs.bridges`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Layers = list[NDArray[np.float32]]
"""Weights and offsets in turn: [inputs, hidden], [hidden], …, [hidden, 1], [1]."""

_BATCH = 4096
_ROUND = 0.01
"""Errors in nat below which the loss is quadratic."""


def forward(x: NDArray[np.float32], layers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The network's answer, float32 [rows]: rectified linear layers, the last one linear."""
    for i in range(0, len(layers) - 2, 2):
        x = x @ layers[i]
        x += layers[i + 1]
        np.maximum(x, 0, out=x)
    return np.asarray((x @ layers[-2])[:, 0] + layers[-1][0])


def learn(
    x: NDArray[np.float16],
    y: NDArray[np.float32],
    *,
    hidden: Sequence[int] = (96, 48),
    epochs: int = 16,
    rate: float = 2e-3,
    rng: np.random.Generator,
    told: Callable[[int, Layers], None] | None = None,
) -> Layers:
    """Layers whose answer to the rows of `x` is near `y` in mean |difference|.

    Adam (Kingma & Ba 2015, algorithm 1) with a rate that falls as a half cosine; the inputs are brought to mean 0 and
    deviation 1 first, which the returned first layer has taken in.
    """
    some = x[rng.permutation(len(x))[:200_000]].astype(np.float32)
    mean, spread = some.mean(axis=0), np.maximum(some.std(axis=0), 1e-3)
    sizes = [x.shape[1], *hidden, 1]
    layers: Layers = []
    for a, b in pairwise(sizes):
        gain = np.sqrt(2 / a) if b > 1 else 0.1 / np.sqrt(a)
        layers += [(rng.standard_normal((a, b)) * gain).astype(np.float32), np.zeros(b, np.float32)]
    first, second = [np.zeros_like(w) for w in layers], [np.zeros_like(w) for w in layers]
    steps, step = epochs * (len(x) // _BATCH), 0
    for epoch in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - _BATCH + 1, _BATCH):
            pick = order[start : start + _BATCH]
            slopes = _slopes((x[pick].astype(np.float32) - mean) / spread, y[pick], layers)
            step += 1
            now = rate * (0.5 + 0.5 * np.cos(np.pi * step / (steps + 1)))
            for w, slope, m, v in zip(layers, slopes, first, second, strict=True):
                m += 0.1 * (slope - m)
                v += 0.001 * (slope * slope - v)
                w -= np.float32(now) * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        if told is not None:
            told(epoch, _taken_in(layers, mean, spread))
    return _taken_in(layers, mean, spread)


def _slopes(x: NDArray[np.float32], y: NDArray[np.float32], layers: Layers) -> Layers:
    """Of the mean rounded |error| by every weight."""
    seen = [x]
    for i in range(0, len(layers) - 2, 2):
        seen.append(np.maximum(seen[-1] @ layers[i] + layers[i + 1], 0))
    away = (seen[-1] @ layers[-2])[:, 0] + layers[-1][0] - y
    back = (np.clip(away / _ROUND, -1, 1) / len(y)).astype(np.float32)[:, None]
    slopes: Layers = []
    for i in range(len(layers) - 2, -1, -2):
        slopes += [back.sum(axis=0), seen[i // 2].T @ back]
        if i:
            back = (back @ layers[i].T) * (seen[i // 2] > 0)
    return slopes[::-1]


def _taken_in(layers: Layers, mean: NDArray[np.float32], spread: NDArray[np.float32]) -> Layers:
    first = layers[0] / spread[:, None]
    return [first, layers[1] - mean @ first, *(w.copy() for w in layers[2:])]
