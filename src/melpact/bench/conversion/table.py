"""The table of conversions: per group of pairs every row and column with its interval, and differences from a baseline.

What one sound contributes is in `observations`; a verb makes the sounds, writes and prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from melpact.bench import bootstrap
from melpact.bench.cache import Found, package_version
from melpact.bench.conversion import columns as c
from melpact.bench.conversion.material import Conversion, Domain
from melpact.bench.conversion.observations import BESIDE, OTHER, SAME, Heard, Made, observed, wanted
from melpact.bench.metric import Metric, mean
from melpact.bench.report import Difference, MetricFacts
from melpact.bench.score import Score
from melpact.bench.totals import TELLING
from melpact.core.errors import MelpactError
from melpact.core.records import Record


class Group(Record):
    """Pairs that are totalled together.

    Attributes:
        seen: whether training has heard one of the two voices of each; None: all pairs of the domain.
        rows: row → column → score. anchors: "same speaker", "other speakers" → similarity, over targets.
        differences: of every other row from the baseline, paired.
    """

    name: str
    domain: Domain
    seen: bool | None
    pairs: tuple[str, ...]
    rows: dict[str, dict[str, Score]]
    anchors: dict[str, Score]
    differences: tuple[Difference, ...] = ()


class TargetFacts(Record):
    """A target: how many recordings the converters were given, how long, and how many were kept back."""

    given: int
    given_s: float
    kept_back: int
    seen: bool | None = None


class PairFacts(Record):
    """One conversion.

    Attributes:
        words_from: what its words were compared with. keys: row → semitones.
        values, reasons: row → column → number, or why there is none. files: row → sound, where it is kept.
    """

    name: str
    speaker: str
    target: str
    domain: Domain
    seen: bool | None
    seconds: float
    text: str = ""
    words_from: str = ""
    keys: dict[str, float] = Field(default_factory=dict)
    values: dict[str, dict[str, float]] = Field(default_factory=dict)
    reasons: dict[str, dict[str, str]] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)


class ConversionTable(Record):
    """All of it.

    Attributes:
        methods: row → what it is. asked: row → how it was asked to work. baseline: a row.
        unavailable: column → why it cannot be measured here.
        left_out: clips and speakers that could not be used. failed: sounds that could not be made or heard.
    """

    spec: str
    vocoder: str
    seed: int
    version: str
    baseline: str
    methods: dict[str, str]
    asked: dict[str, dict[str, Any]]
    columns: dict[str, MetricFacts]
    groups: tuple[Group, ...]
    targets: dict[str, TargetFacts]
    pairs: tuple[PairFacts, ...]
    notes: tuple[str, ...] = ()
    unavailable: dict[str, str] = Field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[str, ...]:
        """All rows but the anchors, in their order."""
        return (*BESIDE, *self.methods)

    def group(self, name: str) -> Group:
        """By name."""
        return next(group for group in self.groups if group.name == name)

    def score(self, row: str, column: str, group: str = "speech") -> Score:
        """One of the numbers."""
        return self.group(group).rows[row][column]


def table(
    conversions: Sequence[Conversion],
    heard: Heard,
    *,
    methods: Mapping[str, str],
    asked: Mapping[str, dict[str, Any]],
    baseline: str,
    spec: str,
    vocoder: str,
    seed: int,
    missing: Mapping[str, str],
    notes: Sequence[str] = (),
    left_out: Sequence[str] = (),
    failed: Sequence[str] = (),
) -> ConversionTable:
    """What all pairs say together.

    Args:
        methods: row → title. asked: row → settings. missing: column → why it cannot be measured here.
    """
    rows = (*BESIDE, *methods)
    seen = {one.name: {row: observed(one, row, heard) for row in rows} for one in conversions}
    groups = []
    for name, domain, mark, members in _grouped(conversions):
        own = {one.name: seen[one.name] for one in members}
        groups.append(
            Group(
                name=name, domain=domain, seen=mark, pairs=tuple(own),
                rows={row: {column: _score(column, row, own, seed) for column in c.COLUMNS} for row in rows},
                anchors=_anchors(members, heard, seed),
                differences=tuple(_differences(own, rows, baseline, seed)),
            )
        )  # fmt: skip
    return ConversionTable(
        spec=spec, vocoder=vocoder, seed=seed, version=package_version(), baseline=baseline, methods=dict(methods),
        asked=dict(asked), groups=tuple(groups),
        columns={name: MetricFacts.of(metric) for name, metric in c.COLUMNS.items()},
        targets={
            one.target.name: TargetFacts(
                given=len(one.target.reference), given_s=one.target.reference_s, kept_back=len(one.target.others),
                seen=one.target.seen,
            )
            for one in conversions
        },
        pairs=tuple(_facts(one, seen[one.name], heard) for one in conversions), notes=tuple(notes),
        unavailable=dict(missing), left_out=tuple(left_out), failed=tuple(failed),
    )  # fmt: skip


Seen = Mapping[str, Mapping[str, Mapping[str, Found]]]


def _grouped(conversions: Sequence[Conversion]) -> list[tuple[str, Domain, bool | None, list[Conversion]]]:
    """All of a domain; and where its pairs are marked differently, each mark by itself."""
    found: list[tuple[str, Domain, bool | None, list[Conversion]]] = []
    domains: tuple[Domain, ...] = ("speech", "singing")
    for domain in domains:
        members = [one for one in conversions if one.domain == domain]
        if members:
            found.append((domain, domain, None, members))
        if len({one.seen for one in members}) > 1:
            for mark, said in ((False, "voices unseen by training"), (True, "a voice seen by training")):
                own = [one for one in members if one.seen is mark]
                if own:
                    found.append((f"{domain}, {said}", domain, mark, own))
    return found


def _of(row: str, column: str, seen: Seen) -> dict[str, Any]:
    return {pair: rows[row][column].observation for pair, rows in seen.items() if rows[row][column].reason is None}


def _score(column: str, row: str, seen: Seen, seed: int) -> Score:
    metric = c.COLUMNS[column]
    reasons = {pair: rows[row][column].reason or "" for pair, rows in seen.items() if rows[row][column].reason is not None}
    return scored(metric, _of(row, column, seen), reasons, seed)


def scored(metric: Metric, found: Mapping[str, Any], reasons: Mapping[str, str], seed: int) -> Score:
    """The value over some observations, its interval, or why there is none."""
    if not found:
        reason = Counter(reasons.values()).most_common(1)[0][0] if reasons else "nothing was measured"
        return Score(unit=metric.unit, reason=reason, failed=dict(reasons))
    try:
        value = metric.value(list(found.values()))
    except (MelpactError, ArithmeticError, ValueError) as error:
        return Score(unit=metric.unit, n=len(found), reason=str(error).rstrip("."), failed=dict(reasons))
    low, high = bootstrap.interval(metric, list(found.values()), seed=seed) or (None, None)
    return Score(value=value, unit=metric.unit, n=len(found), low=low, high=high, failed=dict(reasons))


def _anchors(conversions: Sequence[Conversion], heard: Heard, seed: int) -> dict[str, Score]:
    """How alike one speaker's recordings are, and two speakers': one observation per target."""
    targets = dict.fromkeys(one.target.name for one in conversions)
    anchors = {}
    for name, of in ((SAME, heard.same_speaker), (OTHER, heard.other_speakers)):
        found = {target: of(target) for target in targets}
        values = {target: one.observation for target, one in found.items() if one.reason is None}
        reasons = {target: one.reason for target, one in found.items() if one.reason is not None}
        anchors[name] = scored(c.COLUMNS[c.SIMILARITY], values, reasons, seed)
    return anchors


def _differences(seen: Seen, rows: Sequence[str], baseline: str, seed: int) -> list[Difference]:
    found = []
    for row in rows:
        if row == baseline:
            continue
        for column, metric in c.COLUMNS.items():
            one, other = _of(row, column, seen), _of(baseline, column, seen)
            both = [pair for pair in one if pair in other]
            if both:
                found.append(
                    _difference(metric, column, row, baseline, [one[p] for p in both], [other[p] for p in both], seed)
                )
    return found


def _difference(
    metric: Metric, column: str, a: str, b: str, ours: Sequence[Any], theirs: Sequence[Any], seed: int
) -> Difference:
    try:
        if metric.total is not mean:
            metric.value(ours), metric.value(theirs)
        value, ends = bootstrap.difference(metric, ours, theirs, seed=seed)
    except (MelpactError, ArithmeticError, ValueError) as error:
        return Difference(metric=column, a=a, b=b, n=len(ours), reason=str(error).rstrip("."))
    low, high = ends or (None, None)
    winner = None
    if low is not None and high is not None and len(ours) >= TELLING and (low > 0 or high < 0):
        winner = a if (low > 0) == (metric.better == "higher") else b
    return Difference(metric=column, a=a, b=b, value=value, low=low, high=high, n=len(ours), winner=winner)


def _facts(one: Conversion, seen: Mapping[str, Mapping[str, Found]], heard: Heard) -> PairFacts:
    values: dict[str, dict[str, float]] = {}
    reasons: dict[str, dict[str, str]] = {}
    for row, found in seen.items():
        for column, each in found.items():
            if each.reason is not None:
                reasons.setdefault(row, {})[column] = each.reason
                continue
            try:
                values.setdefault(row, {})[column] = c.COLUMNS[column].value([each.observation])
            except (MelpactError, ArithmeticError, ValueError) as error:
                reasons.setdefault(row, {})[column] = str(error).rstrip(".")
    made = {row: sound for row, sound in heard.made[one.name].items() if isinstance(sound, Made)}
    asked = wanted(one, heard.sounds.get(one.name, {}))
    by = asked.by or (asked.reason or "" if one.domain == "speech" else "")
    return PairFacts(
        name=one.name, speaker=one.source.speaker, target=one.target.name, domain=one.domain, seen=one.seen,
        seconds=one.source.seconds, text=one.source.text, words_from=by,
        keys={row: sound.key for row, sound in made.items()}, values=values, reasons=reasons,
        files={row: str(sound.path) for row, sound in made.items()},
    )  # fmt: skip
