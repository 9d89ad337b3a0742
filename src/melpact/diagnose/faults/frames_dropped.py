"""Frames are missing in the middle."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    lost = rng.permutation(mel.n_frames)[: max(1, round(dose * mel.n_frames))]
    return with_values(mel, np.delete(mel.values, lost, axis=1).astype(np.float64))


PLUGIN = Fault(
    code="frames_dropped",
    note="Frames were lost on the way, here and there.",
    doses=(0.02, 0.08, 0.25),
    unit="of the frames",
    plant=_plant,
    keeps_frames=False,
    needs_target=True,
)
