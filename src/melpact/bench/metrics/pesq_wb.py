"""Wide-band PESQ, at 16 kHz."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics._pesq import score
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    if min(pair.original.source_rate, pair.rate) < 16000:
        raise NotMeasured("wide-band PESQ needs 16 kHz sound")
    return score(pair, 16000, "wb")


PLUGIN = Metric(
    title="PESQ wb",
    unit="MOS",
    better="higher",
    perfect=4.644,
    observe=observe,
    meaning="Predicted opinion (1 to 4.64) on the distortion of speech up to 7 kHz; it aligns time and level itself and "
    "cannot hear polarity. Above 20 s the mean of equal pieces.",
    source="ITU-T P.862.2, by the package pesq",
    domains=("speech",),
    rate_hz=16000,
    ignores=("gain", "polarity", "delay"),
    packages=("pesq",),
    install="pip install 'melpact[evaluate]'",
)
