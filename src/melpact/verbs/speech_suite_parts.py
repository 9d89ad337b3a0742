"""One speaker's part of a table of speech: held-out sentences spoken, heard and timed; then the other parts in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from melpact.bench.cache import Found
from melpact.bench.conversion import ears as senses
from melpact.bench.conversion.material import Clip
from melpact.bench.speech import columns as c
from melpact.bench.speech.pace import Duration, Pace, duration, fitted
from melpact.bench.speech.saying import NOISE, RECORDING, SPEECH, VOCODED, Result, Said, of_clip
from melpact.bench.speech.table import Heard, Language, SpeakerFacts, language_table
from melpact.contract.dialect import name_of
from melpact.verbs.speech_suite_desk import Desk, Senses
from melpact.verbs.speech_suite_failures import failures
from melpact.verbs.speech_suite_hearing import Seen
from melpact.verbs.speech_suite_making import noise
from melpact.verbs.speech_suite_material import by_unit, units
from melpact.verbs.speech_suite_variety import varieties
from melpact.verbs.speech_suite_voices import voices

NOISES = 8
"""Noises of each language, at most: their opinion is a null."""
STREAMED = 10
"""Sentences that are spoken again in a stream, for the time to the first sound."""


def speaker_facts(desk: Desk) -> SpeakerFacts:
    """All parts, one after the other; what was made and heard before is kept."""
    clips = _clips(desk)
    made = desk.sounds("held-out sentences", [(clip.id, of_clip(clip)) for clip in clips])
    heard = _heard(desk, clips, made)
    lengths, paces = _lengths(desk, clips, made)
    alike, with_reference = voices(desk, made, heard)
    varied = tuple(varieties(desk))
    counts = failures(desk, lengths, paces, heard)
    cost = {str(i): (one.seconds, one.spent_s) for i, one in enumerate(desk.every) if one.path and one.seconds > 0}
    tried = [(clip.id, desk.studio.first_sound(of_clip(clip))) for clip in clips[:STREAMED]]
    first = {name: seconds for name, seconds in tried if seconds is not None}
    nothing, speaker = "nothing was made", desk.studio.speaker
    loud = sum(one.peak > 1 for one in desk.every)
    return SpeakerFacts(
        title=speaker.title, spec=name_of(speaker.spec) or speaker.spec.fingerprint, vocoder=desk.studio.by,
        fingerprint=speaker.fingerprint, languages=_languages(desk, clips, heard, lengths), likeness=alike,
        heard_with=with_reference, variety=varied, duration=tuple(_durations(desk, clips, lengths)), failures=counts,
        cost=c.over(c.COST, cost, nothing, desk.seed), first=c.over(c.FIRST, first, nothing, desk.seed),
        missing=desk.missing,
        notes=(f"beyond full scale, and clipped: {loud} of {len(desk.every)} sounds",) if loud else (),
    )  # fmt: skip


def _clips(desk: Desk) -> list[Clip]:
    """The held-out clips whose language the speaker speaks."""
    found = []
    for language, own in desk.plan.clips.items():
        why = desk.studio.can(language)
        if why is None:
            found += own
        else:
            desk.missing[language] = why
    return found


def _heard(desk: Desk, clips: Sequence[Clip], made: Mapping[str, Result]) -> dict[str, Senses]:
    """Row → clip → sense → what was heard."""
    few = [clip for own in desk.plan.clips.values() for clip in own[:NOISES] if clip in clips]
    rows: dict[str, dict[str, Path]] = {
        SPEECH: {name: one.path for name, one in made.items() if isinstance(one, Said) and one.path},
        VOCODED: desk.beside("recordings vocoded", clips, lambda clip: desk.studio.vocoded(clip.path)),
        RECORDING: {clip.id: clip.path for clip in clips},
        NOISE: desk.beside("noises made", few, lambda clip: noise(clip.path, desk.studio.folder)),
    }
    both, opinion, who = (senses.SAID, senses.QUALITY, senses.LANGUAGE), (senses.QUALITY,), (senses.WHO, senses.WHO_ELSE)
    asked = {SPEECH: both, VOCODED: both, RECORDING: opinion, NOISE: opinion}
    voiced = {clip.id for own in desk.plan.spoken_by.values() for clip in own}
    wanted: dict[Path, tuple[Sequence[str], str]] = {}
    for row, paths in rows.items():
        for clip in clips:
            if clip.id in paths:
                also = who if row == SPEECH and clip.id in voiced else ()
                wanted[paths[clip.id]] = ((*asked[row], *also), clip.language)
    found = desk.hall.listen(wanted, desk.failed, f"{desk.name}: sounds heard")
    heard = {row: {name: found[path] for name, path in paths.items()} for row, paths in rows.items()}
    for name, one in made.items():
        if isinstance(one, str):
            heard[SPEECH][name] = dict.fromkeys((*both, *who), Found(reason=one))
    for row in (SPEECH, VOCODED):
        desk.tell("held out", row, clips, heard[row], rows[row])
    return dict(heard)


def _languages(
    desk: Desk, clips: Sequence[Clip], heard: Mapping[str, Senses], lengths: Mapping[str, Mapping[str, Seen]]
) -> dict[str, Language]:
    found = {}
    for language, every in desk.plan.clips.items():
        own = [clip for clip in every if clip in clips]
        if not own:
            continue
        names, one = {clip.id for clip in own}, Heard()
        for row, sounds in heard.items():
            mine = {name: sound for name, sound in sounds.items() if name in names}
            one.said[row] = {name: sound[senses.SAID] for name, sound in mine.items() if senses.SAID in sound}
            one.opinion[row] = {name: sound[senses.QUALITY] for name, sound in mine.items()}
            if row in (SPEECH, VOCODED):
                one.tongue[row] = {name: sound[senses.LANGUAGE] for name, sound in mine.items()}
        for row, looked in lengths.items():
            moves = {name: looked[name].melody for name in names if name in looked}
            one.melody[row] = {name: moved for name, moved in moves.items() if moved is not None}
        found[language] = language_table(language, own, one, seed=desk.seed)
    return found


def _lengths(
    desk: Desk, clips: Sequence[Clip], made: Mapping[str, Result]
) -> tuple[dict[str, dict[str, Seen]], dict[str, Pace]]:
    """Row → clip → what the detectors say; language → how fast its recordings are."""
    first = desk.hall.examine({clip.id: (clip.path, None) for clip in clips}, desk.failed, "recordings examined")
    paces = {}
    for language in dict.fromkeys(clip.language for clip in clips):
        own = [clip for clip in clips if clip.language == language and clip.id in first]
        paces[language] = fitted([units(clip.text, language)[0] for clip in own], [first[clip.id].spoken_s for clip in own])
    told = {clip.id: paces[clip.language].seconds(units(clip.text, clip.language)[0]) for clip in clips}
    both: dict[str, dict[str, tuple[Path, float | None]]] = {
        RECORDING: {clip.id: (clip.path, told[clip.id]) for clip in clips},
        SPEECH: {name: (one.path, told[name]) for name, one in made.items() if isinstance(one, Said) and one.path},
    }
    what = f"{desk.name}: sounds examined"
    return {row: desk.hall.examine(own, desk.failed, what) for row, own in both.items()}, paces


def _durations(desk: Desk, clips: Sequence[Clip], lengths: Mapping[str, Mapping[str, Seen]]) -> list[Duration]:
    found = []
    for language in dict.fromkeys(clip.language for clip in clips):
        own = [clip for clip in clips if clip.language == language]
        counts, unit = by_unit({clip.id: (clip.text, language) for clip in own})
        spoken, recorded = (
            {clip.id: lengths[row][clip.id].spoken_s for clip in own if clip.id in lengths[row]}
            for row in (SPEECH, RECORDING)
        )
        found.append(duration(language, unit, counts, spoken, recorded, seed=desk.seed))
    return found
