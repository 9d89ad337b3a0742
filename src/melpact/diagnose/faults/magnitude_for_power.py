"""The magnitude spectrum went through the filterbank where the reader expects the power."""

from __future__ import annotations

import math

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import linear, nats, of_linear, of_nats


def _refuses(spec: MelSpec) -> str | None:
    return None if spec.power == 2 else "it is made of the magnitude spectrum"


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    if dose == 1:
        return of_nats(0.5 * nats(mel), mel.spec)
    bands = linear(audio, mel.spec.replace_quietly(power=1))
    return of_linear(bands, mel.spec, math.sqrt(mel.spec.floor) if dose == 2 else None)


PLUGIN = Fault(
    code="magnitude_for_power",
    note="The mel was made of |X| and is read as one of |X|².",
    doses=(0, 1, 2),
    unit="kind",
    variants=("magnitude through the bank, same floor", "the log halved", "magnitude through the bank, floor's root"),
    plant=_plant,
    needs="audio",
    refuses=_refuses,
)
