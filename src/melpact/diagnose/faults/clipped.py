"""The loud parts of the mel were cut off at one level."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    return with_values(mel, np.minimum(values, np.quantile(values, 1 - dose)))


PLUGIN = Fault(
    code="clipped",
    note="Values above a fixed level were set to it, as by a clip to the range of a tanh.",
    doses=(0.02, 0.1, 0.3),
    unit="of the values cut",
    plant=_plant,
    may_fill_bounds=True,
)
