"""The output of a model that is still normalised: mean about 0 and spread about 1 where a log mel has neither."""

from collections.abc import Iterator

import numpy as np

from melpact.diagnose.affine import lines, scale_only
from melpact.diagnose.blind_scaling import normalised
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference
from melpact.diagnose.normalised import looks_normalised


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    found = lines(evidence)
    kind = looks_normalised(evidence)
    if found is None or kind is None or kind.own:
        return
    label = f"the values are still normalised: mean {kind.mean:.2f}, spread {kind.spread:.2f}, where this mel should have "
    label += f"{float(found.reference.mean()):.2f} and {float(found.reference.std()):.2f}"
    remedy = (
        "melpact calibrate fit PRED TARGET -o FILE, then melpact calibrate apply PRED FILE -o OUT  "
        "(better: undo with the mean and spread the model was trained with, x · std + mean)"
    )
    if abs(float(found.values.mean())) > 0.35 * abs(float(found.reference.mean())):
        return
    centred = abs(float(np.median(found.slopes)) - 1) < 0.1
    predictions = [found.shifted] if centred else [found.whole, found.banded]
    for predict in predictions:
        free = 1 if predict == found.whole else 30
        yield Alternative("not_denormalised", label, of_reference(predict), remedy, "scaling", free=free)


PLUGIN = explained("not_denormalised", _alternatives, blind=normalised("not_denormalised"), more=scale_only)
