"""Normalised with one corpus' statistics and undone with another's: a scale and an offset per band, both near the right
ones."""

from collections.abc import Iterator

import numpy as np

from melpact.diagnose.affine import lines
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    found = lines(evidence)
    if found is None:
        return
    low, high = np.percentile(found.slopes, [5, 95])
    label = f"every band has its own scale ({low:.2f} to {high:.2f}) and offset, as if undone with "
    label += "another corpus' mean and spread"
    remedy = (
        "melpact calibrate fit PRED TARGET -o FILE, then melpact calibrate apply PRED FILE -o OUT  "
        "(better: undo with the training statistics)"
    )
    yield Alternative("wrong_statistics", label, of_reference(found.banded), remedy, free=evidence.values.shape[0])


PLUGIN = explained("wrong_statistics", _alternatives)
