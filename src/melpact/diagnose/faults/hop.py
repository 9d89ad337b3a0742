"""The frames lie further apart, or closer, than the reader believes."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted


def _made(spec: MelSpec, dose: float) -> MelSpec:
    wider = 2 * spec.hop_length <= spec.win_length
    hop = spec.hop_length * (1 + dose) if wider else spec.hop_length / (1 + dose)
    return spec.replace_quietly(hop_length=max(1, round(hop)))


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return extracted(audio, _made(mel.spec, dose), mel.spec)


PLUGIN = Fault(
    code="hop",
    note="The hop was another one, so speech runs at another speed.",
    doses=(0.08, 0.172, 1.0),
    unit="of the hop",
    plant=_plant,
    needs="audio",
    keeps_frames=False,
)
