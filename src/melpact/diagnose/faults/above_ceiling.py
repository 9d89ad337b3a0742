"""Values that no sound can have: above what a full-scale signal gives."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import has_log, per_nat, with_values
from melpact.features.window import window

_SHARE = 0.01


def _refuses(spec: MelSpec) -> str | None:
    if spec.scaling.kind in ("utterance_standard", "utterance_min_max", "dynamic_range"):
        return "its ceiling lies where each utterance puts it"
    if spec.scaling.kind == "tanh":
        return "its ceiling lies where tanh is flat"
    return has_log(spec)


def _ceiling(mel: Mel) -> NDArray[np.float64]:
    """Values [n_mels, 1] that a signal in [-1, 1] cannot pass: |X_k| <= sum of the window, and a band is a weighted sum."""
    spec = mel.spec
    peak = float(np.sum(window(spec))) * spec.waveform_scale * (1 + spec.preemphasis)
    rows = np.asarray(filterbank(spec), np.float64).sum(axis=1, keepdims=True)
    bands = np.maximum(rows, rows[rows > 0].min()) * peak**spec.power + spec.floor + spec.epsilon
    raw = (spec.log_gain or 1.0) * np.log(bands) - spec.reference
    return np.maximum(spec.scaling.apply(raw, mel.utterance), _bound(spec))


def _bound(spec: MelSpec) -> float:
    high = spec.scaling.bounds()[1]
    return high if math.isfinite(high) else -math.inf


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    loud = values >= np.quantile(values, 1 - _SHARE)
    height = (0.5 + 0.5 * rng.random(values.shape)) * dose * np.abs(per_nat(mel))
    return with_values(mel, np.where(loud, _ceiling(mel) + height, values))


PLUGIN = Fault(
    code="above_ceiling",
    note="The loudest hundredth of the values lies above what a signal of full scale can give.",
    doses=(0.3, 1.0, 3.0),
    unit="nats above the ceiling at most",
    plant=_plant,
    refuses=_refuses,
)
