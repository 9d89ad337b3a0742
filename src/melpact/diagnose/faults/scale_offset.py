"""One wrong factor and one wrong offset on the log mel, for all bands."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import has_log, nats, of_nats


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    return of_nats((1 - dose) * nats(mel) + dose, mel.spec)


PLUGIN = Fault(
    code="scale_offset",
    note="The log mel is a right one times a factor below 1, plus an offset.",
    doses=(0.1, 0.3, 0.6),
    unit="of the scale lost, and as many nats added",
    plant=_plant,
    refuses=has_log,
    needs_target=True,
)
