"""NaN and infinity among the values."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    places = rng.permutation(values.size)[: max(1, round(dose * values.size))]
    values.ravel()[places] = np.where(np.arange(places.size) % 3 == 2, -np.inf, np.nan)
    return with_values(mel, values)


PLUGIN = Fault(
    code="not_finite",
    note="Some values are NaN or minus infinity: a log of zero, or a division by a spread of zero.",
    doses=(0.0001, 0.01, 0.3),
    unit="of the values",
    plant=_plant,
)
