"""The normalisation was undone twice: the right values times a corpus' spread plus its mean once more."""

from collections.abc import Iterator

import numpy as np

from melpact.diagnose.affine import lines
from melpact.diagnose.blind_floor import undone_twice
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    found = lines(evidence)
    if found is None:
        return
    mean, spread = float(found.reference.mean()), float(found.reference.std())
    if abs(mean) < 0.3 * spread:
        return
    banded = float(np.median(found.reference.std(axis=1)))
    label = "the normalisation was undone twice: the right values × {:.2f} {:+.2f}, where mean and spread of this mel are "
    label += f"{mean:.2f} and {spread:.2f}"
    remedy = (
        "undo the normalisation once: in the model or in the loader, not in both; files: melpact "
        "calibrate fit PRED TARGET -o FILE, then melpact calibrate apply PRED FILE -o OUT"
    )
    # applied twice: offset near the mean, slope near the spread (or 1 where only the mean was added)
    for predict, slope, offset in (
        (found.whole, found.slope, found.offset),
        (found.banded, float(np.median(found.slopes)), float(np.median(found.offsets))),
        (found.shifted, 1.0, float(np.median(found.shifts))),
    ):
        near = abs(offset - mean) < 0.45 * abs(mean)
        usual = banded if predict == found.banded else spread
        scale = abs(slope - 1) < 0.05 if predict == found.shifted else 0.55 < slope / max(usual, 1e-9) < 1.5
        if near and scale:
            free = 1 if predict == found.whole else 30
            yield Alternative(
                "denormalised_twice",
                label.format(slope, offset),
                of_reference(predict),
                remedy,
                "scaling",
                free=free,
            )


PLUGIN = explained("denormalised_twice", _alternatives, blind=undone_twice("denormalised_twice"))
