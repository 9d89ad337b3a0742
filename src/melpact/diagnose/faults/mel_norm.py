"""The triangles of the filterbank were scaled otherwise: area, peak or sum."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import linear, of_linear


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    peak, area = (mel.spec.replace_quietly(mel_norm=norm) for norm in ("none", "slaney"))
    if dose == 0:
        return of_linear(linear(audio, peak if mel.spec.mel_norm == "slaney" else area), mel.spec)
    bank = np.asarray(filterbank(peak), np.float64)
    sums = bank.sum(axis=1, keepdims=True)
    if dose == 1:
        return of_linear(linear(audio, peak) / np.where(sums > 0, sums, 1.0), mel.spec)
    gains = np.asarray(filterbank(area), np.float64).sum(axis=1, keepdims=True) / np.where(sums > 0, sums, 1.0)
    return of_linear(linear(audio, area) * gains, mel.spec)


PLUGIN = Fault(
    code="mel_norm",
    note="The bank's triangles have another height: unit area (Slaney), unit peak or unit sum.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("area for peak or peak for area", "every band divided by the sum of its weights", "area normalised twice"),
    plant=_plant,
    needs="audio",
)
