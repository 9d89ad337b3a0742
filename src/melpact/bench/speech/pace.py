"""How long people take for a text: a line through recordings, and how far speech and recordings lie from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from melpact.bench.score import Score
from melpact.bench.speech import columns as c
from melpact.core.records import Record

FEWEST = 8
"""Recordings from which on a line is drawn."""
USUAL_S, USUAL_UNITS_PER_S = 0.15, 13.0
"""Of a language without recordings: a pause, and letters or phonemes in a second."""


@dataclass(frozen=True)
class Pace:
    """Seconds = `start_s` + units / `units_per_s`."""

    start_s: float = USUAL_S
    units_per_s: float = USUAL_UNITS_PER_S
    n: int = 0

    def seconds(self, units: int) -> float:
        """For a text of so many units."""
        return max(0.1, self.start_s + units / self.units_per_s)


def fitted(units: Sequence[int], seconds: Sequence[float]) -> Pace:
    """The line of least relative squares; with fewer than eight recordings or no slope, their mean rate."""
    if not units:
        return Pace()
    x, y = np.asarray(units, np.float64), np.asarray(seconds, np.float64)
    mean = Pace(0.0, float(x.sum() / y.sum()), len(x))
    if len(x) < FEWEST or np.ptp(x) == 0:
        return mean
    matrix = np.stack([1 / y, x / y], axis=1)
    (start, slope), *_ = np.linalg.lstsq(matrix, np.ones_like(y), rcond=None)
    if slope <= 0 or start < -0.5 * y.min():
        return mean
    return Pace(float(start), float(1 / slope), len(x))


class Duration(Record):
    """Of a language: how well seconds follow the text.

    Attributes:
        unit: of text. start_s, units_per_s: of the line through all recordings.
        speech, recordings: off the line (of the others). nothing: recordings against the mean of the others' seconds;
            speech_nothing: speech against the mean of all recordings' seconds.
        pace: of the speech.
    """

    language: str
    unit: str
    start_s: float
    units_per_s: float
    speech: Score
    recordings: Score
    nothing: Score
    speech_nothing: Score
    pace: Score


def duration(
    language: str, unit: str, units: Mapping[str, int], spoken: Mapping[str, float], recorded: Mapping[str, float], *,
    seed: int = 0,
) -> Duration:  # fmt: skip
    """Sentence → units of its text, seconds of the speech, seconds of the recording."""
    names = [name for name in recorded if units.get(name)]
    line = fitted([units[name] for name in names], [recorded[name] for name in names])
    speech, pace, people, nothing, flat = (dict[str, float]() for _ in range(5))
    for name in units:
        rest = [other for other in names if other != name]
        if not rest:
            continue
        expected = fitted([units[other] for other in rest], [recorded[other] for other in rest]).seconds(units[name])
        mean = float(np.exp(np.mean([np.log(recorded[other]) for other in rest])))
        if spoken.get(name, 0) > 0:
            speech[name] = 100 * float(np.log(spoken[name] / expected))
            pace[name], flat[name] = -speech[name], 100 * float(np.log(spoken[name] / mean))
        if name in recorded:
            people[name] = 100 * float(np.log(recorded[name] / expected))
            nothing[name] = 100 * float(np.log(recorded[name] / mean))
    why = "nothing to compare with"
    return Duration(
        language=language, unit=unit, start_s=line.start_s, units_per_s=line.units_per_s,
        speech=c.over(c.DURATION, speech, why, seed), recordings=c.over(c.DURATION, people, why, seed),
        nothing=c.over(c.DURATION, nothing, why, seed), speech_nothing=c.over(c.DURATION, flat, why, seed),
        pace=c.over(c.PACE, pace, why, seed),
    )  # fmt: skip
