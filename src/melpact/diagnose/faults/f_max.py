"""The highest band ends at another frequency."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted

_MOST = 0.3


def _made(spec: MelSpec, dose: float) -> MelSpec:
    upwards = spec.f_max / (1 - _MOST) <= spec.bank_sample_rate / 2
    return spec.replace_quietly(f_max=spec.f_max / (1 - dose) if upwards else spec.f_max * (1 - dose))


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return extracted(audio, _made(mel.spec, dose), mel.spec)


PLUGIN = Fault(
    code="f_max",
    note="The bank ends elsewhere than the reader believes: higher where Nyquist leaves room, else lower (8 for 11 kHz).",
    doses=(0.08, 0.15, _MOST),
    unit="of f_max",
    plant=_plant,
    needs="audio",
    also=("bank_rate",),
)
