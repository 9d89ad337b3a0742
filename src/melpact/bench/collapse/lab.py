"""The whole laboratory: four chapters over the same clips, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from melpact.bench.cache import package_version
from melpact.bench.collapse.crossing import CEILINGS, NULLS, anchored, crossing
from melpact.bench.collapse.distribution import distributions, modulation_hz
from melpact.bench.collapse.dose import doses
from melpact.bench.collapse.parts import Clip, Maker, Treatment
from melpact.bench.collapse.repair import Damage, mismatches, planted, repairs, spoilt
from melpact.bench.collapse.result import LabReport
from melpact.bench.collapse.scoring import SINGING, SPEECH, Scorer
from melpact.bench.report import MetricFacts
from melpact.contract.dialect import name_of
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.core.records import Record
from melpact.degradations.kinds import degradations
from melpact.diagnose.faults import faults

Suite = Literal["speech", "singing"]
CALIBRATED = ("scale_offset", "band_offset")
"""Faults that a calibration is made for, among the damages of chapter 4."""
SMOOTHED = "over_smoothed"
"""The degradation that a refiner is given in chapter 1, beside the natural mels."""


class Plan(Record):
    """What is measured.

    Attributes:
        metrics: names; None: those of the suite.
        n_doses: per fault and degradation that has sizes.
        faults, degradations: names for chapter 3; None: all.
        mismatches: how many other descriptions in chapter 4. damages: degradations in chapter 4; None: all.
        seed: of everything random.
    """

    suite: Suite = "speech"
    metrics: tuple[str, ...] | None = None
    n_doses: int = 5
    faults: tuple[str, ...] | None = None
    degradations: tuple[str, ...] | None = None
    mismatches: int = 3
    damages: tuple[str, ...] | None = None
    seed: int = 0

    @classmethod
    def quick(cls, suite: Suite = "speech", seed: int = 0) -> Plan:
        """Enough to see every part of the report, and nothing to quote."""
        return cls(
            suite=suite, n_doses=3, faults=("log_base", "scale_offset", "over_smoothed", "frames_dropped"),
            degradations=("noise", "over_smoothed"), mismatches=1, damages=("over_smoothed",), seed=seed,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Participants:
    """Who takes part.

    Attributes:
        refiners: the first changes nothing; those after it in the order in which they may repair.
        makers: the first is what the others are held against; `main` is the one of chapters 3 and 4.
        finetuned: a vocoder that was trained on to refined or predicted mels, for chapter 4.
        missing: name → why it cannot take part.
    """

    refiners: Sequence[Treatment]
    makers: Sequence[Maker]
    main: Maker
    finetuned: Maker | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


def laboratory(
    clips: Sequence[Clip],
    who: Participants,
    plan: Plan,
    *,
    cache: Path | None = None,
    start: Callable[[int, str], None] = lambda total, what: None,
    advance: Callable[[int], None] = lambda n: None,
) -> LabReport:
    """Measure everything.

    Args:
        clips: of one description. cache: folder of what was measured before, or None.
        start, advance: told the sounds of each chapter, and each that is done.

    Raises:
        MelpactError: no clips, or an unknown fault, degradation or metric.
    """
    if not clips:
        raise MelpactError("a laboratory needs sounds", where="laboratory", got="no clips")
    spec = clips[0].mel.spec
    names = plan.metrics or (SPEECH if plan.suite == "speech" else SINGING)
    texts = any(clip.text for clip in clips)
    scorer = Scorer(spec, names, texts=texts, seed=plan.seed, cache=cache, advance=advance)
    known_faults = _chosen(faults(), plan.faults, "fault")
    known_kinds = _chosen(degradations(), plan.degradations, "degradation")
    n = len(clips)

    beside_names = (*NULLS, *CEILINGS)
    start(n * (len(beside_names) + len(who.refiners) * len(who.makers)), "sounds: refiners by vocoders")
    rows = distributions(clips, who.refiners, _smoothed(clips, plan.seed))
    beside = anchored(scorer, clips, beside_names)
    table = crossing(scorer, clips, who.refiners, who.makers, beside, dict(who.missing))

    per = sum(3 if one.variants else plan.n_doses for one in known_faults) + plan.n_doses * len(known_kinds)
    start(n * (per + 1), "sounds: dose by dose")
    nulls = {name: beside[name] for name in NULLS}
    curves = doses(scorer, clips, who.main, known_faults, known_kinds, nulls, n_doses=plan.n_doses)

    damages = _damages(spec, plan)
    ways = 3 + max(0, len(who.refiners) - 1) + 2 * (who.finetuned is not None)
    start(n * len(damages) * ways, "sounds: repairs")
    right = [scorer.of_mel(clip, ["right"], lambda clip=clip: clip.mel, who.main) for clip in clips]  # type: ignore[misc]
    mended = repairs(scorer, clips, who.main, who.refiners[1:], who.finetuned, damages, right)
    titles = {one.name: one.title for one in who.refiners} | {one.name: one.title for one in who.makers}
    if who.finetuned is not None:
        titles[who.finetuned.name] = who.finetuned.title
    return LabReport(
        version=package_version(), dialect=name_of(spec) or spec.fingerprint, sample_rate=spec.sample_rate,
        clips=tuple(clip.name for clip in clips), seconds=sum(clip.audio.duration_s for clip in clips), suite=plan.suite,
        seed=plan.seed, metrics={name: MetricFacts.of(metric) for name, metric in scorer.metrics.items()},
        unavailable=scorer.unavailable, titles=titles, modulation_hz=tuple(modulation_hz(spec).tolist()),
        distributions=tuple(rows), crossing=table, doses=curves, repairs=tuple(mended),
    )  # fmt: skip


Known = TypeVar("Known")


def _chosen(known: Mapping[str, Known], names: Sequence[str] | None, what: str) -> list[Known]:
    for name in names or ():
        if name not in known:
            raise MelpactError(f"there is no such {what}", where="laboratory", got=repr(name), wanted=", ".join(known))
    return [one for name, one in known.items() if names is None or name in names]


def _smoothed(clips: Sequence[Clip], seed: int) -> dict[str, dict[str, Mel]]:
    kind = degradations()[SMOOTHED]
    dose = kind.doses[1]
    made = {clip.name: kind.apply(clip.mel, dose, np.random.default_rng([seed, i])) for i, clip in enumerate(clips)}
    return {f"{SMOOTHED}, {kind.said(dose)}": made}


def _damages(spec: MelSpec, plan: Plan) -> list[Damage]:
    found = mismatches(spec, plan.mismatches)
    known = faults()
    wanted = CALIBRATED if plan.faults is None else tuple(name for name in CALIBRATED if name in plan.faults)
    found += [planted(known[name], known[name].doses[1]) for name in wanted if known[name].refuses(spec) is None]
    kinds = _chosen(degradations(), plan.damages, "degradation")
    return found + [spoilt(kind, kind.doses[1]) for kind in kinds]
