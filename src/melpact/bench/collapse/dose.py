"""Chapter 3: from mismatch to collapse: every fault and degradation, dose by dose, and where the metrics break."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.cache import sources_digest
from melpact.bench.collapse.parts import Clip, Maker
from melpact.bench.collapse.result import Curve, Doses, Point, Value
from melpact.bench.collapse.scoring import Outcome, Scorer
from melpact.bench.collapse.threshold import collapsed, danger, kinds, threshold
from melpact.bench.collapse.totals import better, total
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.degradations.degradation import Degradation
from melpact.degradations.kinds import degradations
from melpact.diagnose.dose_response import doses_of, sounded
from melpact.diagnose.faults import Fault, faults

Plant = Callable[[Mel, np.random.Generator, Clip], Mel]
_HEARD = 6
_WHOLE = ("components", "iterations")
"""Units of doses that are counted."""


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Of everything that plants a fault or a degradation, or takes it back."""
    root = Path(__file__).parents[2]
    places = (
        "diagnose/faults", "degradations", "degradations/kinds", "features", "contract", "audio", "bridges",
        "normalise/calibration", "normalise/calibration/strategies",
    )  # fmt: skip
    return sources_digest(tuple(root / one for one in places))


def degradation_doses(kind: Degradation, n: int) -> tuple[float, ...]:
    """`n` doses from mild to as far beyond gross as gross is beyond clear, within the limits; fewer where they meet them."""
    mild, clear, gross = kind.doses
    same_sign = min(kind.doses) > 0 or max(kind.doses) < 0
    if same_sign:
        sign = 1.0 if mild > 0 else -1.0
        marks = np.log(np.abs(kind.doses))
        steps = np.interp(np.minimum(places := np.linspace(0.0, 3.0, n), 2.0), range(3), marks)
        raw = sign * np.exp(steps + np.maximum(places - 2.0, 0.0) * (marks[2] - marks[1]))
    else:
        places = np.linspace(0.0, 3.0, n)
        raw = np.interp(np.minimum(places, 2.0), range(3), kind.doses) + np.maximum(places - 2.0, 0.0) * (gross - clear)
    held = np.clip(raw, *kind.limits)
    found = [float(round(v)) if kind.unit in _WHOLE else float(f"{v:.4g}") for v in held]
    if kind.unit == "components":
        found = [max(1.0, v) for v in found]
    return tuple(dict.fromkeys(found))


def doses(
    scorer: Scorer,
    clips: Sequence[Clip],
    maker: Maker,
    planted: Sequence[Fault],
    spoilt: Sequence[Degradation],
    beside: Mapping[str, Sequence[Outcome]],
    *,
    n_doses: int,
) -> Doses:
    """All curves by one vocoder.

    Args:
        planted, spoilt: what is done to the mels. beside: null → its outcomes, clip by clip.
    """
    right = [scorer.of_mel(clip, ["right"], lambda clip=clip: clip.mel, maker) for clip in clips]  # type: ignore[misc]
    nulls = {name: total(scorer, outcomes) for name, outcomes in beside.items()}
    chosen = {name: better(scorer, name, {side: values[name] for side, values in nulls.items()}) for name in scorer.metrics}
    null_of = {name: side for name, side in chosen.items() if side is not None}
    lab = _Curves(scorer, clips, maker, right, {name: beside[side] for name, side in null_of.items()})
    curves = [lab.fault(one, n_doses) for one in planted]
    curves += [lab.degradation(one, n_doses) for one in spoilt]
    return Doses(vocoder=maker.name, ceiling=total(scorer, right), nulls=nulls, null_of=null_of, curves=tuple(curves))


def broken_sounds(
    clip: Clip, maker: Maker, found: Doses, metric: str, *, higher: bool, seed: int
) -> list[tuple[str, Audio]]:
    """The clip, which has to be the first, at the mildest dose that breaks the metric, of the most dangerous curves."""
    sounds: list[tuple[str, Audio]] = []
    for curve in sorted(found.curves, key=lambda one: danger(one, metric)):
        point = collapsed(curve, metric, higher=higher)
        if point is None or len(sounds) == _HEARD:
            continue
        rng = np.random.default_rng([seed, 0])
        try:
            if curve.source == "fault":
                wrong = faults()[curve.name].inject(clip.mel, point.dose, rng, clip.audio)
            else:
                wrong = degradations()[curve.name].apply(clip.mel, point.dose, rng)
        except ContractError:
            continue
        made = sounded(wrong, maker.sound)
        if not isinstance(made, str):
            sounds.append((f"{curve.name}, {point.words}", made))
    return sounds


def _planted(fault: Fault, dose: float, mel: Mel, rng: np.random.Generator, clip: Clip) -> Mel:
    return fault.inject(mel, dose, rng, clip.audio)


def _spoilt(kind: Degradation, dose: float, mel: Mel, rng: np.random.Generator, clip: Clip) -> Mel:
    return kind.apply(mel, dose, rng)


class _Curves:
    def __init__(
        self,
        scorer: Scorer,
        clips: Sequence[Clip],
        maker: Maker,
        right: Sequence[Outcome],
        null: Mapping[str, Sequence[Outcome]],
    ) -> None:
        self._scorer, self._clips, self._maker, self._right, self._null = scorer, clips, maker, right, null

    def fault(self, fault: Fault, n_doses: int) -> Curve:
        reason = fault.refuses(self._scorer.spec)
        about: dict[str, Any] = {"name": fault.code, "source": "fault", "title": fault.note, "unit": fault.unit}
        if reason is not None:
            return Curve(**about, refused=reason)
        places = doses_of(fault, n_doses)
        rows = [self._row("fault", fault.code, dose, partial(_planted, fault, dose)) for dose in places]
        words = [fault.name_of_dose(dose) for dose in places]
        return self._curve(about, places, words, rows, bool(fault.variants), None if fault.variants else 0.0)

    def degradation(self, kind: Degradation, n_doses: int) -> Curve:
        places = degradation_doses(kind, n_doses)
        rows = [self._row("degradation", kind.name, dose, partial(_spoilt, kind, dose)) for dose in places]
        about: dict[str, Any] = {"name": kind.name, "source": "degradation", "title": kind.title, "unit": kind.unit}
        start = kind.neutral if kind.neutral is not None and math.isfinite(kind.neutral) else None
        return self._curve(about, places, [kind.said(dose) for dose in places], rows, False, start)

    def _row(self, source: str, name: str, dose: float, plant: Plant) -> list[Outcome]:
        found = []
        for i, clip in enumerate(self._clips):

            def wrong(clip: Clip = clip, i: int = i) -> Mel:
                return plant(clip.mel, np.random.default_rng([self._scorer.seed, i]), clip)

            found.append(self._scorer.of_mel(clip, [source, name, dose, i, code_digest()], wrong, self._maker))
        return found

    def _curve(
        self, about: dict[str, Any], places: Sequence[float], words: Sequence[str], rows: Sequence[Sequence[Outcome]],
        of_kinds: bool, neutral: float | None,
    ) -> Curve:  # fmt: skip
        points = []
        for dose, said, row in zip(places, words, rows, strict=True):
            able = [one for one in row if one.refused is None]
            apart = [one.distance_nat for one in able if not math.isnan(one.distance_nat)]
            values: dict[str, Value] = total(self._scorer, row)
            points.append(
                Point(dose=dose, words=said, distance_nat=float(np.mean(apart)) if apart else None, values=values,
                      unplanted=len(row) - len(able))
            )  # fmt: skip
        broken = {}
        for name in self._null:
            args = (self._scorer, name, points, rows, self._right, self._null[name])
            found = kinds(*args) if of_kinds else threshold(*args, neutral=neutral)
            if found is not None:
                broken[name] = found
        return Curve(**about, kinds=of_kinds, points=tuple(points), threshold=broken)
