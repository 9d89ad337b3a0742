"""The whole mel is late by some frames."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    late = np.maximum(np.arange(mel.n_frames) - round(dose), 0)
    return with_values(mel, mel.values[:, late].astype(np.float64))


PLUGIN = Fault(
    code="frames_shifted",
    note="The values come some frames late; the first frame stands in for what is missing.",
    doses=(1, 3, 10),
    unit="frames",
    plant=_plant,
    needs_target=True,
    also=("padding_shift",),
)
