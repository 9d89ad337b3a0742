"""Values that no sound can have: below the log of the floor."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import floor_values, has_log, per_nat, with_values

_SHARE = 0.05


def _refuses(spec: MelSpec) -> str | None:
    if spec.scaling.kind in ("utterance_standard", "utterance_min_max"):
        return "its floor lies where each utterance puts it"
    if spec.scaling.kind == "tanh":
        return "its floor lies where tanh is flat"
    return has_log(spec)


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    depth = rng.random(values.shape) * dose * np.abs(per_nat(mel))
    quiet = values <= np.quantile(values, _SHARE)
    quiet &= rng.random(values.shape) < _SHARE / max(quiet.mean(), _SHARE)
    return with_values(mel, np.where(quiet, floor_values(mel) - depth, values))


PLUGIN = Fault(
    code="below_floor",
    note="The quietest twentieth of the values lies below the log of the floor, where no analysis can put it.",
    doses=(0.3, 1.0, 3.0),
    unit="nats below the floor at most",
    plant=_plant,
    refuses=_refuses,
)
