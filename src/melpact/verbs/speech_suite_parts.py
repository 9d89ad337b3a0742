"""One speaker's part of a table of speech: every sound made, heard, and handed to the bench's arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from melpact.bench.cache import Found
from melpact.bench.conversion import ears as senses
from melpact.bench.conversion.material import Clip
from melpact.bench.conversion.table import scored
from melpact.bench.score import NotMeasured, Score
from melpact.bench.speech import columns as c
from melpact.bench.speech import likeness as whose
from melpact.bench.speech.detectors import DETECTORS
from melpact.bench.speech.failures import any_of, counted
from melpact.bench.speech.pace import Duration, Pace, duration, fitted
from melpact.bench.speech.saying import NOISE, RECORDING, SPEECH, VOCODED, Asked, Plan, Result, Said, of_clip
from melpact.bench.speech.table import Failures, Heard, Language, SentenceFacts, SpeakerFacts, language_table
from melpact.bench.speech.understood import MEANINGS, Understood
from melpact.bench.speech.variety import Variety, among, apart, variety
from melpact.contract.dialect import name_of
from melpact.contract.mel import Mel
from melpact.core.errors import MelpactError
from melpact.verbs.progress import Progress
from melpact.verbs.speech_suite_hearing import Hall
from melpact.verbs.speech_suite_making import Studio, noise
from melpact.verbs.speech_suite_material import Sizes, by_unit, units

REFUSED, POOR, AGAIN = "refused", "poor", "tried again"
REFUSED_MEANING = "The speaker's own guard, or the speaker itself, gave a message in place of a sound."
POOR_DNSMOS = 1.3
POOR_MEANING = f"DNSMOS overall below {POOR_DNSMOS:g}, about what noise with the spectrum of speech gets."
NOISES = 8
"""Noises of each language, at most: their opinion is a null."""
TOP_P_TEMPERATURE = 1.0
TEMPERATURE, TOP_P = "temperature", "top_p"


@dataclass
class Parts:
    """The work for one speaker.

    Attributes:
        sentences: every sound with what was found of it. failed: sounds that could not be made or heard.
    """

    name: str
    studio: Studio
    plan: Plan
    hall: Hall
    sizes: Sizes
    seed: int
    progress: Progress
    sentences: list[SentenceFacts] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _every: list[Said] = field(default_factory=list)
    _missing: dict[str, str] = field(default_factory=dict)

    def facts(self) -> SpeakerFacts:
        """All parts, one after the other."""
        clips = self._clips()
        made = self._sounds("held-out sentences", [(clip.id, of_clip(clip)) for clip in clips])
        heard = self._heard(clips, made)
        languages = self._languages(clips, heard)
        lengths, paces = self._lengths(clips, made)
        alike, with_reference = self._likeness(made, heard)
        varied = tuple(self._variety())
        counts = self._failures(lengths, paces, heard)
        cost = {str(i): (one.seconds, one.spent_s) for i, one in enumerate(self._every) if one.path and one.seconds > 0}
        first = {str(i): one.first_s for i, one in enumerate(self._every) if one.path}
        nothing = {"": "nothing was made"}
        speaker = self.studio.speaker
        return SpeakerFacts(
            title=speaker.title, spec=name_of(speaker.spec) or speaker.spec.fingerprint, vocoder=self.studio.by,
            fingerprint=speaker.fingerprint, languages=languages, likeness=alike, heard_with=with_reference, variety=varied,
            duration=tuple(self._durations(clips, made, lengths)), failures=counts,
            cost=scored(c.COLUMNS[c.COST], cost, nothing, self.seed), missing=self._missing,
            first=scored(c.COLUMNS[c.FIRST], first, nothing, self.seed), notes=tuple(self._notes()),
        )  # fmt: skip

    def _clips(self) -> list[Clip]:
        """The held-out clips whose language the speaker speaks."""
        found = []
        for language, own in self.plan.clips.items():
            why = self.studio.can(language)
            if why is None:
                found += own
            else:
                self._missing[language] = why
        return found

    def _sounds(self, what: str, wanted: Sequence[tuple[str, Asked]], *, sound: bool = True) -> dict[str, Result]:
        """Name → what became of it."""
        self.progress.start(len(wanted), f"{self.name}: {what} spoken")
        found: dict[str, Result] = {}
        for name, asked in wanted:
            try:
                found[name] = self.studio.said(asked, sound=sound)
            except (MelpactError, OSError) as error:
                found[name] = str(error).rstrip(".")
            except Exception as error:  # a speaker's own fault costs this sound, not the table
                found[name] = f"unexpected {type(error).__name__}: {error}"
            one = found[name]
            if isinstance(one, str):
                self.failed.append(f"{self.name}: {name}: {one}")
            else:
                self._every.append(one)
            self.progress.advance(1)
        return found

    def _beside(self, what: str, clips: Sequence[Clip], make: Callable[[Clip], Path]) -> dict[str, Path]:
        """Clip → a sound made of its recording."""
        self.progress.start(len(clips), what)
        found = {}
        for clip in clips:
            try:
                found[clip.id] = make(clip)
            except (MelpactError, OSError) as error:
                self.failed.append(f"{self.name}: {clip.id}: {error}")
            self.progress.advance(1)
        return found

    def _heard(self, clips: Sequence[Clip], made: Mapping[str, Result]) -> dict[str, dict[str, dict[str, Found]]]:
        """Row → clip → sense → what was heard."""
        few = [clip for own in self.plan.clips.values() for clip in own[:NOISES] if clip in clips]
        rows: dict[str, dict[str, Path]] = {
            SPEECH: {name: one.path for name, one in made.items() if isinstance(one, Said) and one.path},
            VOCODED: self._beside("recordings vocoded", clips, lambda clip: self.studio.vocoded(clip.path)),
            RECORDING: {clip.id: clip.path for clip in clips},
            NOISE: self._beside("noises made", few, lambda clip: noise(clip.path, self.studio.folder)),
        }
        both, opinion = (senses.SAID, senses.QUALITY), (senses.QUALITY,)
        asked = {SPEECH: both, VOCODED: both, RECORDING: opinion, NOISE: opinion}
        who = {clip.id for own in self.plan.spoken_by.values() for clip in own}
        wanted: dict[Path, tuple[Sequence[str], str]] = {}
        for row, paths in rows.items():
            for clip in clips:
                if clip.id in paths:
                    also = (senses.WHO, senses.WHO_ELSE) if row == SPEECH and clip.id in who else ()
                    wanted[paths[clip.id]] = ((*asked[row], *also), clip.language)
        found = self.hall.listen(wanted, self.failed, f"{self.name}: sounds heard")
        refused = {name: one for name, one in made.items() if isinstance(one, str)}
        heard = {row: {name: found[path] for name, path in paths.items()} for row, paths in rows.items()}
        for name, why in refused.items():
            heard[SPEECH][name] = dict.fromkeys((*both, senses.WHO, senses.WHO_ELSE), Found(reason=why))
        for row in (SPEECH, VOCODED):
            self._tell("held out", row, clips, heard[row], rows[row])
        return heard

    def _tell(
        self, part: str, row: str, clips: Sequence[Clip], heard: Mapping[str, Mapping[str, Found]], paths: Mapping[str, Path]
    ) -> None:
        for clip in clips:
            own = heard.get(clip.id, {})
            self.sentences.append(
                _facts(self.name, part, clip.id, clip.language, row, clip.text, own, str(paths.get(clip.id, "")))
            )

    def _languages(
        self, clips: Sequence[Clip], heard: Mapping[str, Mapping[str, Mapping[str, Found]]]
    ) -> dict[str, Language]:
        found = {}
        for language, every in self.plan.clips.items():
            own = [clip for clip in every if clip in clips]
            if not own:
                continue
            names = {clip.id for clip in own}
            one = Heard()
            for row, sounds in heard.items():
                mine = {name: sound for name, sound in sounds.items() if name in names}
                one.said[row] = {name: sound[senses.SAID] for name, sound in mine.items() if senses.SAID in sound}
                one.opinion[row] = {name: sound[senses.QUALITY] for name, sound in mine.items()}
            found[language] = language_table(language, own, one, seed=self.seed)
        return found

    def _lengths(
        self, clips: Sequence[Clip], made: Mapping[str, Result]
    ) -> tuple[dict[str, dict[str, tuple[float, dict[str, str]]]], dict[str, Pace]]:
        """Row → clip → what the detectors say; language → how fast its recordings are."""
        first = self.hall.examine({clip.id: (clip.path, None) for clip in clips}, self.failed, "recordings examined")
        paces = {}
        for language in dict.fromkeys(clip.language for clip in clips):
            own = [clip for clip in clips if clip.language == language and clip.id in first]
            paces[language] = fitted([units(clip.text, language)[0] for clip in own], [first[clip.id][0] for clip in own])
        told = {clip.id: paces[clip.language].seconds(units(clip.text, clip.language)[0]) for clip in clips}
        both = {
            RECORDING: {clip.id: (clip.path, told[clip.id]) for clip in clips},
            SPEECH: {name: (one.path, told[name]) for name, one in made.items() if isinstance(one, Said) and one.path},
        }
        what = f"{self.name}: sounds examined"
        return {row: self.hall.examine(own, self.failed, what) for row, own in both.items()}, paces

    def _durations(
        self, clips: Sequence[Clip], made: Mapping[str, Result], lengths: Mapping[str, Mapping[str, tuple[float, Any]]]
    ) -> list[Duration]:
        found = []
        for language in dict.fromkeys(clip.language for clip in clips):
            own = [clip for clip in clips if clip.language == language]
            counts, unit = by_unit({clip.id: (clip.text, language) for clip in own})
            spoken, recorded = (
                {clip.id: lengths[row][clip.id][0] for clip in own if clip.id in lengths[row]} for row in (SPEECH, RECORDING)
            )
            found.append(duration(language, unit, counts, spoken, recorded, seed=self.seed))
        return found

    def _likeness(
        self, made: Mapping[str, Result], heard: Mapping[str, Mapping[str, Mapping[str, Found]]]
    ) -> tuple[tuple[whose.Likeness, ...], dict[str, Score]]:
        plan = self.plan
        if not plan.voices:
            self._missing["similarity"] = "no reference voices were given"
            return (), {}
        why = None if self.studio.speaker.encoder is not None else "this speaker takes no reference voice"
        wanted = [
            (f"{voice}: {clip.id}", of_clip(clip, reference=voice))
            for voice, own in plan.spoken_by.items()
            for clip in own
            if why is None and clip.id in made
        ]
        spoken = self._sounds("reference voices", wanted)
        both = (senses.WHO, senses.WHO_ELSE)
        asked: dict[Path, tuple[Sequence[str], str]] = {}
        for voice in plan.voices:
            asked |= {clip.path: (both, "") for clip in (*voice.others, *voice.reference[: len(voice.others)])}
        asked |= {clip.path: (both, "") for own in plan.others.values() for clip in own}
        languages = {clip.id: clip.language for own in plan.spoken_by.values() for clip in own}
        for voice, own in plan.spoken_by.items():
            for clip in own:
                one = spoken.get(f"{voice}: {clip.id}")
                if isinstance(one, Said) and one.path:
                    asked[one.path] = ((*both, senses.SAID), languages[clip.id])
        found = self.hall.listen(asked, self.failed, f"{self.name}: voices heard")
        tables = tuple(self._alike(sense, spoken, heard[SPEECH], found, why) for sense in both)
        return tables, self._heard_with(spoken, heard[SPEECH], found)

    def _alike(
        self, sense: str, spoken: Mapping[str, Result], plain: Mapping[str, Mapping[str, Found]],
        found: Mapping[Path, Mapping[str, Found]], why: str | None,
    ) -> whose.Likeness:  # fmt: skip
        def known(clips: Sequence[Clip]) -> list[Any]:
            own = [found[clip.path][sense] for clip in clips if clip.path in found]
            return [one.observation for one in own if one.reason is None]

        plan = self.plan
        with_, without = dict[str, dict[str, Any]](), dict[str, dict[str, Any]]()
        for voice, own in plan.spoken_by.items():
            for clip in own:
                one = spoken.get(f"{voice}: {clip.id}")
                if isinstance(one, Said) and one.path and (heard := found[one.path][sense]).reason is None:
                    with_.setdefault(voice, {})[clip.id] = heard.observation
                bare = plain.get(clip.id, {}).get(sense)
                if bare is not None and bare.reason is None:
                    without.setdefault(voice, {})[clip.id] = bare.observation
        missing = self.hall.ears.missing(sense)
        reasons = dict.fromkeys(whose.ROWS, missing) if missing else {}
        reasons |= {row: why for row in (whose.WITH, whose.ANOTHER) if why}
        return whose.likeness(
            c.WHO if sense == senses.WHO else c.WHO_ELSE, {one.name: known(one.others) for one in plan.voices},
            {one.name: known(one.reference[: len(one.others)]) for one in plan.voices},
            {name: known(own) for name, own in plan.others.items()}, with_, without,
            reasons={row: told for row, told in reasons.items() if told}, seed=self.seed,
        )  # fmt: skip

    def _heard_with(
        self,
        spoken: Mapping[str, Result],
        plain: Mapping[str, Mapping[str, Found]],
        found: Mapping[Path, Mapping[str, Found]],
    ) -> dict[str, Score]:
        """Character errors of the same sentences with and without a reference."""
        tallies: dict[str, dict[str, tuple[int, int]]] = {whose.WITH: {}, whose.WITHOUT: {}}
        for voice, own in self.plan.spoken_by.items():
            for clip in own:
                name = f"{voice}: {clip.id}"
                one, bare = spoken.get(name), plain.get(clip.id, {}).get(senses.SAID)
                if not isinstance(one, Said) or not one.path or bare is None or bare.reason is not None:
                    continue
                heard = found[one.path]
                self.sentences.append(
                    _facts(self.name, "reference", name, clip.language, whose.WITH, clip.text, heard, str(one.path))
                )
                if heard[senses.SAID].reason is None:
                    for row, said in ((whose.WITH, heard[senses.SAID]), (whose.WITHOUT, bare)):
                        tallies[row][name] = Understood.of(clip.text, str(said.observation[1]), clip.language).letters
        why = {"": "nothing was heard"}
        return {row: scored(c.COLUMNS[c.CHARACTERS], own, why, self.seed) for row, own in tallies.items()}

    def _variety(self) -> list[Variety]:
        found = []
        settings = ((TEMPERATURE, self.plan.temperatures), (TOP_P, self.plan.top_ps))
        for setting, values in settings:
            lacks = self.studio.lacks(setting)
            clips = [clip for clip in self.plan.varied if self.studio.can(clip.language) is None]
            if lacks or not clips or not values:
                why = lacks or ("no value was asked for" if clips else "the speaker does not speak the language")
                found.append(Variety(setting=setting, reason=why))
                continue
            found.append(self._varied(setting, values, clips))
        return found

    def _varied(self, setting: str, values: Sequence[float], clips: Sequence[Clip]) -> Variety:
        wanted = []
        for value in values:
            fixed = {TEMPERATURE: value} if setting == TEMPERATURE else {TOP_P: value}
            if setting == TOP_P and self.studio.lacks(TEMPERATURE) is None:
                fixed[TEMPERATURE] = TOP_P_TEMPERATURE
            for clip in clips:
                for seed in range(self.plan.seeds):
                    wanted.append((f"{value:g}, seed {seed}: {clip.id}", of_clip(clip, seed=seed, **fixed)))
        made = self._sounds(f"tries by {setting}", wanted, sound=False)
        tries: dict[float, dict[str, list[Mel]]] = {value: {} for value in values}
        for value in values:
            for clip in clips:
                own = [made[f"{value:g}, seed {seed}: {clip.id}"] for seed in range(self.plan.seeds)]
                tries[value][clip.id] = [Mel.load(one.mel) for one in own if isinstance(one, Said) and one.mel]
        found: dict[float, dict[str, tuple[float, float]]] = {value: {} for value in values}
        for value, sentences in tries.items():
            for name, mels in sentences.items():
                try:
                    found[value][name] = among(mels)
                except NotMeasured as reason:
                    self.failed.append(f"{self.name}: {setting} {value:g}: {name}: {reason}")
        return variety(setting, found, self._strangers(tries[values[0]]), seeds=self.plan.seeds, seed=self.seed)

    def _strangers(self, tries: Mapping[str, Sequence[Mel]]) -> dict[str, float]:
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

    def _failures(
        self, lengths: Mapping[str, Mapping[str, tuple[float, dict[str, str]]]], paces: Mapping[str, Pace],
        heard: Mapping[str, Mapping[str, Mapping[str, Found]]],
    ) -> Failures | None:  # fmt: skip
        able = [one for one in self.plan.counted if self.studio.can(one[0]) is None]
        if not able:
            self._missing["failures"] = (
                "no sentence for them was asked for" if not self.plan.counted else "no language for them"
            )
            return None
        named = {f"{language} {i:04d}": (language, text) for i, (language, text) in enumerate(able)}
        wanted = [(name, Asked(text, language, seed=i)) for i, (name, (language, text)) in enumerate(named.items())]
        made = self._sounds("sentences to count failures", wanted)
        paths = {name: one.path for name, one in made.items() if isinstance(one, Said) and one.path}
        expected = {
            name: (path, paces.get(named[name][0], Pace()).seconds(units(named[name][1], named[name][0])[0]))
            for name, path in paths.items()
        }
        looked = self.hall.examine(expected, self.failed, f"{self.name}: failures looked for")
        cheap = {
            name: {REFUSED: one} if isinstance(one, str) else looked.get(name, (0.0, {}))[1] for name, one in made.items()
        }
        part = list(paths)[:: max(1, len(paths) // self.sizes.heard)][: self.sizes.heard] if self.sizes.heard else []
        told = self.hall.listen(
            {paths[name]: ((senses.SAID, senses.QUALITY), named[name][0]) for name in part}, self.failed,
            f"{self.name}: failures listened for",
        )  # fmt: skip
        understood = {name: _understood(named[name][1], named[name][0], told[paths[name]]) for name in part}
        understood = {name: one for name, one in understood.items() if one is not None}
        for name, (language, text) in named.items():
            own = told.get(paths[name], {}) if name in paths else {}
            fails = {**cheap[name], **(understood.get(name) or {})}
            one = _facts(self.name, "failures", name, language, SPEECH, text, own, str(paths.get(name, "")))
            self.sentences.append(one.model_copy(update={"failures": fails}))
        again = {
            name: ({AGAIN: "; ".join(one.again)} if isinstance(one, Said) and one.again else {})
            for name, one in made.items()
        }
        people = {name: own for name, (_, own) in lengths[RECORDING].items()}
        texts = {clip.id: clip for clip in self.plan.every}
        vocoded = {name: _understood(texts[name].text, texts[name].language, own) for name, own in heard[VOCODED].items()}
        listened = {name: one for name, one in vocoded.items() if one is not None}
        kinds, heard_kinds = (*DETECTORS, REFUSED), (*MEANINGS, POOR)
        right = {name: one for name, one in understood.items() if one is not None}
        return Failures(
            languages={language: sum(one[0] == language for one in able) for language in dict(able)},
            cheap={kind: counted(cheap, kind) for kind in kinds}, understood={kind: counted(right, kind) for kind in heard_kinds},
            any_cheap=any_of(cheap, kinds), any_understood=any_of(right, heard_kinds), again=counted(again, AGAIN),
            recordings={
                **{kind: counted(people, kind) for kind in DETECTORS},
                **{kind: counted(listened, kind) for kind in heard_kinds},
            },
        )  # fmt: skip

    def _notes(self) -> list[str]:
        loud = sum(one.peak > 1 for one in self._every)
        return [f"beyond full scale, and clipped: {loud} of {len(self._every)} sounds"] if loud else []


def _understood(text: str, language: str, own: Mapping[str, Found]) -> dict[str, str] | None:
    """Failure → what was found; None where the recogniser said nothing."""
    said, opinion = own.get(senses.SAID), own.get(senses.QUALITY)
    if said is None or said.reason is not None:
        return None
    found = Understood.of(text, str(said.observation[1]), language).failures()
    if opinion is not None and opinion.reason is None and float(opinion.observation) < POOR_DNSMOS:
        found[POOR] = f"DNSMOS {float(opinion.observation):.2f}"
    return found


def _facts(
    speaker: str, part: str, name: str, language: str, row: str, text: str, own: Mapping[str, Found], file: str
) -> SentenceFacts:
    values, reasons, understood, failures = dict[str, float](), dict[str, str](), "", dict[str, str]()
    said, opinion = own.get(senses.SAID), own.get(senses.QUALITY)
    for name_, one in ((c.CHARACTERS, said), (c.OPINION, opinion)):
        if one is not None and one.reason is not None:
            reasons[name_] = one.reason
    if said is not None and said.reason is None:
        understood = str(said.observation[1])
        both = Understood.of(text, understood, language)
        failures = both.failures()
        for name_, (wrong, length) in ((c.CHARACTERS, both.letters), (c.WORDS, both.whole_words)):
            if length:
                values[name_] = 100 * wrong / length
    if opinion is not None and opinion.reason is None:
        values[c.OPINION] = float(opinion.observation)
    return SentenceFacts(
        speaker=speaker, part=part, name=name, language=language, row=row, text=text, understood=understood, values=values,
        reasons=reasons, failures=failures, file=file,
    )  # fmt: skip
