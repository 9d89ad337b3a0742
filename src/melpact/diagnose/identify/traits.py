"""What the numbers of a mel show of how they were made: one vector of fixed length per number of bands.

Floors and clips, quantiles, the profile over the bands, how alike neighbouring bands are (which FFT bins they share), how
fast the values move from frame to frame (which window and hop), and the first and last frames (which padding). What a
vector says about the dialect is in `scorer`.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.identify.catalogue import Hypothesis, highest_value, silence, turned_over

Float64 = NDArray[np.float64]

_QUANTILES = (0.0, 0.002, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99, 0.998, 1.0)
_TIME_LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24)
_BAND_LAGS = (1, 2, 3)
_GROUPS = 8


def rounding(values: Float64) -> float:
    """How far apart two equal values may lie, relative to them: float32 of other programs, or a float16 file."""
    coarse = np.array_equal(values, values.astype(np.float16))
    return 1.2e-3 if coarse else 4e-5


def floor_evidence(values: Float64, these: tuple[Hypothesis, ...]) -> Float64:
    """Per hypothesis: share of values beyond what it gives digital silence, on it, and above its clip; [hypotheses, 3]."""
    found = np.zeros((len(these), 3))
    unit = rounding(values)
    low_of_band, high_of_band = values.min(axis=1), values.max(axis=1)
    top = float(high_of_band.max())
    for i, h in enumerate(these):
        bound, high = silence(h.spec), highest_value(h.spec)
        if bound is not None:
            size = np.maximum(1.0, np.abs(bound))
            near, slack = unit * size, max(unit, 2e-3) * size
            if turned_over(h.spec):
                reached, beyond = (high_of_band >= bound - near).any(), values > (bound + slack)[:, None]
            else:
                reached, beyond = (low_of_band <= bound + near).any(), values < (bound - slack)[:, None]
            if reached:
                found[i, 0] = np.mean(beyond)
                found[i, 1] = np.mean(np.abs(values - bound[:, None]) <= near[:, None])
        if top > high:
            found[i, 2] = np.mean(values > high + 1e-3 * max(1.0, abs(high)))
    return found


def _compress(x: Float64) -> Float64:
    return np.asarray(np.arcsinh(x))


def traits(values: Float64, these: tuple[Hypothesis, ...]) -> tuple[Float64, Float64]:
    """The vector of a mel and its `floor_evidence`.

    Args:
        values: [n_mels, frames], finite, at least 4 frames.
        these: the hypotheses of that many bands.

    Returns:
        float64 [features] and float64 [hypotheses, 3]. The length depends on n_mels and on the number of hypotheses only.
    """
    x = np.asarray(values, np.float64)
    bands, frames = x.shape
    ordered = np.sort(x.ravel())
    q = ordered[np.round(np.array(_QUANTILES) * (ordered.size - 1)).astype(int)]
    middle, span = q[6], max(q[9] - q[4], 1e-9)
    near = rounding(x) * max(1.0, abs(q[0]))
    shape = (x - middle) / span
    skew = (x.mean() - middle) / span
    by_band = np.sort(shape, axis=1)
    cut = [by_band[:, round(p * (frames - 1))] for p in (0.05, 0.5, 0.95)]
    mean, std = shape.mean(axis=1), shape.std(axis=1)
    out: list[Float64] = [
        _compress(q),
        np.array([np.log(span), _compress(np.array(x.mean())), np.log(x.std() + 1e-9), skew, x.std() / span]),
        (q - middle) / span,
        np.log([1e-4 + np.mean(x <= q[0] + near), 1e-4 + np.mean(x >= q[-1] - near), 1e-4 + np.mean(x == 0)]),
        np.array([np.log(frames) - 5.0]),
        mean,
        std,
        *cut,
        _compress(x.mean(axis=1)),
    ]
    for lag in _BAND_LAGS:
        if bands > lag:
            step = shape[lag:] - shape[:-lag]
            out.append(step.std(axis=1) / (1e-3 + std[lag:] + std[:-lag]))
    if bands > 2:
        bend = shape[1:-1] - 0.5 * (shape[2:] + shape[:-2])
        out += [bend.mean(axis=1), bend.std(axis=1)]
    edges = np.linspace(0, bands, min(_GROUPS, bands) + 1).astype(int)
    groups = [slice(a, b) for a, b in itertools.pairwise(edges)]
    for lag in _TIME_LAGS:
        if frames > lag + 1:
            step = np.abs(shape[:, lag:] - shape[:, :-lag]).mean(axis=1) / (1e-3 + std)
            out.append(np.array([step[g].mean() for g in groups]))
        else:
            out.append(np.full(len(groups), 1.0))
    bend_t = np.abs(shape[:, 1:-1] - 0.5 * (shape[:, 2:] + shape[:, :-2])).mean(axis=1) / (1e-3 + std)
    out.append(np.array([bend_t[g].mean() for g in groups]))
    bound = x <= q[0] + near
    out.append(np.array([np.log(1e-3 + bound[g].mean()) for g in groups]))
    for a, b in ((0, 1), (1, 2), (2, 3), (-1, -2), (-2, -3)):
        step = shape[:, a] - shape[:, b]
        out.append(np.array([step[g].mean() for g in groups[:: max(1, len(groups) // 4)]]))
        out.append(np.array([step.mean(), np.abs(step).mean()]))
    evidence = floor_evidence(x, these)
    out += [np.log10(1e-4 + evidence[:, 1]), (evidence[:, 0] > 0).astype(float), (evidence[:, 2] > 0).astype(float)]
    return np.concatenate([np.ravel(o) for o in out]), evidence
