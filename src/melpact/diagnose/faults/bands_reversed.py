"""The bands are in another order."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    bands = np.arange(mel.n_mels)
    order = (bands[::-1], np.roll(bands, mel.n_mels // 2), np.concatenate([bands[::2], bands[1::2]]))[int(dose)]
    return with_values(mel, mel.values[order].astype(np.float64))


PLUGIN = Fault(
    code="bands_reversed",
    note="The order of the bands is not from low to high.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("high to low", "upper half before lower half", "even bands before odd bands"),
    plant=_plant,
)
