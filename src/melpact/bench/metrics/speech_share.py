"""Is it speech: the share of time that a voice activity detector calls speech, against the original's."""

from __future__ import annotations

from melpact.bench import voice_activity
from melpact.bench.metric import Metric
from melpact.bench.sound import Pair


def observe(pair: Pair) -> float:
    made, original = voice_activity.speech(pair.made), voice_activity.speech(pair.original)
    return 100.0 * abs(float(made.mean()) - float(original.mean()))


PLUGIN = Metric(
    title="Speech share",
    unit="%",
    better="lower",
    perfect=0.0,
    observe=observe,
    meaning="Difference to the original, in percentage points, of the share of time that is speech by level and by "
    "change of the spectrum over time. Noise and buzz are not speech: they miss the whole share; rhythmic music "
    "passes.",
    source="own detector after Ghosh et al. 2011, Robust voice activity detection using long-term signal variability",
    domains=("speech",),
    ignores=("gain", "polarity", "delay"),
)
