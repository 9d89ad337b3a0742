"""Nothing but the floor."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import floor_nats, nats, of_nats


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = nats(mel)
    values[:, mel.n_frames - max(1, round(dose * mel.n_frames)) :] = floor_nats(mel.spec)
    return of_nats(values, mel.spec)


PLUGIN = Fault(
    code="silent",
    note="From some frame on, every band reads the floor: a padded batch, or a model that stopped.",
    doses=(0.4, 0.8, 1.0),
    unit="of the frames",
    plant=_plant,
    may_fill_bounds=True,
    also=("constant",),
)
