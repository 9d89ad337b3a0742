"""A prediction with the target's statistics and none of its content."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import nats, of_nats
from melpact.diagnose.faults._statistics import own


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = nats(mel)
    if dose == 0:
        return of_nats(values[:, ::-1], mel.spec)
    if dose == 1:
        return of_nats(values[:, rng.permutation(mel.n_frames)], mel.spec)
    moments = own(values)
    noise = rng.standard_normal(values.shape)
    return of_nats(moments.mean + (values.std(axis=1, keepdims=True)) * noise, mel.spec)


PLUGIN = Fault(
    code="no_signal",
    note="Mean and spread per band are the target's, so statistics look aligned; frame by frame it carries nothing of it.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("other speech of the same statistics (played backwards)", "the frames shuffled", "noise of the same moments"),
    plant=_plant,
    needs_target=True,
)
