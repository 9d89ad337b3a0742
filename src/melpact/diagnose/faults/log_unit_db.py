"""Decibels for a bare log, a bare log for decibels, or 10 log10 for 20 log10."""

from __future__ import annotations

import math

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import has_log, nats, of_raw

_DECADE = 1 / math.log(10)


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    if mel.spec.log in ("ln", "log10"):
        gain, reference = ((20 * _DECADE, 0.0), (10 * _DECADE, 0.0), (20 * _DECADE, 20.0))[int(dose)]
    else:
        other = 10 if mel.spec.log == "db_amplitude" else 20
        gain, reference = ((1.0, 0.0), (_DECADE, 0.0), (other * _DECADE, mel.spec.reference))[int(dose)]
    return of_raw(nats(mel) * gain - reference, mel.spec)


PLUGIN = Fault(
    code="log_unit_db",
    note="The values are in dB and are read as a bare log, or the other way round, or 10 log10 is read as 20 log10.",
    doses=(0, 1, 2),
    unit="kind",
    variants=(
        "20 log10 for a bare log, or ln for dB",
        "10 log10 for a bare log, or log10 for dB",
        "20 log10 less 20 dB for a bare log, or the other dB for dB",
    ),
    plant=_plant,
    refuses=has_log,
)
