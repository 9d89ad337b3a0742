"""Another base of the log than the description says: ln, log10 and log2 taken for one another."""

from __future__ import annotations

import math

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import nats, of_raw

_TO_DECADES = 1 / math.log(10)


def _refuses(spec: MelSpec) -> str | None:
    return None if spec.log in ("ln", "log10") else f"its unit is {spec.unit}, not a bare log"


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    ln = mel.spec.log == "ln"
    other, twice = (_TO_DECADES, _TO_DECADES**2) if ln else (1.0, 1 / _TO_DECADES)
    return of_raw(nats(mel) * (other, 1 / math.log(2), twice)[int(dose)] - mel.spec.reference, mel.spec)


PLUGIN = Fault(
    code="log_base",
    note="The log was taken to another base than the reader believes.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("the other of ln and log10", "log2", "converted between ln and log10 once too often"),
    plant=_plant,
    refuses=_refuses,
)
