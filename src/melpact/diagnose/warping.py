"""Dynamic time warping of one mel onto another, on a coarse grid: how alike two are where time may stretch.

Warping makes any two mels more alike; what that is worth is for who compares it with other pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
COLUMNS = 160
"""A mel is thinned to so many columns at most before it is warped."""


def thinned(values: Floats, each: int) -> Floats:
    """Means over `each` frames, [n_mels, frames / each]; what is left over at the end belongs to the last column."""
    starts = np.arange(0, max(1, values.shape[1] - each // 2), each)
    ends = np.append(starts[1:], values.shape[1])
    return np.asarray(np.add.reduceat(values, starts, axis=1) / (ends - starts), np.float64)


def path(cost: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cheapest monotone path through a matrix of costs [n, m], from corner to corner, by steps of one in either or both.

    Computed one antidiagonal after the other (Sakoe and Chiba 1978, "Dynamic programming algorithm optimization for
    spoken word recognition", the symmetric form without slope constraint; a step in both costs as much as one in either).
    """
    n, m = cost.shape
    total = np.full((n + 1, m + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(n + m - 1):
        i = np.arange(max(0, diagonal - m + 1), min(n, diagonal + 1))
        j = diagonal - i
        before = np.minimum(np.minimum(total[i, j], total[i, j + 1]), total[i + 1, j])
        total[i + 1, j + 1] = cost[i, j] + before
    rows, columns = [n - 1], [m - 1]
    i, j = n - 1, m - 1
    while i or j:
        steps = ((total[i, j], i - 1, j - 1), (total[i, j + 1], i - 1, j), (total[i + 1, j], i, j - 1))
        _, i, j = min(steps)
        rows.append(i)
        columns.append(j)
    return np.array(rows[::-1]), np.array(columns[::-1])


def warped(values: Floats, onto: Floats) -> Floats:
    """`values` [n_mels, n] in the time of `onto` [n_mels, m]: for each of its columns the mean of what falls on it."""
    squares = (values**2).sum(0)[:, None] + (onto**2).sum(0)[None, :] - 2 * values.T @ onto
    rows, columns = path(np.sqrt(np.maximum(squares, 0)))
    made = np.zeros_like(onto)
    np.add.at(made.T, columns, values.T[rows])
    return made / np.bincount(columns, minlength=onto.shape[1])
