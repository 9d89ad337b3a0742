"""The table of codecs: per kind of sound every codec at every rate with its bits, speeds and scores; makes no sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydantic import Field

from melpact.bench.cache import package_version
from melpact.bench.codec.coder import DOMAINS, Coder, Domain, row_name
from melpact.bench.codec.equal import Equal, equal
from melpact.bench.codec.over_speakers import over_speakers
from melpact.bench.laws import Verdict
from melpact.bench.metric import Metric, mean
from melpact.bench.report import Difference, MetricFacts
from melpact.bench.score import Score
from melpact.bench.suites import Suite
from melpact.bench.task import Outcome
from melpact.bench.totals import Totals
from melpact.core.errors import MelpactError
from melpact.core.records import Record

NULLS = ("silence", "shaped_noise", "shuffled")


@dataclass(frozen=True)
class Made:
    """A clip that went through a codec, as it is kept: at the rate of the comparison, laid on the original."""

    path: Path
    seconds: float
    payload_bits: int
    file_bytes: int
    encode_s: float
    decode_s: float
    lag_s: float


@dataclass(frozen=True)
class Item:
    """A clip: `path` is its original. `made`: row → what became of it, or why nothing did."""

    name: str
    speaker: str
    domain: Domain
    seconds: float
    path: Path
    text: str = ""
    made: dict[str, Made | str] = field(default_factory=dict)


class Point(Record):
    """A codec at a rate.

    Attributes:
        row, system, asked_kbps: what was asked; None where it is no bit rate. sample_rate: of what it is given.
        payload_kbps, file_kbps: bits of all clips over seconds of all clips: packets alone, and all that is stored.
        encode_speed, decode_speed: seconds of sound per second of one core.
        lag_ms: the median delay that was taken back.
        scores: metric → score with the null and the ceiling (what the codec is given, as 16-bit PCM).
        speakers: metric → the interval of the mean when speakers are drawn.
    """

    row: str
    system: str
    asked_kbps: float | None
    sample_rate: int
    n: int
    payload_kbps: float | None = None
    file_kbps: float | None = None
    encode_speed: float | None = None
    decode_speed: float | None = None
    lag_ms: float | None = None
    scores: dict[str, Score]
    speakers: dict[str, tuple[float, float]] = Field(default_factory=dict)


class Group(Record):
    """Clips of one kind.

    Attributes:
        points: in the order of the codecs, then of the rates. anchors: null or ceiling → metric → score.
        differences: of every two codecs at the same asked rate, paired by clip; `a` and `b` are rows.
        equal: each point beside the curve of every other codec.
    """

    domain: Domain
    clips: tuple[str, ...]
    speakers: int
    seconds: float
    points: tuple[Point, ...]
    anchors: dict[str, dict[str, Score]]
    differences: tuple[Difference, ...] = ()
    equal: tuple[Equal, ...] = ()

    def point(self, row: str) -> Point:
        """By row."""
        return next(point for point in self.points if point.row == row)


class ClipFacts(Record):
    """A clip: row → real rate of payload, values, why there is none, and where its sound lies."""

    name: str
    speaker: str
    domain: Domain
    seconds: float
    text: str = ""
    kbps: dict[str, float] = Field(default_factory=dict)
    values: dict[str, dict[str, float]] = Field(default_factory=dict)
    reasons: dict[str, dict[str, str]] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)


class SystemFacts(Record):
    """A codec."""

    title: str
    sample_rate: int
    version: str


class CodecTable(Record):
    """All of it.

    Attributes:
        rate: of the comparison, Hz. systems: by name.
        unavailable: metric → why it cannot be measured here. withheld: metrics that break their laws.
        left_out: codecs and rates that are not in the table, and why.
        failed: clips and sounds that could not be read, made or measured.
    """

    rate: int
    seed: int
    version: str
    systems: dict[str, SystemFacts]
    metrics: dict[str, MetricFacts]
    groups: tuple[Group, ...]
    clips: tuple[ClipFacts, ...]
    notes: tuple[str, ...] = ()
    unavailable: dict[str, str] = Field(default_factory=dict)
    withheld: dict[str, Verdict] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    def group(self, domain: Domain) -> Group:
        """By its kind."""
        return next(group for group in self.groups if group.domain == domain)

    def score(self, row: str, metric: str, domain: Domain = "speech") -> Score:
        """One of the numbers."""
        return self.group(domain).point(row).scores[metric]


def ceiling_name(sample_rate: int) -> str:
    """What a codec of this rate is given: it cannot be better than that."""
    return f"16-bit PCM {sample_rate / 1000:g} kHz"


Rows = Sequence[tuple[Coder, float]]


def grouped(
    items: Sequence[Item],
    outcomes: Mapping[str, Outcome],
    rows: Rows,
    metrics: Mapping[str, Metric],
    *,
    seed: int,
    rate: int,
) -> list[Group]:
    """One group per kind of sound; `outcomes` by the clip's name."""
    return [
        _group(domain, own, [outcomes[one.name] for one in own], rows, metrics, seed, rate)
        for domain in DOMAINS
        if (own := [one for one in items if one.domain == domain])
    ]


def _group(
    domain: Domain, items: Sequence[Item], outcomes: Sequence[Outcome], rows: Rows, metrics: Mapping[str, Metric], seed: int,
    rate: int,
) -> Group:  # fmt: skip
    fitting = {name: metric for name, metric in metrics.items() if domain in metric.domains}
    points, anchors = list[Point](), dict[str, dict[str, Score]]()
    for coder, asked in rows:
        ceiling = ceiling_name(coder.sample_rate)
        suite = Suite("Sound that was coded and decoded.", domain, NULLS, (ceiling,), waveform_exact=True)
        row = row_name(coder, asked)
        totals = Totals(fitting, suite, outcomes, [row], seed=seed, rate=rate)
        points.append(_point(coder, asked, items, totals.scores(row), outcomes, fitting, seed))
        for anchor in (*NULLS, ceiling):
            if anchor not in anchors:
                anchors[anchor] = totals.anchor(anchor)
    differences = list[Difference]()
    by_rate = [(coder, asked) for coder, asked in rows if coder.unit == "kbit/s"]
    for kbps in dict.fromkeys(asked for _, asked in by_rate):
        names = [row_name(coder, asked) for coder, asked in by_rate if asked == kbps]
        if len(names) > 1:
            suite = Suite("The same rate.", domain, NULLS, (), waveform_exact=True)
            differences += Totals(fitting, suite, outcomes, names, seed=seed, rate=rate).differences()
    return Group(
        domain=domain, clips=tuple(one.name for one in items), speakers=len({one.speaker for one in items}),
        seconds=sum(one.seconds for one in items), points=tuple(points), anchors=anchors,
        differences=tuple(differences), equal=tuple(_equal(points, fitting)),
    )  # fmt: skip


def _point(
    coder: Coder, asked: float, items: Sequence[Item], scores: dict[str, Score], outcomes: Sequence[Outcome],
    metrics: Mapping[str, Metric], seed: int,
) -> Point:  # fmt: skip
    row = row_name(coder, asked)
    made = [one.made[row] for one in items]
    real = [one for one in made if isinstance(one, Made)]
    facts: dict[str, float] = {}
    if real:
        seconds = sum(one.seconds for one in real)
        encode, decode = sum(one.encode_s for one in real), sum(one.decode_s for one in real)
        facts = {
            "payload_kbps": sum(one.payload_bits for one in real) / seconds / 1000,
            "file_kbps": sum(8 * one.file_bytes for one in real) / seconds / 1000,
            "lag_ms": 1000 * float(np.median([one.lag_s for one in real])),
        }
        facts |= {"encode_speed": seconds / encode} if encode > 0 else {}
        facts |= {"decode_speed": seconds / decode} if decode > 0 else {}
    who = {one.name: one.speaker for one in items}
    speakers = {}
    for name, metric in metrics.items():
        if metric.total is mean:
            seen = {o.name: o.found[row][name] for o in outcomes if row in o.found}
            values = {clip: float(one.observation) for clip, one in seen.items() if one.reason is None}
            drawn = over_speakers(values, who, seed=seed) if values else None
            if drawn is not None:
                speakers[name] = drawn
    return Point(
        row=row, system=coder.name, asked_kbps=asked if coder.unit == "kbit/s" else None, n=len(real), scores=scores,
        sample_rate=coder.sample_rate, speakers=speakers, **facts,
    )  # fmt: skip


def _equal(points: Sequence[Point], metrics: Mapping[str, Metric]) -> list[Equal]:
    systems = list(dict.fromkeys(point.system for point in points))
    found = []
    for name, metric in metrics.items():
        curves = {
            system: [
                (point.payload_kbps, value)
                for point in points
                if point.system == system and point.payload_kbps and (value := point.scores[name].value) is not None
            ]
            for system in systems
        }
        for point in points:
            value = point.scores[name].value
            if value is None or not point.payload_kbps:
                continue
            for other in systems:
                if other != point.system and curves[other]:
                    found.append(
                        equal(name, point.row, point.system, point.payload_kbps, value, other, curves[other],
                              higher=metric.better == "higher")
                    )  # fmt: skip
    return found


def facts_of(item: Item, outcome: Outcome, metrics: Mapping[str, Metric]) -> ClipFacts:
    """What was found of one clip alone."""
    values: dict[str, dict[str, float]] = {}
    reasons: dict[str, dict[str, str]] = {}
    for row, made in item.made.items():
        found = outcome.found.get(row)
        if found is None:
            why = made if isinstance(made, str) else outcome.failed.get(row) or outcome.failed.get("") or "was not measured"
            reasons[row] = {"": why}
            continue
        for name, one in found.items():
            if one.reason is not None:
                reasons.setdefault(row, {})[name] = one.reason
                continue
            try:
                values.setdefault(row, {})[name] = metrics[name].value([one.observation])
            except (MelpactError, ArithmeticError, ValueError) as error:
                reasons.setdefault(row, {})[name] = str(error).rstrip(".")
    real = {row: made for row, made in item.made.items() if isinstance(made, Made)}
    return ClipFacts(
        name=item.name, speaker=item.speaker, domain=item.domain, seconds=item.seconds, text=item.text,
        kbps={row: one.payload_bits / one.seconds / 1000 for row, one in real.items()}, values=values, reasons=reasons,
        files={"original": str(item.path), **{row: str(one.path) for row, one in real.items()}},
    )  # fmt: skip


def table(
    groups: Sequence[Group], clips: Sequence[ClipFacts], coders: Sequence[Coder], metrics: Mapping[str, Metric], *,
    rate: int, seed: int, notes: Sequence[str] = (), unavailable: Mapping[str, str], withheld: Mapping[str, Verdict],
    left_out: Sequence[str] = (), failed: Sequence[str] = (),
) -> CodecTable:  # fmt: skip
    """The record of a run."""
    return CodecTable(
        rate=rate, seed=seed, version=package_version(), groups=tuple(groups), clips=tuple(clips), notes=tuple(notes),
        systems={
            one.name: SystemFacts(title=one.title, sample_rate=one.sample_rate, version=one.version()) for one in coders
        },
        metrics={name: MetricFacts.of(metric) for name, metric in metrics.items()}, unavailable=dict(unavailable),
        withheld=dict(withheld), left_out=tuple(left_out), failed=tuple(failed),
    )  # fmt: skip
