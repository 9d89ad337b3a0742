"""Words that a speech recogniser gets wrong, over the corpus."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics import _recogniser
from melpact.bench.sound import Pair


def observe(pair: Pair) -> _recogniser.Tally:
    """Errors, and words of the text."""
    return _recogniser.tally(pair, characters=False)


PLUGIN = Metric(
    title="Word error rate",
    unit="%",
    better="lower",
    perfect=None,
    observe=observe,
    total=_recogniser.rate_percent,
    meaning="Substituted, left out and inserted words in per cent of the words of the text, as a recogniser hears "
    "them. The recogniser errs on natural speech too: read it beside the original's own rate. Can exceed 100.",
    source="faster-whisper 1.2.1 with Whisper base (Radford et al. 2022), int8, beam of 5; edit distance after "
    "Levenshtein 1966",
    domains=("speech",),
    ignores=("gain", "polarity", "delay"),
    needs=("text",),
    packages=_recogniser.PACKAGES,
    install=_recogniser.INSTALL,
    heavy=True,
)
