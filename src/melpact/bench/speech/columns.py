"""The columns of a table of speech, as metrics over observations that were made elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from melpact.bench import bootstrap
from melpact.bench.conversion.columns import Four, ratio
from melpact.bench.conversion.table import scored
from melpact.bench.metric import Metric, mean
from melpact.bench.metrics import _recogniser, _second_speaker, character_error_rate, dnsmos_overall, speaker_similarity
from melpact.bench.score import NotMeasured, Score
from melpact.core.errors import MelpactError

CHARACTERS, WORDS, OPINION = "characters", "words", "dnsmos"
CHARACTERS_RATIO, WORDS_RATIO = "characters_ratio", "words_ratio"
WHO, WHO_ELSE = "similarity", "similarity_second"
APART, TEMPO_APART, RANK = "apart", "tempo_apart", "rank"
DURATION, PACE = "duration_error", "pace"
COST, FIRST = "cost", "first_sound"
TONGUE, MELODY = "in_language", "melody"


def median(observations: Sequence[Any]) -> float:
    """The middle of one number per sentence."""
    return float(np.median(np.asarray(observations, np.float64)))


def root_mean_square(observations: Sequence[Any]) -> float:
    """Of one number per sentence."""
    return float(np.sqrt(np.mean(np.square(np.asarray(observations, np.float64)))))


def per_second(observations: Sequence[tuple[float, float]]) -> float:
    """(seconds of sound, seconds spent) of every sentence → seconds spent per second of sound."""
    return sum(one[1] for one in observations) / sum(one[0] for one in observations)


def _elsewhere(pair: Any) -> Any:
    raise AssertionError("this column is not observed on a pair of sounds")


def _column(
    title: str, unit: str, better: Literal["higher", "lower"], meaning: str, source: str,
    total: Callable[[Sequence[Any]], float] = mean, perfect: float | None = None,
) -> Metric:  # fmt: skip
    return Metric(title, unit, better, perfect, _elsewhere, meaning, source, total)


_SAID = character_error_rate.PLUGIN.source
COLUMNS: Mapping[str, Metric] = MappingProxyType(
    {
        CHARACTERS: _column(
            "character errors", "%", "lower",
            "Letters that a recogniser, which is told the language, gets wrong, of all letters of the text.", _SAID,
            _recogniser.rate_percent,
        ),
        CHARACTERS_RATIO: _column(
            "times the ceiling's", "", "lower",
            "Character errors of the speech over those of the true recordings of the same sentences after analysis and the "
            "same vocoder.", _SAID, ratio, 1.0,
        ),
        WORDS: _column(
            "word errors", "%", "lower",
            "Words that a recogniser, which is told the language, gets wrong, of all words of the text.", _SAID,
            _recogniser.rate_percent,
        ),
        WORDS_RATIO: _column(
            "times the ceiling's (words)", "", "lower", "Word errors of the speech over those of the vocoded recordings.",
            _SAID, ratio, 1.0,
        ),
        OPINION: _column(
            dnsmos_overall.PLUGIN.title, "MOS", "higher", dnsmos_overall.PLUGIN.meaning, dnsmos_overall.PLUGIN.source
        ),
        TONGUE: _column(
            "taken for its language", "%", "higher",
            "Sentences that the recogniser, asked which language it hears, takes for theirs: an accent can be understood "
            "and still be heard.", _SAID, perfect=100.0,
        ),
        MELODY: _column(
            "melody", "semitones", "higher",
            "How much the pitch moves within a sentence: the standard deviation of its voiced moments, at most an octave "
            "from their median. A monotone has 0; what matters is the recordings' own.", "own pitch tracker; own definition",
        ),
        WHO: _column(
            "similarity", "", "higher",
            "Cosine between speaker embeddings of the sound and of recordings of the voice that the speaker was not given; "
            "one observation per voice.", speaker_similarity.PLUGIN.source,
        ),
        WHO_ELSE: _column(
            "similarity, second encoder", "", "higher",
            "The same by an encoder that no speaker of this package was made with.", _second_speaker.SOURCE,
        ),
        APART: _column(
            "apart", "dB", "higher",
            "How far the mels of one sentence with different seeds lie apart: root mean square over bands, mean along the "
            "best warping of time, mean over pairs of seeds; per sentence.",
            "own definition; warping after Sakoe & Chiba 1978",
        ),
        TEMPO_APART: _column(
            "length apart", "%", "higher",
            "By how much the lengths of one sentence with different seeds differ, in per cent of their mean; mean over "
            "pairs.",
            "own definition",
        ),
        RANK: _column(
            "rank correlation", "", "higher",
            "Spearman's, of setting and distance, within each sentence; mean over sentences.", "Spearman 1904", perfect=1.0,
        ),
        DURATION: _column(
            "duration off", "%", "lower",
            "Root mean square of ln(seconds spoken / seconds expected), in per cent. Expected: a line through the "
            "recordings' units of text and seconds, each recording left out of its own line.", "own definition",
            root_mean_square, 0.0,
        ),
        PACE: _column(
            "pace", "%", "higher",
            "Mean of ln(seconds expected / seconds spoken), in per cent: 0 as fast as the recordings, above 0 faster.",
            "own definition", perfect=0.0,
        ),
        COST: _column(
            "seconds per second", "", "lower",
            "Processor time per second of sound, model and vocoder, when the sound was made; threads add up.",
            "processor time", per_second,
        ),
        FIRST: _column(
            "time to first sound", "s", "lower",
            "By the clock, from the call to the first samples of a stream, speaker and vocoder being open; the median over "
            "ten sentences. What else the machine does counts.",
            "clock",
            median,
        ),
    }
)  # fmt: skip


def over(column: str, found: Mapping[str, Any], nothing: str, seed: int = 0) -> Score:
    """A column's value over observations by name, and its interval; `nothing`: why there is none, where there is none."""
    return scored(COLUMNS[column], found, {} if found else {"": nothing}, seed)


def times(observations: Sequence[Four], seed: int = 0) -> Score:
    """How many times as many errors as the ceiling, with the 2.5 and 97.5 per cent of draws over sentences.

    A draw without an error of the ceiling has no ratio: it counts as above all others.
    """
    metric = COLUMNS[CHARACTERS_RATIO]
    try:
        value = metric.value(observations)
    except (MelpactError, ArithmeticError) as error:
        why = str(error).rstrip(".") if isinstance(error, NotMeasured) else "nothing to divide by"
        return Score(reason=why.replace("vocoded sources", "vocoded recordings"), n=len(observations))
    low = high = None
    if len(observations) > 1:
        drawn = np.nan_to_num(bootstrap.draws(metric, observations, seed=seed), nan=np.inf)
        low, high = (float(one) for one in np.quantile(drawn, [0.025, 0.975], method="nearest"))
    return Score(value=value, n=len(observations), low=low, high=high if high is not None and np.isfinite(high) else None)
