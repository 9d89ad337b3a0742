"""`Report`: everything that a run of the bench found, as one record; it survives JSON unchanged.

How it is made is in `run`; how it is printed as CSV and LaTeX is in `tables`; a page for the browser takes a `Report` and
the paths in `Utterance.files`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from melpact.bench.laws import Verdict
from melpact.bench.metric import Metric
from melpact.bench.score import Score
from melpact.core.records import Record


class MetricFacts(Record):
    """What a reader has to know of a metric."""

    title: str
    unit: str
    better: Literal["higher", "lower"]
    perfect: float | None
    meaning: str
    source: str
    waveform_exact: bool

    @classmethod
    def of(cls, metric: Metric) -> MetricFacts:
        return cls(**{name: getattr(metric, name) for name in cls.model_fields})


class Difference(Record):
    """System `a` minus system `b` on the utterances that both have: paired, with its bootstrap 95 % interval.

    `winner` is the better one where the interval excludes 0; None: these n utterances cannot tell.
    """

    metric: str
    a: str
    b: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    winner: str | None = None
    reason: str | None = None


class Side(Record):
    """What was found of one system's sound of one utterance before scoring; `failed`: why there is nothing."""

    values: dict[str, float | None] = Field(default_factory=dict)
    reasons: dict[str, str] = Field(default_factory=dict)
    lag_s: float | None = None
    gain_db: float | None = None
    flipped: bool | None = None
    rate: int | None = None
    length_s: float | None = None
    peak: float | None = None
    bandwidth_hz: float | None = None
    match: float | None = None
    failed: str | None = None


class Utterance(Record):
    """One utterance: files (where the sounds came from files) and what each system got."""

    name: str
    seconds: float
    rate: int | None = None
    bandwidth_hz: float | None = None
    text: str | None = None
    files: dict[str, str] = Field(default_factory=dict)
    sides: dict[str, Side] = Field(default_factory=dict)
    failed: str | None = None


class Report(Record):
    """The bench's result.

    Attributes:
        systems: names, in the order given.
        suite, dialect, rate, rate_why, seed, version: how it was measured; `rate_why` says where the rate comes from.
        metrics: what was printed, by name. scores: system → metric → `Score`.
        anchors: anchor → metric → `Score`, over the same utterances; nulls and ceilings as systems.
        differences: every pair of systems, every metric.
        best: metric → the system that beats every other with an interval that excludes 0.
        utterances: per utterance. withheld: metrics that break their laws, with what was measured.
        unavailable: metric → why it cannot be computed here.
        cost_ms: metric → ms of one core per second of audio and system (what metrics share is with the first that asks).
        warnings: what a reader has to know before the numbers.
        missing: files that have no partner; failed: what could not be measured, by utterance and system.
    """

    systems: tuple[str, ...]
    suite: str
    dialect: str
    rate: int
    rate_why: str
    seed: int
    version: str
    metrics: dict[str, MetricFacts]
    scores: dict[str, dict[str, Score]]
    anchors: dict[str, dict[str, Score]]
    differences: tuple[Difference, ...] = ()
    best: dict[str, str] = Field(default_factory=dict)
    utterances: tuple[Utterance, ...] = ()
    withheld: dict[str, Verdict] = Field(default_factory=dict)
    untried: dict[str, str] = Field(default_factory=dict)
    unavailable: dict[str, str] = Field(default_factory=dict)
    cost_ms: dict[str, float] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def score(self, metric: str, system: str | None = None) -> Score:
        """One score; the system may be left out where there is only one."""
        return self.scores[system or self.systems[0]][metric]

    @property
    def seconds(self) -> float:
        """Of originals."""
        return sum(utterance.seconds for utterance in self.utterances)

    @property
    def whole(self) -> bool:
        """Whether nothing failed and nothing was missing."""
        return not self.failed and not self.missing

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `Report.model_validate` reads them back."""
        return self.model_dump(mode="json")
