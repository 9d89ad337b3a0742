"""Whose voice a speaker has with a reference: the sounds of it, and what two encoders hear of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from melpact.bench.cache import Found
from melpact.bench.conversion import ears as senses
from melpact.bench.conversion.material import Clip
from melpact.bench.score import Score
from melpact.bench.speech import columns as c
from melpact.bench.speech import likeness as whose
from melpact.bench.speech.saying import SPEECH, Result, Said, of_clip
from melpact.bench.speech.understood import Understood
from melpact.verbs.speech_suite_desk import Desk, Senses, facts_of


def voices(
    desk: Desk, made: Mapping[str, Result], heard: Mapping[str, Senses]
) -> tuple[tuple[whose.Likeness, ...], dict[str, Score]]:
    """By both encoders; and character errors of the same sentences with and without a reference.

    Args:
        made, heard: the held-out sentences without a reference: clip → sound; row → clip → sense → what was heard.
    """
    plan = desk.plan
    if not plan.voices:
        desk.missing["similarity"] = "no reference voices were given"
        return (), {}
    why = None if desk.studio.speaker.encoder is not None else "this speaker takes no reference voice"
    wanted = [
        (f"{voice}: {clip.id}", of_clip(clip, reference=voice))
        for voice, own in plan.spoken_by.items()
        for clip in own
        if why is None and clip.id in made
    ]
    spoken = desk.sounds("reference voices", wanted)
    both = (senses.WHO, senses.WHO_ELSE)
    asked: dict[Path, tuple[Sequence[str], str]] = {}
    for target in plan.voices:
        asked |= {clip.path: (both, "") for clip in (*target.others, *target.reference[: len(target.others)])}
    asked |= {clip.path: (both, "") for own in plan.others.values() for clip in own}
    languages = {clip.id: clip.language for own in plan.spoken_by.values() for clip in own}
    for voice, own in plan.spoken_by.items():
        for clip in own:
            one = spoken.get(f"{voice}: {clip.id}")
            if isinstance(one, Said) and one.path:
                asked[one.path] = ((*both, senses.SAID), languages[clip.id])
    found = desk.hall.listen(asked, desk.failed, f"{desk.name}: voices heard")
    tables = tuple(_alike(desk, sense, spoken, heard[SPEECH], found, why) for sense in both)
    return tables, _heard_with(desk, spoken, heard[SPEECH], found)


def _alike(desk: Desk, sense: str, spoken: Mapping[str, Result], plain: Mapping[str, Mapping[str, Found]],
    found: Mapping[Path, Mapping[str, Found]], why: str | None,
) -> whose.Likeness:  # fmt: skip
    def known(clips: Sequence[Clip]) -> list[Any]:
        own = [found[clip.path][sense] for clip in clips if clip.path in found]
        return [one.observation for one in own if one.reason is None]

    plan = desk.plan
    with_, without = dict[str, dict[str, Any]](), dict[str, dict[str, Any]]()
    for voice, own in plan.spoken_by.items():
        for clip in own:
            one = spoken.get(f"{voice}: {clip.id}")
            if isinstance(one, Said) and one.path and (heard := found[one.path][sense]).reason is None:
                with_.setdefault(voice, {})[clip.id] = heard.observation
            bare = plain.get(clip.id, {}).get(sense)
            if bare is not None and bare.reason is None:
                without.setdefault(voice, {})[clip.id] = bare.observation
    missing = desk.hall.ears.missing(sense)
    reasons = dict.fromkeys(whose.ROWS, missing) if missing else {}
    reasons |= {row: why for row in (whose.WITH, whose.ANOTHER, whose.STEADY) if why}
    return whose.likeness(
        c.WHO if sense == senses.WHO else c.WHO_ELSE, {one.name: known(one.others) for one in plan.voices},
        {one.name: known(one.reference[: len(one.others)]) for one in plan.voices},
        {name: known(own) for name, own in plan.others.items()}, with_, without,
        reasons={row: told for row, told in reasons.items() if told}, seed=desk.seed,
    )  # fmt: skip


def _heard_with(
    desk: Desk,
    spoken: Mapping[str, Result],
    plain: Mapping[str, Mapping[str, Found]],
    found: Mapping[Path, Mapping[str, Found]],
) -> dict[str, Score]:
    """Character errors of the same sentences with and without a reference."""
    tallies: dict[str, dict[str, tuple[int, int]]] = {whose.WITH: {}, whose.WITHOUT: {}}
    for voice, own in desk.plan.spoken_by.items():
        for clip in own:
            name = f"{voice}: {clip.id}"
            one, bare = spoken.get(name), plain.get(clip.id, {}).get(senses.SAID)
            if not isinstance(one, Said) or not one.path or bare is None or bare.reason is not None:
                continue
            heard = found[one.path]
            desk.sentences.append(
                facts_of(desk.name, "reference", name, clip.language, whose.WITH, clip.text, heard, str(one.path))
            )
            if heard[senses.SAID].reason is None:
                for row, said in ((whose.WITH, heard[senses.SAID]), (whose.WITHOUT, bare)):
                    tallies[row][name] = Understood.of(clip.text, str(said.observation[1]), clip.language).letters
    return {row: c.over(c.CHARACTERS, own, "nothing was heard", desk.seed) for row, own in tallies.items()}
