"""Fréchet distance between Gaussians fitted to the log-mel frames of original and system, over the corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.bench.metric import Metric
from melpact.bench.metrics import _mel_frames
from melpact.bench.score import NotMeasured

# Added to the variances, as a share of their mean: bands that never move have none.
_RIDGE = 1e-9


def distance(
    mean_a: NDArray[np.float64], cov_a: NDArray[np.float64], mean_b: NDArray[np.float64], cov_b: NDArray[np.float64]
) -> float:
    """Fréchet distance of two Gaussians: the root of |m_a - m_b|² + tr(A + B - 2 (A B)^½)."""
    from scipy.linalg import cholesky, eigvalsh

    ridge = _RIDGE * (np.trace(cov_a) + np.trace(cov_b)) / (2 * mean_a.size) + 1e-12
    eye = ridge * np.eye(mean_a.size)
    a, b = cov_a + eye, cov_b + eye
    factor = cholesky(a, lower=True, check_finite=False)
    shared = np.sqrt(np.maximum(eigvalsh(factor.T @ b @ factor, check_finite=False), 0)).sum()
    squared = float(np.square(mean_a - mean_b).sum() + np.trace(a) + np.trace(b) - 2 * shared)
    return float(np.sqrt(max(squared, 0.0)))


def total(observations: Sequence[_mel_frames.Moments]) -> float:
    _mel_frames.require_one_mel(one[1].shape for one in observations)
    sides = []
    for at in (0, 3):
        frames = sum(one[at] for one in observations)
        first, second = np.zeros_like(observations[0][at + 1]), np.zeros_like(observations[0][at + 2])
        for one in observations:
            first += one[at + 1]
            second += one[at + 2]
        if frames < 2 * first.size:
            raise NotMeasured(f"{frames} frames are too few for covariances of {first.size} bands")
        centre = first / frames
        sides += [centre, second / frames - np.outer(centre, centre)]
    if np.array_equal(sides[0], sides[2]) and np.array_equal(sides[1], sides[3]):
        return 0.0
    return distance(*sides) / float(np.sqrt(sides[0].size))


PLUGIN = Metric(
    title="Fréchet mel distance",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=_mel_frames.moments,
    total=total,
    meaning="How far the log-mel frames of the system lie, as a Gaussian cloud over the corpus, from the original's: "
    "the square root of the Fréchet distance over the number of bands, so that a level that is 1 dB off everywhere "
    "gives 1. Sees how bands move together, but not time.",
    source="Dowson & Landau 1982, The Fréchet distance between multivariate normal distributions, eq. 4; after Kilgour "
    "et al. 2019",
    ignores=("polarity", "delay", "pairing"),
)
