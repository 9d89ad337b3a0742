"""The filterbank was built for another sample rate than the sound's."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    rate = round(mel.spec.bank_sample_rate * (1 + dose))
    return extracted(audio, mel.spec.replace_quietly(bank_sample_rate=rate), mel.spec)


PLUGIN = Fault(
    code="bank_rate",
    note="A cached filterbank of a higher rate was laid over this sound's spectrum, so every band sits too low.",
    doses=(0.0884, 0.45, 1.0),
    unit="of the rate too high",
    plant=_plant,
    needs="audio",
    also=("f_max",),
)
