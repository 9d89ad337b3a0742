"""`Converting`: how a converter is asked to work. What it makes of that is said by each of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from melpact.core.records import Record

MOST_SEMITONES = 24.0
OF_ONE_METHOD = ("moments", "neighbours")
"""What some methods read alone (`Converter.reads`)."""
Moments = Literal["exact", "exponential"]


class Converting(Record):
    """What a user may choose.

    Attributes:
        ratio: 0 … 1; 0 gives the input itself, 1 all of the target. Of every method.
        key_semitones: how far the pitch is moved; None: from the two ranges. The mel that a converter gets is moved already,
            for the pitch is moved in the sound (`features.voice_shift`).
        formant: factor on the frequencies of the envelope, moved in the sound as well; 1 leaves them.
        moments: of "statistics": over all frames of the target ("exact") or with the latest weighing most ("exponential").
        neighbours: of "retrieval": how many frames of the target make one.
    """

    ratio: float = Field(default=1.0, ge=0, le=1)
    key_semitones: float | None = Field(default=None, ge=-MOST_SEMITONES, le=MOST_SEMITONES)
    formant: float = Field(default=1.0, ge=0.5, le=2.0)
    moments: Moments = "exact"
    neighbours: int = Field(default=8, ge=1, le=64)
