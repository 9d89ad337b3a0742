"""Another FFT size under the same hop."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted


def _made(spec: MelSpec, dose: float) -> MelSpec:
    if dose == 0:
        return spec.replace_quietly(n_fft=2 * spec.n_fft)
    if dose == 1:
        return spec.replace_quietly(n_fft=2 * spec.n_fft, win_length=2 * spec.win_length)
    return spec.replace_quietly(n_fft=4 * spec.n_fft, win_length=4 * spec.win_length)


def _refuses(spec: MelSpec) -> str | None:
    return "the frames of another size begin elsewhere in it" if spec.padding in ("explicit", "nearest") else None


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return extracted(audio, _made(mel.spec, dose), mel.spec)


PLUGIN = Fault(
    code="n_fft",
    note="A longer FFT: more bins in every band, so more level, and with its window finer lines.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("twice the FFT, same window", "twice FFT and window", "four times FFT and window"),
    plant=_plant,
    needs="audio",
    refuses=_refuses,
    keeps_frames=False,
    also=("window_length",),
)
