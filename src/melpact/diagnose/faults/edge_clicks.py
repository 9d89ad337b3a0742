"""The first and last frames are pulled towards zero by an average that counts its zero padding."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    half = min(round(dose) // 2, mel.n_frames)
    inside = np.minimum(np.arange(mel.n_frames), np.arange(mel.n_frames)[::-1])
    share = np.minimum((half + 1 + inside) / (2 * half + 1), 1.0)
    return with_values(mel, mel.values.astype(np.float64) * share)


PLUGIN = Fault(
    code="edge_clicks",
    note="Averaging over frames counted zeros beyond the ends, and a zero is loud in a log mel.",
    doses=(3, 9, 31),
    unit="frames of averaging",
    plant=_plant,
)
