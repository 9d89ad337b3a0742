"""Normalised with its own statistics, which nobody has at synthesis."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import has_plain_values, with_values
from melpact.diagnose.faults._statistics import own


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    if dose == 0:
        return with_values(mel, own(values).take_out(values))
    if dose == 1:
        return with_values(mel, values - values.mean(axis=1, keepdims=True))
    low, high = values.min(), values.max()
    return with_values(mel, (values - low) / max(high - low, 1e-6))


PLUGIN = Fault(
    code="one_utterance_statistics",
    note="Every file was normalised with its own mean and spread, or its own extremes, and nobody can undo it.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("mean and spread per band of this utterance", "mean per band of this utterance", "its extremes to 0 and 1"),
    plant=_plant,
    refuses=has_plain_values,
)
