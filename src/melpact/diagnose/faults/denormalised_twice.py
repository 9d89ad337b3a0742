"""The normalisation was undone by the model and again by the vocoder's loader."""

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
        return with_values(mel, values + corpus.mean)
    return with_values(mel, (corpus, corpus.overall())[int(dose)].put_back(values))


PLUGIN = Fault(
    code="denormalised_twice",
    note="Values that were plain already were multiplied by the corpus spread and shifted by its mean once more.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("mean and spread per band", "one mean and one spread", "only the mean per band"),
    plant=_plant,
    refuses=has_plain_values,
)
