"""Characters that a speech recogniser gets wrong, over the corpus."""

from __future__ import annotations

from melpact.bench.metric import Metric
from melpact.bench.metrics import _recogniser
from melpact.bench.sound import Pair


def observe(pair: Pair) -> _recogniser.Tally:
    """Errors, and characters of the text."""
    return _recogniser.tally(pair, characters=True)


PLUGIN = Metric(
    title="Character error rate",
    unit="%",
    better="lower",
    perfect=None,
    observe=observe,
    total=_recogniser.rate_percent,
    meaning="Substituted, left out and inserted letters in per cent of the letters of the text (spaces and punctuation "
    "do not count), as a recogniser hears them: steadier than words, and the one to use for languages that it knows "
    "less well.",
    source="faster-whisper 1.2.1 with Whisper base (Radford et al. 2022), int8, beam of 5; edit distance after "
    "Levenshtein 1966",
    domains=("speech",),
    ignores=("gain", "polarity", "delay"),
    needs=("text",),
    packages=_recogniser.PACKAGES,
    install=_recogniser.INSTALL,
    heavy=True,
)
