"""Whether values look normalised: by mean and spread, by the utterance's own, or by a fixed interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from melpact.contract.scaling import NoScaling
from melpact.diagnose.evidence import Evidence

INTERVALS = ((0.0, 1.0), (-1.0, 1.0), (-4.0, 4.0), (0.0, 4.0), (-2.0, 2.0))


class Normalised(NamedTuple):
    """Mean and spread of all values, whether they are exactly an utterance's own, and in which words."""

    mean: float
    spread: float
    own: bool
    words: str


def looks_normalised(evidence: Evidence) -> Normalised | None:
    """How the values are normalised where the description says that they are not; None where they do not look so."""
    spec, values = evidence.spec, evidence.filled
    if not isinstance(spec.scaling, NoScaling) or spec.log_gain is None or values.shape[1] < 8:
        return None
    mean, spread = float(values.mean()), float(values.std())
    if spread == 0:
        return None
    bands = values.mean(axis=1)
    spreads = values.std(axis=1)
    if np.abs(bands).max() < 2e-3 * spread:
        exact = np.mean(np.abs(spreads - 1) < 0.02) > 0.5
        return Normalised(mean, spread, True, "mean 0 and spread 1 in every band" if exact else "mean 0 in every band")
    low, high = float(values.min()), float(values.max())
    if (abs(low) < 1e-6 or abs(low + 1) < 1e-6) and abs(high - 1) < 1e-6 and np.count_nonzero(values == high) < 4:
        return Normalised(mean, spread, True, f"its extremes to {low:.0f} to 1" if low else "its extremes mapped 0 to 1")
    if abs(mean) < 1e-3 * spread and abs(spread - 1) < 1e-3:
        return Normalised(mean, spread, True, "mean 0 and spread 1 over all values")
    unit = abs(mean) < 0.6 and 0.6 < spread < 1.6
    centred = abs(mean) < 0.45 * spread and abs(float(np.median(bands))) < 0.5 * spread
    return Normalised(mean, spread, False, "") if unit or centred else None


def looks_windowed(evidence: Evidence) -> tuple[float, float] | None:
    """The usual interval that the values lie in and (nearly) fill from below, or None."""
    spec, values = evidence.spec, evidence.filled
    if not isinstance(spec.scaling, NoScaling) or spec.log_gain is None:
        return None
    low, high = float(values.min()), float(values.max())
    for bottom, top in INTERVALS:
        width = top - bottom
        if evidence.has_level and abs(float(evidence.floor.min()) - bottom) < 0.2 * width:
            continue
        inside = low >= bottom - 1e-5 * width and high <= top + 1e-5 * width
        if inside and high - low > 0.3 * width and low < bottom + 0.45 * width:
            return bottom, top
    return None
