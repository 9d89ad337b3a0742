"""Weights and tables of a prior, from latents of recordings: least squares and counts. What they are for is in `prior`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from melpact.core.errors import ContractError
from melpact.models.codec.vae.prior import (
    CLASSES,
    NEAREST,
    ONE,
    SYMBOLS,
    TOTAL,
    Floats,
    Ints,
    Prior,
    n_neighbours,
    neighbours,
    thresholds,
)

RATIOS = tuple(float(12**0.5 * 2.0 ** ((4 - k) / 2)) for k in range(10))
"""Quantiser steps in spreads of the posterior: at the fifth its noise is that which the decoder was trained with."""
_PSEUDO = 24.0
"""Counts that a table is begun with, after a geometric law."""
_RIDGE = 1e-3


def fitted(latents: Sequence[Floats], spread: Floats, frames_per_s: float, ratios: Sequence[float] = RATIOS) -> Prior:
    """A prior for latents like these.

    Args:
        latents: means of the posterior, each [C, P, L], as they are packed: contexts begin anew in each.
        spread: standard deviation of the posterior, [C, P].
        frames_per_s: of the latent.

    Raises:
        ContractError: no frames.
    """
    if not latents:
        raise ContractError("there are no latents to count")
    flat = np.concatenate(latents, axis=2)
    centre = flat.mean(2).astype(np.float32)
    channels, positions, frames = flat.shape
    k, steps = n_neighbours(channels), len(ratios)
    mean_weights, scale_weights = (np.zeros((steps, channels, k), np.int64) for _ in range(2))
    bias = np.ones((steps, channels, positions), np.int64)
    rough = Prior(
        centre, np.maximum(spread, 1e-6).astype(np.float32), np.array(ratios, np.float32), mean_weights, scale_weights, bias,
        _begun(), np.zeros(steps, np.float32),
    )  # fmt: skip
    counts = np.zeros((CLASSES, SYMBOLS))
    for step in range(steps):
        packets = [rough.quantised(latent, step) for latent in latents]
        near = np.concatenate([neighbours(one) for one in packets], axis=3)
        numbers = np.concatenate(packets, axis=2)
        for c in range(channels):
            given, wanted = near[:, c].reshape(k, -1).astype(np.float64), numbers[c].ravel().astype(np.float64)
            square = given @ given.T
            ridge = (_RIDGE * np.trace(square) / k + 1.0) * np.eye(k)
            mean_weights[step, c] = np.rint(ONE * np.linalg.solve(square + ridge, given @ wanted)).clip(-TOTAL, TOTAL)
            mean = np.tensordot(mean_weights[step, c], near[:, c], 1) + ONE // 2 >> 8
            weights, least = _scales(np.abs(near[:, c]), np.abs(numbers[c] - mean))
            scale_weights[step, c], bias[step, c] = weights, least
        expected, table = _predicted(rough, packets, step)
        away = np.clip(numbers - expected, -NEAREST - 1, NEAREST + 1) + NEAREST + 1
        np.add.at(counts, (table.ravel(), away.ravel()), 1.0)
    tables = _whole(counts + _PSEUDO * rough.tables / TOTAL)
    made = Prior(centre, rough.spread, rough.ratios, mean_weights, scale_weights, bias, tables, rough.rates)
    seconds = frames / frames_per_s
    rates = [sum(made.bits(made.quantised(one, step), step) for one in latents) / seconds for step in range(steps)]
    return Prior(centre, rough.spread, rough.ratios, mean_weights, scale_weights, bias, tables, np.array(rates, np.float32))


def _predicted(prior: Prior, packets: Sequence[Ints], step: int) -> tuple[Ints, Ints]:
    pairs = [prior.predicted(one, step) for one in packets]
    return np.concatenate([mean for mean, _ in pairs], axis=2), np.concatenate([table for _, table in pairs], axis=2)


def _scales(near: Ints, away: Ints) -> tuple[Ints, Ints]:
    """Weights [K] and a bias per band [P] that predict distances [P, L] from sizes of neighbours [K, P, L], none below 0."""
    k, positions, _ = near.shape
    square, wanted = np.zeros((k + positions, k + positions)), np.zeros(k + positions)
    for p in range(positions):
        given = np.vstack([near[:, p], np.ones((1, near.shape[2]))]).astype(np.float64)
        own = given @ given.T
        where = [*range(k), k + p]
        square[np.ix_(where, where)] += own
        wanted[where] += given @ away[p].astype(np.float64)
    square += (_RIDGE * np.trace(square) / len(wanted) + 1e-6) * np.eye(len(wanted))
    root = np.linalg.cholesky(square)
    found, _ = nnls(root.T, np.linalg.solve(root, wanted))
    whole = np.rint(ONE * found).astype(np.int64).clip(0, TOTAL)
    return whole[:k], np.maximum(whole[k:], 1)


def _begun() -> Ints:
    """Tables of two-sided geometric laws with the distances that the classes stand for."""
    edges = np.array([3, *thresholds(), 4 * thresholds()[-1] // 3], np.float64) / ONE
    rows = []
    for low, high in pairwise(edges):
        distance = np.sqrt(low * high)
        ratio = (np.sqrt(1 + distance**2) - 1) / distance
        size = np.abs(np.arange(SYMBOLS) - NEAREST - 1)
        row = ratio**size
        row[[0, -1]] /= 1 - ratio
        rows.append(row / row.sum())
    return _whole(np.array(rows))


def _whole(weights: NDArray[np.float64]) -> Ints:
    """Rows of positive whole numbers with sum TOTAL, as the weights are."""
    made: Ints = 1 + np.floor((TOTAL - SYMBOLS) * weights / weights.sum(1, keepdims=True)).astype(np.int64)
    made[np.arange(len(made)), made.argmax(1)] += TOTAL - made.sum(1)
    return made
