"""DNSMOS P.835, overall: what listeners would say of the whole, predicted without an original."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics import _dnsmos
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    return _dnsmos.observe_quality(pair, 2)


PLUGIN = Metric(
    title="DNSMOS overall",
    unit="MOS",
    better="higher",
    perfect=None,
    observe=observe,
    meaning="Predicted opinion (1 to 5) on the whole. No original is looked at, so it cannot hear whether the right "
    "words or voice are there; natural recordings get 2.9 to 3.4.",
    source=_dnsmos.SOURCE,
    domains=("speech",),
    rate_hz=_dnsmos.RATE_HZ,
    ignores=("polarity",),
    needs=(),
    packages=_dnsmos.PACKAGES,
    install=_dnsmos.INSTALL,
)
