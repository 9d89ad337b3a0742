"""A wrong level in every band: an equaliser that nobody ordered."""

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
    rms = float(np.sqrt(np.mean(found.shifts**2)))
    worst = int(np.argmax(np.abs(found.shifts)))
    label = f"every band has its own offset, {rms:.2f} rms and {found.shifts[worst]:+.2f} in band {worst}"
    remedy = "melpact calibrate fit PRED TARGET -o FILE, then melpact calibrate apply PRED FILE -o OUT"
    yield Alternative("band_offset", label, of_reference(found.shifted), remedy, free=evidence.values.shape[0] // 2)


PLUGIN = explained("band_offset", _alternatives)
