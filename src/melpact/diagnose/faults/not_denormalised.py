"""A model's output is still normalised with the statistics of its corpus."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import has_plain_values, with_values
from melpact.diagnose.faults._statistics import of_corpus


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    values = mel.values.astype(np.float64)
    corpus = of_corpus(values, rng)
    if dose == 2:
        return with_values(mel, values - corpus.mean)
    return with_values(mel, (corpus, corpus.overall())[int(dose)].take_out(values))


PLUGIN = Fault(
    code="not_denormalised",
    note="The values were normalised with corpus statistics for training, and nobody undid it.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("mean and spread per band", "one mean and one spread", "only the mean per band"),
    plant=_plant,
    refuses=has_plain_values,
)
