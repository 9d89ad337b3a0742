"""What was measured of a refiner, as its file keeps it: where it beats doing nothing and a mere calibration.

The measuring is not done here; what is refused because of it is the verb's business.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from melpact.core.records import Record


class Figure(Record):
    """One metric on one degradation: the refiner beside the two nulls.

    Attributes:
        metric, unit: as the bench calls them ("mel_mae", "nat").
        better: which end is.
        vocoded: whether it was measured on the sound that a vocoder made of the mel.
        refiner, bypass, affine: means over the utterances: refined, left alone, and calibrated band by band.
        gain: what the refiner is ahead of the better of the two nulls in, positive where it is ahead; low, high: its 95 %
            interval over utterances.
    """

    metric: str
    unit: str = ""
    better: Literal["lower", "higher"] = "lower"
    vocoded: bool = False
    refiner: float
    bypass: float
    affine: float
    gain: float
    low: float
    high: float

    @property
    def ahead(self) -> bool:
        """Whether the refiner is ahead by more than chance."""
        return self.low > 0


class Row(Record):
    """One degradation.

    Attributes:
        degradation: its name in `melpact.degradations`, or that of the pairs that were given.
        dose: lowest and highest that this is said of, in the degradation's own unit. unit: of the dose.
        utterances: how many, none of them heard in training.
        helps: whether the law holds here: ahead of both nulls in mel error and after the vocoder.
    """

    degradation: str
    dose: tuple[float, float]
    unit: str = ""
    utterances: int = Field(ge=0)
    helps: bool
    figures: tuple[Figure, ...] = ()


class Measured(Record):
    """The whole table, with how it was made: data, vocoder, settings of the refiner."""

    how: str = ""
    rows: tuple[Row, ...] = ()

    def row(self, degradation: str) -> Row | None:
        """The row of that degradation (hyphens are fine); None: it was not measured."""
        name = degradation.replace("-", "_")
        return next((row for row in self.rows if row.degradation == name), None)

    @property
    def helps_on(self) -> tuple[str, ...]:
        """Degradations on which the law holds."""
        return tuple(row.degradation for row in self.rows if row.helps)

    @property
    def fails_on(self) -> tuple[str, ...]:
        """Degradations that were measured and on which it does not."""
        return tuple(row.degradation for row in self.rows if not row.helps)
