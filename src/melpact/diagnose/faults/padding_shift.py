"""The frames begin elsewhere: another convention of padding the ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted

_OTHERS = {"centre": ("same", "none", "explicit"), "same": ("centre", "none", "explicit")}
_ELSEWHERE = ("same", "centre", "explicit")


def _made(spec: MelSpec, dose: float) -> MelSpec:
    padding = _OTHERS.get(spec.padding, _ELSEWHERE)[int(dose)]
    changes: dict[str, Any] = {"padding": padding, "pad_left": 0, "pad_right": 0}
    if padding == "none":
        return spec.replace_quietly(**changes, pad_mode="none", pad_value=0.0)
    if padding == "explicit":
        changes["pad_left"] = spec.frame_length - spec.hop_length
    return spec.replace_quietly(**changes, pad_mode="reflect" if spec.pad_mode == "none" else spec.pad_mode)


def _refuses(spec: MelSpec) -> str | None:
    return "its padding is explicit, another one has no name" if spec.padding == "explicit" else None


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return extracted(audio, _made(mel.spec, dose), mel.spec)


PLUGIN = Fault(
    code="padding_shift",
    note="The ends were padded by another rule, so every frame sits half a hop to several hops off, and frames come or go.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("half a hop off (centre for same, or the reverse)", "no padding, or half a window", "all of it in front"),
    plant=_plant,
    needs="audio",
    refuses=_refuses,
    keeps_frames=False,
    needs_target=True,
    also=("frames_shifted",),
)
