"""The values were rounded to a few levels."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    low, high = values.min(), values.max()
    step = (high - low) / max(round(dose) - 1, 1)
    return with_values(mel, low + np.round((values - low) / step) * step if step > 0 else values)


PLUGIN = Fault(
    code="quantised",
    note="The values went through a picture or a codebook of few levels.",
    doses=(64, 16, 5),
    unit="levels",
    plant=_plant,
)
