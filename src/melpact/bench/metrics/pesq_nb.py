"""Narrow-band PESQ, at 8 kHz."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics._pesq import score
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    return score(pair, 8000, "nb")


PLUGIN = Metric(
    title="PESQ nb",
    unit="MOS",
    better="higher",
    perfect=4.549,
    observe=observe,
    meaning="Predicted opinion (1 to 4.55) on the distortion of speech up to 3.4 kHz, at 8 kHz as on the telephone; it "
    "aligns time and level itself. Above 20 s the mean of equal pieces.",
    source="ITU-T P.862 with the mapping of P.862.1, by the package pesq",
    domains=("speech",),
    rate_hz=8000,
    ignores=("gain", "polarity", "delay"),
    packages=("pesq",),
    install="pip install 'melpact[evaluate]'",
)
