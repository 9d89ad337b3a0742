"""The prediction is the target."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    if dose == 1:
        values = mel.values.astype(np.float16).astype(np.float64)
    elif dose == 2:
        values = values + 1e-3 * values.std() * rng.standard_normal(values.shape)
    return with_values(mel, values)


PLUGIN = Fault(
    code="leak",
    note="The target reached the output: a copy passes every score and proves nothing.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("to the bit", "through half precision", "with noise of a thousandth of its spread"),
    plant=_plant,
    needs_target=True,
    may_change_nothing=True,
)
