"""The bands were laid out on another mel scale."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted


def _made(spec: MelSpec, dose: float) -> MelSpec:
    changes: dict[str, str] = {"mel_scale": "htk" if spec.mel_scale == "slaney" else "slaney"}
    if dose == 1:
        changes["mel_norm"] = "none" if spec.mel_norm == "slaney" else "slaney"
    elif dose == 2:
        changes["mel_triangles"] = "mel" if spec.mel_triangles == "hz" else "hz"
    return spec.replace_quietly(**changes)


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return extracted(audio, _made(mel.spec, dose), mel.spec)


PLUGIN = Fault(
    code="mel_scale",
    note="Slaney's mel scale was taken for HTK's or the other way round.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("the other scale", "the other scale and norm", "the other scale, triangles straight over the other axis"),
    plant=_plant,
    needs="audio",
    also=("mel_norm",),
)
