"""The power spectrum went through the filterbank where the reader expects the magnitude."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import linear, nats, of_linear, of_nats


def _refuses(spec: MelSpec) -> str | None:
    return None if spec.power == 1 else "it is made of the power spectrum"


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    if dose == 1:
        return of_nats(2 * nats(mel), mel.spec)
    kind = "inside" if mel.spec.epsilon_kind == "outside" else mel.spec.epsilon_kind
    bands = linear(audio, mel.spec.replace_quietly(power=2, epsilon_kind=kind))
    return of_linear(bands, mel.spec, mel.spec.floor**2 if dose == 2 else None)


PLUGIN = Fault(
    code="power_for_magnitude",
    note="The mel was made of |X|² and is read as one of |X|.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("power through the bank, same floor", "the log doubled", "power through the bank, floor squared"),
    plant=_plant,
    needs="audio",
    refuses=_refuses,
)
