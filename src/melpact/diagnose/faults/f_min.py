"""The lowest band begins at another frequency."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return extracted(audio, mel.spec.replace_quietly(f_min=mel.spec.f_min + dose), mel.spec)


PLUGIN = Fault(
    code="f_min",
    note="The bank begins higher than the reader believes (0 and 80 Hz are both common).",
    doses=(20, 40, 80),
    unit="Hz too high",
    plant=_plant,
    needs="audio",
)
