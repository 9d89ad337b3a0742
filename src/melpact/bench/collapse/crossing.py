"""Chapter 2: every refiner by every vocoder on the natural mels, with nulls, ceiling, main effects and interaction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from melpact.bench.anchor import Scene, anchors
from melpact.bench.cache import anchor_digest
from melpact.bench.collapse.parts import Clip, Maker, Treatment
from melpact.bench.collapse.result import Cell, Crossing, Value
from melpact.bench.collapse.scoring import Outcome, Scorer
from melpact.bench.collapse.totals import total
from melpact.bench.factorial import Effect, Interaction, Setting, Shares, effects, interactions, shares

NULLS = ("silence", "shaped_noise", "constant_mel")
CEILINGS = ("true_phase",)
FACTORS = ("refiner", "vocoder")


def anchored(scorer: Scorer, clips: Sequence[Clip], names: Sequence[str]) -> dict[str, list[Outcome]]:
    """Anchor → its outcomes, clip by clip."""
    known = anchors()

    def of(clip: Clip, name: str) -> Outcome:
        def make():  # type: ignore[no-untyped-def]
            rng = np.random.default_rng([scorer.seed, int(clip.digest[:12], 16)])
            return known[name].make(Scene(clip.audio, None, None, scorer.spec, rng))

        return scorer.of_sound(clip, ["anchor", name, anchor_digest(name)], make)

    return {name: [of(clip, name) for clip in clips] for name in names}


def crossing(
    scorer: Scorer,
    clips: Sequence[Clip],
    refiners: Sequence[Treatment],
    makers: Sequence[Maker],
    beside: dict[str, list[Outcome]],
    missing: dict[str, str],
) -> Crossing:
    """The whole table.

    Args:
        refiners: the first changes nothing. makers: the first is what the others are held against.
        beside: from `anchored`. missing: vocoders and refiners that cannot be used here, and why.
    """
    found: dict[Setting, list[Outcome]] = {}
    for refiner in refiners:
        for maker in makers:
            found[refiner.name, maker.name] = [_one(scorer, clip, refiner, maker) for clip in clips]
    cells = tuple(Cell(refiner=r, vocoder=v, values=total(scorer, outcomes)) for (r, v), outcomes in found.items())
    factors = {"refiner": [one.name for one in refiners], "vocoder": [one.name for one in makers]}
    # what carries nothing cannot be made worse: an untrained network would only dilute what a refiner does
    working = {**factors, "vocoder": [one.name for one in makers if one.kind != "untrained"]}
    changed: list[Effect] = []
    crossed: list[Interaction] = []
    explained: list[Shares] = []
    for name in scorer.metrics:
        metric = scorer.averaged(name)
        seen = {
            setting: {clip.name: one.values[name] for clip, one in zip(clips, outcomes) if name in one.values}
            for setting, outcomes in found.items()
        }
        seen = {setting: values for setting, values in seen.items() if values}
        able = {setting: values for setting, values in seen.items() if setting[1] in working["vocoder"]}
        changed += [one for one in effects(name, metric, working, able, seed=scorer.seed) if one.factor == "refiner"]
        changed += [one for one in effects(name, metric, factors, seen, seed=scorer.seed) if one.factor == "vocoder"]
        crossed += interactions(name, metric, working, able, seed=scorer.seed)
        means = {(cell.refiner, cell.vocoder): cell.values[name].value for cell in cells}
        share = shares(name, working, {one: value for one, value in means.items() if one in able and value is not None})
        explained += [share] if share is not None else []
    told: dict[str, dict[str, Value]] = {name: total(scorer, outcomes) for name, outcomes in beside.items()}
    return Crossing(
        refiners=tuple(factors["refiner"]), vocoders=tuple(factors["vocoder"]), cells=cells, effects=tuple(changed),
        interactions=tuple(crossed), shares=tuple(explained), anchors=told, missing=missing,
    )  # fmt: skip


def _one(scorer: Scorer, clip: Clip, refiner: Treatment, maker: Maker) -> Outcome:
    return scorer.of_mel(clip, ["refined", refiner.name, refiner.key], lambda: refiner.apply(clip.mel), maker)
