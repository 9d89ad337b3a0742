"""The bands in another order: high to low, halves exchanged, even before odd."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.blind_order import other_order
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative, of_reference

Floats = NDArray[np.float64]


def _ordered(order: NDArray[np.intp]) -> Callable[[Evidence], Floats | None]:
    return of_reference(lambda x: x[order])


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    bands = np.arange(evidence.values.shape[0])
    half = bands.size // 2
    for words, order in (
        ("from high to low", bands[::-1]),
        ("upper half before lower half", np.roll(bands, half)),
        ("upper half before lower half", np.roll(bands, bands.size - half)),
        ("even before odd", np.concatenate([bands[::2], bands[1::2]])),
        ("interleaved", np.argsort(np.concatenate([bands[::2], bands[1::2]]))),
    ):
        yield Alternative(
            "bands_reversed",
            f"the bands are in another order ({words})",
            _ordered(order),
            "put the bands in order from low to high (values[::-1] where they are reversed), then melpact doctor PRED",
        )


PLUGIN = explained("bands_reversed", _alternatives, blind=other_order("bands_reversed"))
