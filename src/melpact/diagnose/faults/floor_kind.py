"""Another floor under the log, or another way to apply it."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import linear, of_linear


def _refuses(spec: MelSpec) -> str | None:
    return "it has no floor" if spec.floor == 0 or spec.log == "none" else None


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    spec = mel.spec
    bands = linear(audio, spec)
    if dose == 0:
        return of_linear(bands, spec, floor_kind="add" if spec.floor_kind == "clamp" else "clamp")
    return of_linear(bands, spec, spec.floor * (100.0 ** (spec.power) if dose == 1 else 0.01**spec.power))


PLUGIN = Fault(
    code="floor_kind",
    note="Silence was floored at another level, or the floor was added where it had to be a minimum.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("added for clamped, or clamped for added", "40 dB higher", "40 dB lower"),
    plant=_plant,
    needs="audio",
    refuses=_refuses,
    also=("below_floor",),
)
