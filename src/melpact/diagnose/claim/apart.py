"""How far a wrong mel's traits lie from the right one's, in nat: what the best test that knows the fault could go by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.diagnose.claim.network import MOST, clean_factors
from melpact.diagnose.claim.traits import traits
from melpact.diagnose.evidence import Evidence

UNTOLD_NATS = 3.3
"""Below this a likelihood-ratio test that knows fault, dose and dialect, and errs on 1 in 200 clean mels, misses every other
wrong one (a distance of 2.58 deviations: 2.58² / 2)."""


def apart_nats(right: Mel, wrong: Mel) -> float | None:
    """Expected log likelihood ratio between two mels of one sound, where traits scatter from clip to clip as clean mels' do.

    Half the squared Mahalanobis distance of the traits: the Kullback-Leibler divergence of two normal distributions. None
    where one of the two is too short or too empty for traits.
    """
    with np.errstate(all="ignore"):
        a, b = traits(Evidence(right)), traits(Evidence(wrong))
    if a is None or b is None:
        return None
    spread, factors, own = clean_factors()
    z = np.clip(np.nan_to_num(b - a) / spread, -MOST, MOST)
    return float(z @ _solved(z, factors, own)) / 2


def _solved(z: NDArray[np.float64], factors: NDArray[np.float64], own: NDArray[np.float64]) -> NDArray[np.float64]:
    """(factors factorsᵀ + diag(own))⁻¹ z, by Woodbury's identity."""
    scaled = factors / own[:, None]
    inner = np.eye(factors.shape[1]) + factors.T @ scaled
    return np.asarray(z / own - scaled @ np.linalg.solve(inner, scaled.T @ z))
