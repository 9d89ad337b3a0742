"""Straight lines between a mel and its reference: one for all bands, one per band, or one offset per band.

Each is fitted once per evidence. What a line means (a lost normalisation, a gain …) is said by the probes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.evidence import Evidence, best_lag, shared
from melpact.diagnose.hypotheses import line

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lines:
    """y = slope · reference + offset, in the unit of the values.

    Attributes:
        slope, offset: for all bands.
        slopes, offsets: per band, [n_mels].
        shifts: per band with slope 1, [n_mels].
        values, reference: what they were fitted on, over the shared frames.
    """

    slope: float
    offset: float
    slopes: Floats
    offsets: Floats
    shifts: Floats
    values: Floats
    reference: Floats

    def whole(self, x: Floats) -> Floats:
        """One line for all bands."""
        return self.slope * x + self.offset

    def banded(self, x: Floats) -> Floats:
        """A line per band."""
        return self.slopes[:, None] * x + self.offsets[:, None]

    def shifted(self, x: Floats) -> Floats:
        """An offset per band."""
        return x + self.shifts[:, None]


def scale_only(evidence: Evidence) -> str:
    """What to add to an explanation by one line: that nothing else is wrong, where the line leaves an R² above .9."""
    found = lines(evidence)
    if found is None:
        return ""
    r = float(np.corrcoef(found.reference.ravel(), found.values.ravel())[0, 1])
    return f"; scale only: R² is {r * r:.3f} after the line" if r * r > 0.9 else ""


def lines(evidence: Evidence) -> Lines | None:
    """The lines of one evidence, fitted on first use; None without a reference."""
    reference = evidence.reference
    if reference is None or reference.shape[0] != evidence.values.shape[0]:
        return None
    if evidence.lines is None:
        lag, r, at_zero = best_lag(evidence.filled, reference, 8)
        values, there = shared(evidence.filled, reference, lag if r > at_zero + 0.05 else 0)
        slope, offset = line(there, values)
        pairs = [line(x, y) for x, y in zip(there, values, strict=True)]
        evidence.lines = Lines(
            slope,
            offset,
            np.array([a for a, _ in pairs]),
            np.array([b for _, b in pairs]),
            np.median(values - there, axis=1),
            values,
            there,
        )
    return evidence.lines
