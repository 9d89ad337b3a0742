"""A mel that does not move."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    level = (values.mean(axis=1, keepdims=True), values.mean(), np.zeros(1))[int(dose)]
    return with_values(mel, np.broadcast_to(level, values.shape).copy())


PLUGIN = Fault(
    code="constant",
    note="Every frame is the same: the model has learnt the mean, or nothing.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("the mean frame", "one number", "zeros"),
    plant=_plant,
    may_fill_bounds=True,
    also=("silent",),
)
