"""Normalised with the statistics of one speaker, undone with those of another."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import has_log, with_values
from melpact.diagnose.faults._statistics import Moments, of_corpus, profile


def _refuses(spec: MelSpec) -> str | None:
    if spec.scaling.kind in ("window", "percentile", "tanh", "dynamic_range", "utterance_min_max", "utterance_standard"):
        return f"no statistics are undone in it (its scaling is {spec.scaling.kind})"
    return has_log(spec)


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    right = of_corpus(values, rng)
    n = mel.n_mels
    wrong = Moments(
        right.mean + dose * right.std * profile(n, rng), right.std * np.exp(0.35 * min(dose, 2.0) * profile(n, rng))
    )
    return with_values(mel, wrong.put_back(right.take_out(values)))


PLUGIN = Fault(
    code="wrong_statistics",
    note="The normalisation of one corpus was undone with the statistics of another.",
    doses=(0.25, 0.7, 2.0),
    unit="deviations between the two speakers' band means",
    plant=_plant,
    refuses=_refuses,
    needs_target=True,
    also=("band_offset",),
)
