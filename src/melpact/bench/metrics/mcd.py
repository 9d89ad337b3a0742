"""Mel-cepstral distortion, frame by frame."""

from __future__ import annotations

import numpy as np

from melpact.bench.metric import Metric
from melpact.bench.metrics._cepstrum import DB, heard, mel_cepstrum
from melpact.bench.metrics._pitch import INSTALL, PACKAGES
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    x, y = mel_cepstrum(pair.original), mel_cepstrum(pair.made)
    difference = (x - y)[heard(pair.original), 1:]
    return float(DB * np.sqrt(np.einsum("td,td->t", difference, difference)).mean())


PLUGIN = Metric(
    title="MCD",
    unit="dB",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Distance of the spectral envelopes as 24 mel-cepstral coefficients, without the level (c0), frame by frame "
    "after aligning the delay. Frames of the original more than 40 dB below its loudest are left out; values of other "
    "orders, envelopes or rates are not comparable.",
    source="Kubichek 1993, eq. 1 (10 / ln 10 (2 sum d^2)^1/2); envelope by WORLD's CheapTrick every 5 ms through pyworld; "
    "all-pass closest to the mel scale at the rate (0.41 at 16 kHz)",
    domains=("speech", "singing"),
    ignores=("gain", "polarity", "delay"),
    packages=PACKAGES,
    install=INSTALL,
)
