"""One wrong factor and one wrong offset for all bands: a gain, or a loss of scale that one line repairs."""

from collections.abc import Iterator

import numpy as np

from melpact.diagnose.affine import lines, scale_only
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference

REMEDY = "melpact calibrate fit PRED TARGET -o FILE, then melpact calibrate apply PRED FILE -o OUT"


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    found = lines(evidence)
    if found is None or abs(found.slope) < 1e-3:
        return
    label = f"the values are {found.slope:.3f} × the right ones {found.offset:+.3f}, in all bands"
    yield Alternative("scale_offset", label, of_reference(found.whole), REMEDY, free=2)
    shift = float(np.median(found.values - found.reference))
    label = f"the values are the right ones {shift:+.3f}, in all bands"
    yield Alternative("scale_offset", label, of_reference(lambda x: x + shift), REMEDY, free=1)


PLUGIN = explained("scale_offset", _alternatives, more=scale_only)
