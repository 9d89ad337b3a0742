"""How varied a speaker is: one sentence with several seeds at each temperature and top-p, as mels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from melpact.bench.conversion.material import Clip
from melpact.bench.score import NotMeasured
from melpact.bench.speech.saying import Said, of_clip
from melpact.bench.speech.variety import Variety, among, apart, variety
from melpact.contract.mel import Mel
from melpact.verbs.speech_suite_desk import Desk

TOP_P_TEMPERATURE = 1.0
TEMPERATURE, TOP_P = "temperature", "top_p"


def varieties(desk: Desk) -> list[Variety]:
    found = []
    settings = ((TEMPERATURE, desk.plan.temperatures), (TOP_P, desk.plan.top_ps))
    for setting, values in settings:
        lacks = desk.studio.lacks(setting)
        clips = [clip for clip in desk.plan.varied if desk.studio.can(clip.language) is None]
        if lacks or not clips or not values:
            why = lacks or ("no value was asked for" if clips else "the speaker does not speak the language")
            found.append(Variety(setting=setting, reason=why))
            continue
        found.append(_varied(desk, setting, values, clips))
    return found


def _varied(desk: Desk, setting: str, values: Sequence[float], clips: Sequence[Clip]) -> Variety:
    wanted = []
    for value in values:
        fixed = {TEMPERATURE: value} if setting == TEMPERATURE else {TOP_P: value}
        if setting == TOP_P and desk.studio.lacks(TEMPERATURE) is None:
            fixed[TEMPERATURE] = TOP_P_TEMPERATURE
        for clip in clips:
            for seed in range(desk.plan.seeds):
                wanted.append((f"{value:g}, seed {seed}: {clip.id}", of_clip(clip, seed=seed, **fixed)))
    made = desk.sounds(f"tries by {setting}", wanted, sound=False)
    tries: dict[float, dict[str, list[Mel]]] = {value: {} for value in values}
    for value in values:
        for clip in clips:
            own = [made[f"{value:g}, seed {seed}: {clip.id}"] for seed in range(desk.plan.seeds)]
            tries[value][clip.id] = [Mel.load(one.mel) for one in own if isinstance(one, Said) and one.mel]
    found: dict[float, dict[str, tuple[float, float]]] = {value: {} for value in values}
    for value, sentences in tries.items():
        for name, mels in sentences.items():
            try:
                found[value][name] = among(mels)
            except NotMeasured as reason:
                desk.failed.append(f"{desk.name}: {setting} {value:g}: {name}: {reason}")
    return variety(setting, found, _strangers(desk, tries[values[0]]), seeds=desk.plan.seeds, seed=desk.seed)


def _strangers(desk: Desk, tries: Mapping[str, Sequence[Mel]]) -> dict[str, float]:
    """How far each sentence lies from the next one."""
    known = [(name, mels[0]) for name, mels in tries.items() if mels]
    found = {}
    for (name, mel), (_, other) in zip(known, [*known[1:], *known[:1]], strict=True):
        try:
            if len(known) > 1:
                found[name] = apart(mel, other)[0]
        except NotMeasured:
            continue
    return found
