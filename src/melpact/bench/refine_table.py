"""The table degradation × dose × refiner: values with intervals, paired gains over both nulls, and whether the law holds.

What is done with one clip is in `refining`; a verb writes and prints what is said here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from melpact.bench import bootstrap
from melpact.bench.metric import Metric, mean
from melpact.bench.refining import AFFINE, BESIDE, BYPASS, CLEAN, COST, MEL, PREDICTED, Arm, Condition, Refinery, side
from melpact.bench.report import MetricFacts
from melpact.bench.task import Outcome
from melpact.contract.dialect import name_of
from melpact.core.errors import MelpactError
from melpact.core.records import Record
from melpact.degradations.kinds import degradations
from melpact.models.refine.measured import Figure, Measured, Row

LAW = ("pesq_wb", "dnsmos_overall", "global_variance", "modulation_spectrum", "frechet_mel")
"""What is asked after the vocoder. The law holds where the mel error and more than half of these are ahead of both nulls,
none is behind one of them, and at no dose alone the mel error is behind bypass. Of a degradation's doses the longest run is
taken for which it holds."""
NULLS = (BYPASS, AFFINE)
FEWEST = 6
"""With fewer clips nothing is called ahead: all of five agreeing is no rarer than 1 in 16."""


class Cell(Record):
    """One metric of one arm: its value over clips with the 95 % interval, or why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reason: str | None = None


class Gain(Record):
    """How much better an arm is than a null, paired over clips, positive where it is ahead; `low`, `high`: 95 % interval.

    `doses`: of the degradation that it is the mean over; none for what a model predicted.
    """

    degradation: str
    doses: tuple[float, ...]
    arm: str
    null: Literal["bypass", "affine"]
    metric: str
    gain: float
    low: float | None = None
    high: float | None = None
    n: int = 0

    @property
    def sign(self) -> int:
        """1: ahead by more than chance; -1: behind; 0: cannot be told."""
        if self.low is None or self.high is None or self.n < FEWEST:
            return 0
        return 1 if self.low > 0 else -1 if self.high < 0 else 0


class StepRow(Record):
    """A diffusion at a number of steps, on one condition of each clip; `null`: left alone there."""

    arm: str
    cells: dict[str, Cell]
    null: dict[str, Cell]
    cost_ms: float


class RefineTable(Record):
    """All of it.

    Attributes:
        clips, seconds: how many, and how much sound together.
        spec, vocoder: of the mels, its dialect or fingerprint; what made their sounds.
        metrics: what was measured, "mel" first: the distance of the mels themselves.
        arms: names; `asked`: how each was asked to work. cost_ms: of one core per second of sound, median over clips.
        cells: label of a condition → arm → metric. beside: "clean" (the ceiling) and the anchors → metric.
        gains: per degradation and dose, and per degradation over its doses.
        measured: arm → what its file may say of it.
        steps: quality and time of a diffusion by its steps.
        failed: what could not be measured; unavailable: metric → why.
    """

    clips: int
    seconds: float
    spec: str
    vocoder: str
    seed: int
    metrics: dict[str, MetricFacts]
    arms: tuple[str, ...]
    asked: dict[str, dict[str, Any]]
    cost_ms: dict[str, float]
    conditions: tuple[str, ...]
    cells: dict[str, dict[str, dict[str, Cell]]]
    beside: dict[str, dict[str, Cell]]
    gains: tuple[Gain, ...]
    measured: dict[str, Measured]
    steps: tuple[StepRow, ...] = ()
    failed: tuple[str, ...] = ()
    unavailable: dict[str, str] = Field(default_factory=dict)

    def gain(self, degradation: str, arm: str, null: str, metric: str, doses: Sequence[float] | None = None) -> Gain | None:
        """One of the gains; over all doses of the degradation unless some are named."""
        fitting = [
            one
            for one in self.gains
            if (one.degradation, one.arm, one.null, one.metric) == (degradation, arm, null, metric)
            and (doses is None or one.doses == tuple(doses))
        ]
        return max(fitting, key=lambda one: len(one.doses), default=None)


def sign_of(table: RefineTable, label: str, arm: str, metric: str) -> int:
    """At one condition: 1 where an arm is ahead of both nulls by more than chance, -1 where it is behind one of them."""
    name, _, dose = label.partition(":")
    gains: list[Gain | None] = [table.gain(name, arm, null, metric, [float(dose)] if dose else []) for null in NULLS]
    known = [one.sign for one in gains if one is not None]
    return min(known) if len(known) == len(NULLS) else 0


def table(outcomes: Sequence[Outcome], refinery: Refinery, clips: Mapping[str, Condition | None]) -> RefineTable:
    """What all clips say together.

    Args:
        clips: name → the condition on which it tried the steps, if any.
    """
    whole = [outcome for outcome in outcomes if "" not in outcome.failed]
    known = refinery.every()
    missing = {name: why for name, metric in known.items() if (why := metric.missing())}
    seen = _Seen(whole, {name: metric for name, metric in known.items() if name not in missing}, refinery.seed)
    arms = (*NULLS, *(arm.name for arm in refinery.arms))
    cells = {c.label: {arm: seen.cells(side(c, arm)) for arm in arms} for c in refinery.conditions}
    gains = _gains(seen, refinery)
    asked = {arm.name: arm.parts()[1] for arm in (*refinery.arms, *refinery.stepped)}
    found = RefineTable(
        clips=len(whole),
        seconds=sum(outcome.seconds for outcome in whole),
        spec=name_of(refinery.spec) or refinery.spec.fingerprint,
        vocoder=refinery.vocoder,
        seed=refinery.seed,
        metrics={name: MetricFacts.of(metric) for name, metric in seen.metrics.items()},
        arms=arms,
        asked=asked,
        cost_ms={arm: seen.cost([side(c, arm) for c in refinery.conditions]) for arm in arms},
        conditions=tuple(c.label for c in refinery.conditions),
        cells=cells,
        beside={name: seen.cells(name) for name in (CLEAN, *BESIDE)},
        gains=tuple(gains),
        measured={},
        steps=tuple(_step(whole, seen, arm, clips) for arm in refinery.stepped),
        failed=tuple(f"{o.name}: {where or 'original'}: {why}" for o in outcomes for where, why in o.failed.items()),
        unavailable=missing,
    )
    return found.model_copy(update={"measured": {arm.name: _measured(found, seen, arm, refinery) for arm in refinery.arms}})


class _Seen:
    """Observations by side and metric; draws are made once."""

    def __init__(self, outcomes: Sequence[Outcome], metrics: Mapping[str, Metric], seed: int) -> None:
        self.outcomes, self.metrics, self.seed = outcomes, metrics, seed
        self._drawn: dict[tuple[str, str, tuple[str, ...]], NDArray[np.float64]] = {}

    def of(self, where: str, metric: str) -> dict[str, Any]:
        """Clip → observation."""
        found = {o.name: o.found[where].get(metric) for o in self.outcomes if where in o.found}
        return {name: one.observation for name, one in found.items() if one is not None and one.reason is None}

    def cells(self, where: str) -> dict[str, Cell]:
        return {name: self._cell(where, name) for name in self.metrics if name != MEL or where not in BESIDE}

    def _cell(self, where: str, name: str) -> Cell:
        seen, metric = self.of(where, name), self.metrics[name]
        try:
            value = metric.value(list(seen.values()))
        except (MelpactError, ArithmeticError, ValueError) as error:
            return Cell(reason=str(error))
        drawn = self._draws(where, name, tuple(seen)) if len(seen) > 1 else None
        low, high = bootstrap.interval(metric, list(seen.values()), drawn, seed=self.seed) or (None, None)
        return Cell(value=value, low=low, high=high, n=len(seen))

    def cost(self, places: Sequence[str]) -> float:
        """Median over clips and conditions."""
        spent = [value for where in places for value in self.of(where, COST).values()]
        return round(float(np.median(spent)), 3) if spent else 0.0

    def _draws(self, where: str, name: str, clips: tuple[str, ...]) -> NDArray[np.float64]:
        key = (where, name, clips)
        if key not in self._drawn:
            seen = self.of(where, name)
            self._drawn[key] = bootstrap.draws(self.metrics[name], [seen[clip] for clip in clips], seed=self.seed)
        return self._drawn[key]

    def ahead(self, name: str, arms: Sequence[str], nulls: Sequence[str]) -> tuple[float, bootstrap.Interval | None, int]:
        """By how much the arms beat the nulls, pair by pair and on the clips that all have; the mean over the pairs."""
        metric = self.metrics[name]
        sign = 1.0 if metric.better == "higher" else -1.0
        held = {where: self.of(where, name) for where in (*arms, *nulls)}
        clips = tuple(clip for clip in held[arms[0]] if all(clip in one for one in held.values()))
        if not clips:
            return float("nan"), None, 0
        if metric.total is mean:
            left, right = (
                np.mean([[held[where][clip] for clip in clips] for where in places], axis=0) for places in (arms, nulls)
            )
            value, ends = bootstrap.difference(metric, (sign * left).tolist(), (sign * right).tolist(), seed=self.seed)
            return value, ends, len(clips)
        pairs = list(zip(arms, nulls, strict=True))
        try:
            values = [[metric.value([held[w][clip] for clip in clips]) for w in pair] for pair in pairs]
        except (MelpactError, ArithmeticError, ValueError):
            return float("nan"), None, 0
        value = sign * float(np.mean([a - b for a, b in values]))
        if len(clips) < 2:
            return value, None, len(clips)
        drawn = sign * np.mean([self._draws(a, name, clips) - self._draws(b, name, clips) for a, b in pairs], axis=0)
        return value, bootstrap.around(value, drawn), len(clips)


def _gains(seen: _Seen, refinery: Refinery) -> list[Gain]:
    found = []
    for name, conditions in _grouped(refinery.conditions).items():
        for group in _runs(conditions):
            for arm in (AFFINE, *(one.name for one in refinery.arms)):
                for null in NULLS if arm != AFFINE else (BYPASS,):
                    for metric in seen.metrics:
                        gain, ends, n = seen.ahead(metric, [side(c, arm) for c in group], [side(c, null) for c in group])
                        if not np.isfinite(gain):
                            continue
                        low, high = ends or (None, None)
                        found.append(
                            Gain(degradation=name, doses=_doses(group), arm=arm, null=null, metric=metric,
                                 gain=gain, low=low, high=high, n=n)
                        )  # fmt: skip
    return found


def _doses(conditions: Sequence[Condition]) -> tuple[float, ...]:
    return tuple(condition.dose for condition in conditions if condition.dose is not None)


def _grouped(conditions: Sequence[Condition]) -> dict[str, list[Condition]]:
    """By degradation, the doses rising."""
    found: dict[str, list[Condition]] = {}
    for condition in sorted(conditions, key=lambda c: c.dose or 0.0):
        found.setdefault(condition.degradation, []).append(condition)
    return {name: found[name] for name in dict.fromkeys(c.degradation for c in conditions)}


def _runs(conditions: Sequence[Condition]) -> list[Sequence[Condition]]:
    """Doses without a gap, the longest runs first."""
    count = len(conditions)
    return [conditions[first : first + n] for n in range(count, 0, -1) for first in range(count - n + 1)]


@dataclass(frozen=True)
class _Verdict:
    helps: bool
    figures: tuple[Figure, ...]
    n: int


def _measured(found: RefineTable, seen: _Seen, arm: Arm, refinery: Refinery) -> Measured:
    """What an arm's file may say."""
    rows = []
    for name, conditions in _grouped(refinery.conditions).items():
        verdicts = {tuple(run): _judged(found, seen, name, arm.name, run) for run in _runs(conditions)}
        run = next((run for run, verdict in verdicts.items() if verdict.helps), tuple(conditions))
        verdict, doses = verdicts[run], _doses(run) or (0.0,)
        unit = "" if name == PREDICTED else degradations()[name].unit
        rows.append(
            Row(degradation=name, dose=(min(doses), max(doses)), unit=unit, utterances=verdict.n, helps=verdict.helps,
                figures=verdict.figures)
        )  # fmt: skip
    asked = found.asked[arm.name]
    said = ", ".join(f"{key} {value}" for key, value in asked.items() if key in ("steps", "strength", "guidance", "solver"))
    how = (
        f"{found.clips} clips, {found.seconds:.0f} s, given as held out; vocoder {found.vocoder}; {said}. Ahead: the paired "
        f"95 % intervals of the gains over both nulls lie above 0. Helps: ahead in mel error and in more than half of "
        f"{', '.join(name for name in LAW if name in seen.metrics)} after the vocoder, and behind in none, over the doses "
        "given, at none of which the mel error is behind bypass"
    )
    return Measured(how=how, rows=tuple(rows))


def _judged(found: RefineTable, seen: _Seen, name: str, arm: str, conditions: Sequence[Condition]) -> _Verdict:
    figures, signs, n = [], {}, 0
    for metric in (MEL, *(one for one in LAW if one in seen.metrics)):
        beside = [found.gain(name, arm, null, metric, _doses(conditions)) for null in NULLS]
        gains = [one for one in beside if one is not None]
        if len(gains) < len(NULLS):
            continue
        signs[metric] = min(one.sign for one in gains)
        least = min(gains, key=lambda one: one.gain)
        n = max(n, least.n)
        values = [_mean(found, conditions, who, metric) for who in (arm, *NULLS)]
        ends = [end for one in gains for end in (one.low, one.high) if end is not None]
        if len(ends) < 2 * len(gains) or any(value is None for value in values):
            continue
        facts = found.metrics[metric]
        figures.append(
            Figure(metric="mel_mae" if metric == MEL else metric, unit=facts.unit, better=facts.better,
                   vocoded=metric != MEL, refiner=values[0], bypass=values[1], affine=values[2], gain=least.gain,
                   low=min(one.low for one in gains if one.low is not None), high=least.high)
        )  # fmt: skip
    after = [sign for metric, sign in signs.items() if metric != MEL]
    alone = [found.gain(name, arm, BYPASS, MEL, _doses([c])) for c in conditions]
    harms = any(one is not None and one.sign < 0 for one in alone)
    helps = not harms and signs.get(MEL) == 1 and 2 * after.count(1) > len(after) and -1 not in after
    return _Verdict(helps, tuple(figures), n)


def _mean(found: RefineTable, conditions: Sequence[Condition], arm: str, metric: str) -> Any:
    values = [found.cells[c.label][arm][metric].value for c in conditions]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _step(outcomes: Sequence[Outcome], seen: _Seen, arm: Arm, clips: Mapping[str, Condition | None]) -> StepRow:
    """Each clip's own condition under one name, so that clips on several conditions are totalled together."""
    moved = []
    for outcome in outcomes:
        condition = clips.get(outcome.name)
        if condition is None:
            continue
        places = {"arm": side(condition, arm.name), "null": side(condition, BYPASS)}
        found = {name: outcome.found[where] for name, where in places.items() if where in outcome.found}
        moved.append(Outcome(outcome.name, outcome.seconds, found))
    own = _Seen(moved, seen.metrics, seen.seed)
    return StepRow(arm=arm.name, cells=own.cells("arm"), null=own.cells("null"), cost_ms=own.cost(["arm"]))
