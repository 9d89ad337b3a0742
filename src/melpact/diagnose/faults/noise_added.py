"""Every value jitters."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import floor_nats, nats, of_nats


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    floor = floor_nats(mel.spec)
    noisy = nats(mel) + dose * rng.standard_normal(mel.values.shape)
    return of_nats(floor + np.abs(noisy - floor), mel.spec)


PLUGIN = Fault(
    code="noise_added",
    note="Independent noise on every value of the log mel, as of a sampler stopped early; it never goes below the floor.",
    doses=(0.3, 0.8, 2.0),
    unit="nats (standard deviation)",
    plant=_plant,
)
