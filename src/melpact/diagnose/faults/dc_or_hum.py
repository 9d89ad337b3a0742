"""Mains hum and its harmonics lie under the speech."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import extracted, sound

_MAINS_HZ = 50.0
_HARMONICS = (1.0, 0.7, 0.5, 0.3, 0.2)


def _refuses(spec: MelSpec) -> str | None:
    return f"it hears nothing below {spec.f_min:g} Hz" if spec.f_min > 150 else None


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    mono = sound(audio).mono()
    speech = mono.samples[0].astype(np.float64)
    time_s = np.arange(speech.size) / mono.sample_rate
    phases = rng.random(len(_HARMONICS)) * 2 * np.pi
    hum = np.zeros_like(speech)
    for k, (level, phase) in enumerate(zip(_HARMONICS, phases, strict=True), start=1):
        hum += level * np.sin(2 * np.pi * k * _MAINS_HZ * time_s + phase)
    gain = np.sqrt(np.mean(speech**2) / np.mean(hum**2)) * 10 ** (-dose / 20)
    return extracted(Audio.of((speech + gain * hum).astype(np.float32), mono.sample_rate), mel.spec, mel.spec)


PLUGIN = Fault(
    code="dc_or_hum",
    note="A steady tone of the mains and its harmonics sits in the lowest bands.",
    doses=(25.0, 12.0, 0.0),
    unit="dB below the speech",
    plant=_plant,
    needs="audio",
    refuses=_refuses,
)
