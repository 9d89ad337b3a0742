"""DNSMOS P.808: the overall opinion of listeners, predicted without an original."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics import _dnsmos

PLUGIN = Metric(
    title="DNSMOS P.808",
    unit="MOS",
    better="higher",
    perfect=None,
    observe=_dnsmos.observe_p808,
    meaning="Predicted opinion (1 to 5) on the whole, by a network trained on ratings after ITU-T P.808. No original "
    "is looked at, so it cannot hear whether the right words or voice are there.",
    source=_dnsmos.SOURCE_P808,
    domains=("speech",),
    rate_hz=_dnsmos.RATE_HZ,
    ignores=("gain", "polarity"),
    needs=(),
    packages=_dnsmos.PACKAGES,
    install=_dnsmos.INSTALL,
)
