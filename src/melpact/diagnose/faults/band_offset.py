"""A wrong level in every band: an equaliser that nobody ordered."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import nats, of_nats
from melpact.diagnose.faults._statistics import profile


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return of_nats(nats(mel) + dose * profile(mel.n_mels, rng), mel.spec)


PLUGIN = Fault(
    code="band_offset",
    note="Each band has its own offset, smooth over the bands.",
    doses=(0.4, 1.0, 2.5),
    unit="nats (root mean square over bands)",
    plant=_plant,
    needs_target=True,
    also=("wrong_statistics",),
)
