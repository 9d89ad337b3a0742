"""What the laboratory found, as records that survive JSON; how it is shown is in `page`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from melpact.bench.factorial import Effect, Interaction, Shares
from melpact.bench.report import MetricFacts
from melpact.bench.totals import TELLING
from melpact.core.records import Record


class Value(Record):
    """A mean over utterances with its 95 % interval, or the reason why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reason: str | None = None


class Distribution(Record):
    """What one refiner did to the values of all mels together; every distance is from the natural mels, in nat.

    Attributes:
        of: what it was given: "natural", or the name and dose of a degradation.
        refiner: its name; for kind "null" what the distances are without any refiner (see `meaning`).
        mean, std, skewness, kurtosis: of all values; kurtosis is 0 for a Gaussian.
        moved: mean |change| of what it was given. error: mean |difference| from the natural mel, None for a null that has no
            pairs.
        wasserstein, smirnov: mean over bands; `bands` holds the Wasserstein distance of each.
        variance_db: how much more (or less) a band varies over time than a natural one, mean over bands.
        modulation_db: mean |difference| of the modulation spectrum up to 40 Hz; `modulation` is the signed mean over bands
            at `LabReport.modulation_hz`.
        below_floor, above_ceiling: share of the values below the description's floor, and above the highest natural value of
            their band.
    """

    of: str
    refiner: str
    kind: Literal["refiner", "null"] = "refiner"
    meaning: str = ""
    mean: float
    std: float
    skewness: float
    kurtosis: float
    moved: float | None = None
    error: float | None = None
    wasserstein: float
    smirnov: float
    variance_db: float
    modulation_db: float
    below_floor: float
    above_ceiling: float
    bands: tuple[float, ...] = ()
    modulation: tuple[float, ...] = ()
    reason: str | None = None


class Cell(Record):
    """One setting of the factorial: metric → value."""

    refiner: str
    vocoder: str
    values: dict[str, Value]


class Crossing(Record):
    """{original, refined by each} × {vocoders}: cells, what each factor does, nulls and ceilings."""

    refiners: tuple[str, ...]
    vocoders: tuple[str, ...]
    cells: tuple[Cell, ...]
    effects: tuple[Effect, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    shares: tuple[Shares, ...] = ()
    anchors: dict[str, dict[str, Value]] = Field(default_factory=dict)
    missing: dict[str, str] = Field(default_factory=dict)


class Point(Record):
    """One dose: how far the mel is from the right one, and metric → value; `unplanted` counts clips that cannot show it."""

    dose: float
    words: str
    distance_nat: float | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    unplanted: int = 0


class Threshold(Record):
    """Where a metric has lost half of what lies between ceiling and null.

    Attributes:
        bar: (ceiling + null) / 2 of the utterances that were used.
        state: "breaks" within the doses; "at once": before the mildest; "holds" to the largest; "kinds": a fault without
            sizes, `broken` says which; "no room": the ceiling is no better than the null.
        dose, low, high: in the dose's unit, with the bootstrap's 95 % interval over utterances from its mild to its gross
            end (of a signal-to-noise ratio `low` is the larger number). A None end lies beyond the doses: `low` before the
            mildest, `high` beyond the largest.
        distance_nat: the distance of the mel there.
        certainty: share of resamples that break within the doses.
        broken: names of the kinds at or below the bar, mean over utterances.
    """

    metric: str
    bar: float
    state: Literal["breaks", "at once", "holds", "kinds", "no room"]
    dose: float | None = None
    low: float | None = None
    high: float | None = None
    distance_nat: float | None = None
    certainty: float | None = None
    broken: tuple[str, ...] = ()


class Curve(Record):
    """One fault or degradation from mild to gross."""

    name: str
    source: Literal["fault", "degradation"]
    title: str
    unit: str
    kinds: bool = False
    points: tuple[Point, ...] = ()
    threshold: dict[str, Threshold] = Field(default_factory=dict)
    refused: str | None = None


class Doses(Record):
    """All curves by one vocoder, with its ceiling (the right mel) and the nulls."""

    vocoder: str
    ceiling: dict[str, Value]
    nulls: dict[str, dict[str, Value]]
    null_of: dict[str, str]
    curves: tuple[Curve, ...]


class Repair(Record):
    """What one repair of one damage changes: paired over utterances; positive `gain` is better whatever the metric.

    Attributes:
        repair: "nothing" for the damage itself, whose `after` is what it got.
        before, after: means. gain: its mean change with the 95 % interval. back: the gain over what the damage took, 1: all
            of it is back; None where the damage took nothing that can be told from nothing.
    """

    damage: str
    words: str
    repair: str
    metric: str
    before: float | None = None
    after: float | None = None
    whole: float | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    back: float | None = None
    n: int = 0
    reason: str | None = None

    @property
    def certain(self) -> bool:
        """Whether the interval excludes zero, on utterances enough to say so."""
        return self.n >= TELLING and self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class LabReport(Record):
    """Everything: what went in, and the four chapters."""

    version: str
    dialect: str
    sample_rate: int
    clips: tuple[str, ...]
    seconds: float
    suite: str
    seed: int
    metrics: dict[str, MetricFacts]
    unavailable: dict[str, str] = Field(default_factory=dict)
    titles: dict[str, str] = Field(default_factory=dict)
    modulation_hz: tuple[float, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    crossing: Crossing
    doses: Doses
    repairs: tuple[Repair, ...] = ()
    failed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `LabReport.model_validate` reads them back."""
        return self.model_dump(mode="json")
