"""The window was shorter than the description says."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted, with_values

_MOST = 0.5


def _made(spec: MelSpec, dose: float) -> MelSpec:
    return spec.replace_quietly(win_length=2 * round(spec.win_length * (1 - dose) / 2))


def _refuses(spec: MelSpec) -> str | None:
    if spec.win_length * (1 - _MOST) < spec.hop_length:
        return f"half of its window ({spec.win_length // 2} samples) does not reach over its hop ({spec.hop_length})"
    if spec.window_placement == "start" or spec.padding == "nearest":
        return "another window is another framing in it"
    return None


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    made = extracted(audio, _made(mel.spec, dose), mel.spec)
    return with_values(made, made.values[:, : mel.n_frames].astype(np.float64))


PLUGIN = Fault(
    code="window_length",
    note="The window is shorter: less level, wider lines.",
    doses=(0.2, 0.35, _MOST),
    unit="of the window missing",
    plant=_plant,
    needs="audio",
    refuses=_refuses,
)
