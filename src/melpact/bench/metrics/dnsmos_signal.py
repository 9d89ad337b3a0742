"""DNSMOS P.835, signal: what listeners would say of the speech itself, predicted without an original."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics import _dnsmos
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    return _dnsmos.observe_quality(pair, 0)


PLUGIN = Metric(
    title="DNSMOS signal",
    unit="MOS",
    better="higher",
    perfect=None,
    observe=observe,
    meaning="Predicted opinion (1 to 5) on the speech itself, the background disregarded (noise down to 10 dB moves it "
    "by .1 only): distortion, robotic sound, missing parts. No original is looked at, so it cannot hear whether the "
    "right words or voice are there; natural recordings get 2.9 to 3.4.",
    source=_dnsmos.SOURCE,
    domains=("speech",),
    rate_hz=_dnsmos.RATE_HZ,
    ignores=("polarity", "noise"),
    needs=(),
    packages=_dnsmos.PACKAGES,
    install=_dnsmos.INSTALL,
)
