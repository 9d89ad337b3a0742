"""The columns of a table of conversions, as metrics over observations that were made elsewhere. What hears is `hearing`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from melpact.bench.metric import Metric, mean
from melpact.bench.metrics import _recogniser, character_error_rate, dnsmos_overall, mcd_dtw, speaker_similarity
from melpact.bench.metrics._pitch import SOURCE as PITCH_SOURCE
from melpact.bench.score import NotMeasured

SIMILARITY, SHARE, TO_SOURCE, NEARER = "similarity", "share_of_the_way", "to_source", "nearer"
F0_CORRELATION, F0_CENTS = "f0_correlation", "f0_cents"
CHARACTERS, CHARACTERS_RATIO, WORDS, WORDS_RATIO = "characters", "characters_ratio", "words", "words_ratio"
OPINION, DISTANCE, SPEED = "dnsmos", "mcd_dtw", "speed"
Four = tuple[float, float, float, float]


def share(observations: Sequence[tuple[float, float, float]]) -> float:
    """(similarity, that of different speakers, that of one speaker) of every pair → where between the two they lie."""
    values, nulls, ceilings = (sum(one[i] for one in observations) for i in range(3))
    if ceilings - nulls <= 0:
        raise NotMeasured("one speaker's recordings are no more alike than two speakers'")
    return (values - nulls) / (ceilings - nulls)


def ratio(observations: Sequence[Four]) -> float:
    """(errors, length, errors of the vocoded source, length) of every pair → how many times as many errors."""
    errors, length, before, whole = (sum(one[i] for one in observations) for i in range(4))
    if before == 0:
        raise NotMeasured("the recogniser makes no error in the vocoded sources: there is nothing to divide by")
    return (errors / length) / (before / whole)


def speed(observations: Sequence[tuple[float, float]]) -> float:
    """(seconds of sound, seconds of one core) of every pair → times real time."""
    return sum(one[0] for one in observations) / sum(one[1] for one in observations)


def _elsewhere(pair: Any) -> Any:
    raise AssertionError("this column is not observed on a pair of sounds")


def _column(
    title: str, unit: str, better: Literal["higher", "lower"], meaning: str, source: str,
    total: Callable[[Sequence[Any]], float] = mean, perfect: float | None = None,
) -> Metric:  # fmt: skip
    return Metric(title, unit, better, perfect, _elsewhere, meaning, source, total)


_WHO = speaker_similarity.PLUGIN.source
_SAID = character_error_rate.PLUGIN.source
_AGAINST = (
    "Against the text where one is given and the recogniser reads the unconverted source alike, else against what it "
    "understands of the unconverted source (each pair says which)."
)
COLUMNS: Mapping[str, Metric] = MappingProxyType(
    {
        SIMILARITY: _column(
            "similarity to the target", "", "higher",
            "Cosine between speaker embeddings of the sound and of recordings of the target that no converter was given; "
            "their mean.", _WHO,
        ),
        SHARE: _column(
            "share of the way", "", "higher",
            "0: as like the target as other speakers are; 1: as the target's own recordings are like each other. Over "
            "pairs: (mean similarity - mean of other speakers) / (mean of the same speaker - mean of other speakers).", _WHO,
            share, 1.0,
        ),
        TO_SOURCE: _column(
            "similarity to the source", "", "lower",
            "Cosine between speaker embeddings of the sound and of the very recording that was converted: 1 for the source "
            "itself.", _WHO,
        ),
        NEARER: _column(
            "nearer the target", "", "higher",
            "Share of the pairs whose similarity to the target is above that to the source. The source's is to the very "
            "recording that was converted, so this is strict.", _WHO, perfect=1.0,
        ),
        F0_CORRELATION: _column(
            "F0 correlation", "", "higher",
            "Pearson correlation of log F0 of the sound and of the source, frame by frame, where both are voiced; 10 ms "
            "next to where a voice starts or stops left out.", PITCH_SOURCE, perfect=1.0,
        ),
        F0_CENTS: _column(
            "F0 off", "cents", "lower",
            "Median distance, without its sign, of the sound's F0 from the source's plus the key by which it was moved; "
            "over pairs the mean.", PITCH_SOURCE, perfect=0.0,
        ),
        CHARACTERS: _column(
            "character errors", "%", "lower", f"Letters that a recogniser gets wrong, of all letters. {_AGAINST}", _SAID,
            _recogniser.rate_percent,
        ),
        CHARACTERS_RATIO: _column(
            "times the vocoded source's", "", "lower",
            "Character errors of the sound over those of the unconverted source after analysis and the same vocoder.", _SAID,
            ratio, 1.0,
        ),
        WORDS: _column(
            "word errors", "%", "lower", f"Words that a recogniser gets wrong, of all words. {_AGAINST}", _SAID,
            _recogniser.rate_percent,
        ),
        WORDS_RATIO: _column(
            "times the vocoded source's (words)", "", "lower",
            "Word errors of the sound over those of the unconverted source after analysis and the same vocoder.", _SAID,
            ratio, 1.0,
        ),
        OPINION: _column(
            dnsmos_overall.PLUGIN.title, "MOS", "higher", dnsmos_overall.PLUGIN.meaning, dnsmos_overall.PLUGIN.source
        ),
        DISTANCE: _column(
            "MCD-DTW to the target's own", "dB", "lower",
            "Mel-cepstral distortion along the best warping of time, against the target's own recording of the same "
            "sentence, up to the mel's highest frequency; only where there is one.", mcd_dtw.PLUGIN.source, perfect=0.0,
        ),
        SPEED: _column(
            "times real time", "", "higher",
            "Seconds of sound per second of one core: pitch, moving it, analysis, conversion and vocoder, the target's "
            "voice being learnt already. By processor time, when the sound was made.", "processor time", speed,
        ),
    }
)  # fmt: skip
"""By name, in the order of the table."""
