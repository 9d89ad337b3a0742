"""Time and band taken for one another where the shape could not object: transposed squares, or a reshape for a transpose."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.blind_order import other_axes
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference

Floats = NDArray[np.float64]


def _squares(x: Floats) -> Floats:
    n = x.shape[0]
    if x.shape[1] < n:
        return x
    return np.concatenate([x[:, i * n : (i + 1) * n].T for i in range(x.shape[1] // n)], axis=1)


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    remedy = "transpose the array (values.T, not reshape), then melpact doctor PRED --axes mel-time"
    label = "time and band were taken for one another"
    yield Alternative("axes_swapped", f"{label}: the mel is transposed", of_reference(_squares), remedy)
    yield Alternative(
        "axes_swapped",
        f"{label}: the array was reshaped where it had to be transposed",
        of_reference(lambda x: np.ascontiguousarray(x.T).reshape(x.shape)),
        remedy,
    )


PLUGIN = explained("axes_swapped", _alternatives, blind=other_axes("axes_swapped"))
