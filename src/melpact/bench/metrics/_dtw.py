"""Dynamic time warping in a band around the diagonal. Importing this imports numba."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def mean_distance(x: Floats, y: Floats, radius: int) -> float:
    """Mean Euclidean distance along the path of least total distance from first frames to last.

    Steps are (1, 1), (1, 0) and (0, 1), all of weight one (Sakoe & Chiba 1978, eq. 4 without slope weights).

    Args:
        x: [frames, coefficients].
        y: [other frames, coefficients].
        radius: how many frames of y the path may leave the straight line from corner to corner.
    """
    return float(_mean_distance(np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32), radius))


@njit(cache=True, nogil=True, fastmath=True)
def _mean_distance(x, y, radius):  # type: ignore[no-untyped-def]
    rows, columns = len(x), len(y)
    slope = (columns - 1) / max(rows - 1, 1)
    radius = max(radius, int(np.ceil(slope)) + 1)
    total = np.full((2, columns + 1), np.inf)
    steps = np.zeros((2, columns + 1), np.int64)
    total[1, 0] = 0.0
    for row in range(rows):
        now, before = row % 2, (row + 1) % 2
        middle = round(row * slope)
        low, high = max(0, middle - radius), min(columns, middle + radius + 1)
        total[now, :] = np.inf
        for column in range(low, high):
            square = np.float32(0.0)
            for d in range(x.shape[1]):
                step = x[row, d] - y[column, d]
                square += step * step
            best, count = total[before, column], steps[before, column]
            if total[before, column + 1] < best:
                best, count = total[before, column + 1], steps[before, column + 1]
            if total[now, column] < best:
                best, count = total[now, column], steps[now, column]
            total[now, column + 1] = best + np.sqrt(square)
            steps[now, column + 1] = count + 1
        if row == 0:
            total[1, 0] = np.inf
    last = (rows - 1) % 2
    return total[last, columns] / steps[last, columns]
