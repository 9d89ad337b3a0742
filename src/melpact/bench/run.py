"""The run: utterances in, `Report` out. Chooses metrics and rate, spreads the work, totals, compares.

Finding and pairing files is the verb's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from melpact.bench import laws
from melpact.bench.cache import Given, package_version
from melpact.bench.metric import Metric, metrics
from melpact.bench.metrics._mel import UNIT
from melpact.bench.report import MetricFacts, Report, Side, Utterance
from melpact.bench.sound import dialect_for
from melpact.bench.suites import suite as suite_named
from melpact.bench.task import Outcome, Settings, Task
from melpact.bench.totals import FEW, TELLING, Totals
from melpact.bench.workers import run as run_tasks
from melpact.contract.dialect import name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError

_LATE_S, _LENGTH_S, _NARROW, _FLIPPED = 0.002, 0.1, 0.85, -0.7


@dataclass(frozen=True)
class Entry:
    """One utterance to be measured: systems that have no sound of it are left out of `made` and named in `missing`."""

    name: str
    original: Given
    made: Mapping[str, Given]
    input: Given | None = None
    text: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """How to measure.

    Attributes:
        suite: its name. metrics: names in its place, in this order.
        rate: of the comparison, Hz; None: the lowest of all sounds.
        spec: the mel of the comparison; None: a common one of the rate.
        laws: whether metrics must pass their laws to be printed.
        jobs: processes. cache: folder, or None. seed: of everything random.
    """

    suite: str = "speech"
    metrics: tuple[str, ...] | None = None
    rate: int | None = None
    spec: MelSpec | None = None
    laws: bool = True
    jobs: int = 1
    cache: Path | None = None
    seed: int = 0


@dataclass
class _Notes:
    """What is said beside the numbers."""

    warnings: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def bench(
    entries: Sequence[Entry],
    systems: Sequence[str],
    plan: Plan,
    *,
    start: Callable[[int, str], None] = lambda total, what: None,
    advance: Callable[[int], None] = lambda n: None,
) -> Report:
    """Measure every system on every utterance, beside nulls and ceilings.

    Args:
        entries: with unique names; the order does not matter.
        systems: names, in the order of the report.
        start, advance: told how many utterances there are, and of each that is done; first those of the laws, if any.

    Raises:
        MelpactError: nothing to measure; an unknown suite; a rate that cannot be.
    """
    entries = [replace(entry, made={name: entry.made[name] for name in systems if name in entry.made}) for entry in entries]
    if not any(entry.made for entry in entries):
        raise MelpactError("there is nothing to compare", where="evaluate", got="no utterance that any system has")
    entries = sorted(entries, key=lambda entry: entry.name)
    chosen = suite_named(plan.suite)
    notes = _Notes(missing=[line for entry in entries for line in entry.missing])
    entries = [entry for entry in entries if entry.made]
    rate, why = _rate(entries, plan.rate, notes)
    spec = plan.spec or dialect_for(rate)
    names = plan.metrics or chosen.chosen(text=any(entry.text for entry in entries))
    known = {name: in_unit(metric, spec) for name, metric in metrics().items()}
    unavailable = {name: reason for name in names if (reason := known[name].missing())}
    names = tuple(name for name in names if name not in unavailable)
    verdicts = _verdicts(names, plan, start, advance)
    withheld = {name: verdict for name, verdict in verdicts.items() if not verdict.lawful}
    untried = {name: v.reason or "" for name, v in verdicts.items() if not v.tried}
    names = tuple(name for name in names if name not in withheld)
    beside = chosen.anchors(input=any(entry.input is not None for entry in entries))
    settings = Settings(rate, spec, names, beside, seed=plan.seed, cache=plan.cache)
    start(len(entries), "utterances")
    outcomes = run_tasks(tasks(entries), settings, jobs=plan.jobs, advance=advance)
    _say_failures(entries, outcomes, systems, notes)
    measured = {name: known[name] for name in names}
    totals = Totals(measured, chosen, outcomes, systems, seed=plan.seed, rate=rate)
    differences = totals.differences()
    _say_sounds(outcomes, systems, rate, notes)
    n = sum(1 for outcome in outcomes if any(system in outcome.found for system in systems))
    if n < FEW:
        rough = f"n = {n}: intervals are rough below {FEW} utterances, and below {TELLING} no system is called better"
        notes.warnings.append("one utterance: no intervals, no comparison" if n == 1 else rough)
    return Report(
        systems=tuple(systems),
        suite=plan.suite,
        dialect=name_of(spec) or spec.fingerprint,
        rate=rate,
        rate_why=why,
        seed=plan.seed,
        version=package_version(),
        metrics={name: MetricFacts.of(metric) for name, metric in measured.items()},
        scores={system: totals.scores(system) for system in systems},
        anchors={anchor: totals.anchor(anchor) for anchor in beside},
        differences=differences,
        best=totals.best(differences),
        utterances=tuple(_utterance(e, o, systems, measured) for e, o in zip(entries, outcomes, strict=True)),
        withheld=withheld,
        untried=untried,
        unavailable=unavailable,
        cost_ms=_cost(outcomes, systems, names),
        warnings=tuple(notes.warnings),
        missing=tuple(notes.missing),
        failed=tuple(notes.failed),
    )


def in_unit(metric: Metric, spec: MelSpec) -> Metric:
    """With the mel's own unit where the metric says that it takes it over."""
    return replace(metric, unit=spec.unit) if metric.unit == UNIT else metric


def tasks(entries: Sequence[Entry]) -> list[Task]:
    """One task per entry; the shuffled pairing takes the next original (the first, for the last)."""
    count = len(entries)
    return [
        Task(
            entry.name,
            entry.original,
            entry.made,
            entries[(i + 1) % count].original if count > 1 else None,
            entry.input,
            entry.text,
        )
        for i, entry in enumerate(entries)
    ]


def _verdicts(
    names: tuple[str, ...], plan: Plan, start: Callable[[int, str], None], advance: Callable[[int], None]
) -> dict[str, laws.Verdict]:
    if not plan.laws:
        return {}
    kept = {name: laws.kept(name, cache=plan.cache) for name in names}
    if any(verdict is None for verdict in kept.values()):
        start(len(laws.cases()) if plan.jobs >= 1 else 0, "laws")
    return laws.judge(names, jobs=plan.jobs, cache=plan.cache, advance=advance)


def _rate(entries: Sequence[Entry], wanted: int | None, notes: _Notes) -> tuple[int, str]:
    """The rate of the comparison and where it comes from."""
    counts: dict[str, Counter[int]] = {}
    for entry in entries:
        for side, given in {"original": entry.original, **entry.made}.items():
            rate = _source_rate(given)
            if rate is not None:
                counts.setdefault(side, Counter())[rate] += 1
    every = {rate for found in counts.values() for rate in found}
    if wanted is not None:
        if not 4000 <= wanted <= 384000:
            raise MelpactError("no rate to compare at", where="rate", got=f"{wanted} Hz", wanted="4000 to 384000 Hz")
        rate, why = wanted, "as asked"
    elif not every:
        first = entries[0].original
        raise MelpactError("no sound could be opened", where=first, next=f"See: melpact show {first}")
    else:
        rate, why = min(every), "the only rate there is" if len(every) == 1 else "the lowest of all sounds"
    if every - {rate}:
        said = "; ".join(f"{side} {_counted(found)}" for side, found in counts.items())
        notes.warnings.append(
            f"compared at {rate} Hz ({why}): {said}. What lies above {rate / 2:g} Hz was not compared; --rate changes that"
        )
    return rate, why


def _counted(found: Counter[int]) -> str:
    return " and ".join(f"{rate} Hz" + (f" × {count}" if len(found) > 1 else "") for rate, count in sorted(found.items()))


def _source_rate(given: Given) -> int | None:
    if not isinstance(given, Path):
        return given.sample_rate
    from melpact.audio.files import probe

    try:
        return probe(given).sample_rate
    except (MelpactError, OSError):
        return None


def _say_failures(entries: Sequence[Entry], outcomes: Sequence[Outcome], systems: Sequence[str], notes: _Notes) -> None:
    for outcome in outcomes:
        if "" in outcome.failed:
            notes.failed.append(f"{outcome.name}: original: {outcome.failed['']}")
            continue
        for system in systems:
            if system in outcome.failed:
                notes.failed.append(f"{outcome.name}: {system}: {outcome.failed[system]}")
            for metric, found in outcome.found.get(system, {}).items():
                if found.fault:
                    notes.failed.append(f"{outcome.name}: {system}: {metric}: {found.reason}")


def _say_sounds(outcomes: Sequence[Outcome], systems: Sequence[str], rate: int, notes: _Notes) -> None:
    """What was found of delays, polarity, lengths, bandwidths and clipping, where it is worth a line."""
    for system in systems:
        pairs = [(outcome, outcome.facts[system]) for outcome in outcomes if system in outcome.facts]
        if not pairs:
            continue
        n = len(pairs)
        lags = np.array([facts.lag_s for _, facts in pairs])
        if np.abs(lags).max() >= _LATE_S:
            notes.warnings.append(
                f"{system}: delay of {np.median(lags) * 1000:.1f} ms found and taken back (median; "
                f"{lags.min() * 1000:.1f} to {lags.max() * 1000:.1f} ms)"
            )
        flipped = sum(facts.match < _FLIPPED for _, facts in pairs)
        if flipped:
            notes.warnings.append(f"{system}: polarity is flipped in {flipped} of {n}")
        longer = [facts.length_s - outcome.seconds for outcome, facts in pairs]
        if max(map(abs, longer)) > _LENGTH_S:
            notes.warnings.append(
                f"{system}: lengths differ from the original's by {min(longer):+.2f} to {max(longer):+.2f} s; cut or padded"
            )
        narrow = sum(min(f.bandwidth_hz, rate / 2) < _NARROW * min(o.original["bandwidth_hz"], rate / 2) for o, f in pairs)
        if 2 * narrow > n:
            ends = float(np.median([facts.bandwidth_hz for _, facts in pairs]))
            whole = float(np.median([outcome.original["bandwidth_hz"] for outcome, _ in pairs]))
            said = f"{system}: holds nothing above {ends / 1000:.1f} kHz; the originals reach {whole / 1000:.1f} kHz"
            notes.warnings.append(said)
        loud = sum(facts.peak > 1 for _, facts in pairs)
        if loud:
            notes.warnings.append(f"{system}: {loud} of {n} exceed full scale")


def _utterance(entry: Entry, outcome: Outcome, systems: Sequence[str], measured: Mapping[str, Metric]) -> Utterance:
    files = {"original": entry.original, **{system: entry.made[system] for system in systems if system in entry.made}}
    sides = {}
    for system in systems:
        if system in outcome.failed or system not in outcome.found:
            reason = outcome.failed.get(system) or (outcome.failed.get("") if system in entry.made else "no such file")
            sides[system] = Side(failed=reason)
            continue
        found = outcome.found[system]
        values = {name: _alone(metric, found[name].observation) for name, metric in measured.items()}
        reasons = {name: str(one.reason) for name, one in found.items() if one.reason is not None}
        sides[system] = Side(values=values, reasons=reasons, **vars(outcome.facts[system]))
    return Utterance(
        name=entry.name,
        seconds=outcome.seconds,
        rate=outcome.original.get("rate"),
        bandwidth_hz=outcome.original.get("bandwidth_hz"),
        text=entry.text,
        files={side: str(given) for side, given in files.items() if isinstance(given, Path)},
        sides=sides,
        failed=outcome.failed.get(""),
    )


def _alone(metric: Metric, observation: Any) -> float | None:
    """The value of one utterance by itself, where the metric has one."""
    if observation is None:
        return None
    try:
        return metric.value([observation])
    except (MelpactError, ArithmeticError, ValueError):
        return None


def _cost(outcomes: Sequence[Outcome], systems: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """Median over utterances of ms per second of audio and system; 0.0 is nothing measurable."""
    cost = {}
    for name in names:
        each = []
        for outcome in outcomes:
            found = [outcome.found[system][name].seconds for system in systems if system in outcome.found]
            if found and outcome.seconds > 0:
                each.append(1000 * sum(found) / len(found) / outcome.seconds)
        if each:
            cost[name] = round(float(np.median(each)), 4)
    return cost
