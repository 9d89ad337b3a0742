"""Sound of another rate was analysed as if it had this one."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted, sound

_STEP_HZ = 25


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    rate = _STEP_HZ * round(mel.spec.sample_rate * (1 - dose) / _STEP_HZ)
    slower = resample(sound(audio).mono(), rate)
    return extracted(Audio.of(slower.samples, mel.spec.sample_rate), mel.spec, mel.spec)


PLUGIN = Fault(
    code="sample_rate",
    note="Sound of a lower rate was not resampled: it is shorter and sounds higher.",
    doses=(0.081, 0.333, 0.5),
    unit="of the rate missing",
    plant=_plant,
    needs="audio",
    keeps_frames=False,
)
