"""`evaluate --suite speech --sources …`: what speakers say, how it is understood, whose voice it is, how often it fails.

What is read is in `speech_suite_material`, what is spoken in `speech_suite_making`, what is heard in `speech_suite_hearing`;
what all of it says together is the bench's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from melpact.bench.cache import package_version
from melpact.bench.conversion import ears as senses
from melpact.bench.conversion.ears import Ears, Usual
from melpact.bench.speech import columns
from melpact.bench.speech.detectors import DETECTORS
from melpact.bench.speech.table import SpeakerFacts, SpeechTable, column_facts
from melpact.bench.speech.understood import MEANINGS
from melpact.bench.totals import FEW, TELLING
from melpact.core.errors import MelpactError
from melpact.core.records import digest
from melpact.features.lane_cache import cache_folder
from melpact.models.speech.base import Speaker
from melpact.text.languages import resolved
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.speech_suite_desk import Desk
from melpact.verbs.speech_suite_failures import POOR, POOR_MEANING, REFUSED, REFUSED_MEANING
from melpact.verbs.speech_suite_files import with_sounds, without_files, write_table
from melpact.verbs.speech_suite_hearing import Hall
from melpact.verbs.speech_suite_making import Studio
from melpact.verbs.speech_suite_material import Material, Sizes, material
from melpact.verbs.speech_suite_parts import speaker_facts
from melpact.verbs.targets import output_folder

Given = str | Path | Speaker


@dataclass(frozen=True)
class SpeechReport:
    """The table, and the files that were written."""

    table: SpeechTable
    files: Mapping[str, Path]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        written = {name: str(path) for name, path in self.files.items()}
        return {**self.table.model_dump(mode="json"), "written": written}


def speech_suite(
    sources: Sequence[str | Path],
    references: Sequence[str | Path] = (),
    *,
    speakers: Sequence[Given] | Mapping[str, Given] | None = None,
    vocoder: str | None = None,
    refiner: str | Path | None = None,
    languages: Sequence[str] = (),
    text: str | Path | None = None,
    sizes: Sizes = Sizes(),  # noqa: B008
    out: str | Path | None = None,
    jobs: int | None = None,
    cache: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
    ears: Ears | None = None,
) -> SpeechReport:
    """Let speakers speak held-out sentences, listen, and say what that shows.

    Args:
        sources: recordings that no speaker was trained on, with text, speaker and language: folders, tables, manifests.
        references: recordings of voices that no speaker was trained on, likewise; texts are not needed.
        speakers: names, files or speakers, or row → one of these; the one that comes with the package by default.
        vocoder, refiner: as `speak` has them. languages: only these of the sources; all by default.
        text: sentences for the failure count, a line each; made from lists of words by default.
        out: folder for speech.html, .json, .md, scores.csv, sentences.csv and sounds/.
        jobs: processes that listen; all CPUs by default. Sounds are made in one, since they are timed.
        cache: sounds and scores are kept and used; a run that was interrupted goes on where it stopped.
        seed: of the intervals. ears: what listens; the bench's metrics by default.

    Raises:
        MelpactError: nothing to speak, no such speaker or vocoder, sizes that are none. A bad file is in the table.
    """
    progress = progress if progress is not None else Silent()
    ears = Usual() if ears is None else ears
    _check(sizes)
    opened = _opened(speakers)
    folder = None if out is None else output_folder(out)
    with ExitStack() as stack:
        kept = cache_folder() / "speech" if cache else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made_of = material(sources, references, text, languages, sizes, kept / "clips", partial(_spoken, opened))
        voices = {voice.name: voice for voice in made_of.plan.voices}
        hall = Hall(ears, kept / "heard" if cache else None, jobs, progress)
        facts, sentences, failed = dict[str, SpeakerFacts](), [], list(made_of.failed)
        try:
            for name, speaker in opened.items():
                desk = Desk(name, Studio(speaker, kept, voices, vocoder, refiner), made_of.plan, hall, sizes, seed, progress)
                facts[name] = speaker_facts(desk)
                sentences += desk.sentences
                failed += desk.failed
        finally:
            progress.done()
        found = SpeechTable(
            seed=seed, version=package_version(), speakers=facts, columns=column_facts(), sentences=tuple(sentences),
            failures={**{name: one.meaning for name, one in DETECTORS.items()}, **MEANINGS, POOR: POOR_MEANING,
                      REFUSED: REFUSED_MEANING},
            references={voice.name: _told(voice) for voice in made_of.plan.voices}, notes=tuple(_notes(made_of)),
            unavailable=_missing(ears), left_out=tuple(made_of.left_out), failed=tuple(dict.fromkeys(failed)),
        )  # fmt: skip
        if folder is None:
            return SpeechReport(found if cache else without_files(found), {})
        found = with_sounds(found, folder)
        return SpeechReport(found, write_table(found, folder))


def _check(sizes: Sizes) -> None:
    """Refuse sizes that nothing can be done with."""
    wrong = [
        ("--sentences", sizes.sentences, sizes.sentences >= 1, "1 or more"),
        ("--failures", sizes.failures, sizes.failures >= 0, "0 or more"),
        ("--heard", sizes.heard, sizes.heard >= 0, "0 or more"),
        ("--reference-seconds", sizes.reference_s, sizes.reference_s > 0, "more than 0 s"),
        ("--temperatures", sizes.temperatures, all(0 <= one <= 10 for one in sizes.temperatures), "numbers from 0 to 10"),
        ("--top-ps", sizes.top_ps, all(0 < one <= 1 for one in sizes.top_ps), "numbers above 0, up to 1"),
        ("seeds", sizes.seeds, sizes.seeds >= 2, "2 or more"),
    ]
    for where, got, fine, wanted in wrong:
        if not fine:
            raise MelpactError("no size for a table of speech", where=where, got=got, wanted=wanted)


def _opened(given: Sequence[Given] | Mapping[str, Given] | None) -> dict[str, Speaker]:
    """Row → speaker."""
    if isinstance(given, Mapping):
        return {name: _open(one) for name, one in given.items()}
    found: dict[str, Speaker] = {}
    asked: Sequence[Given | None] = given or [None]
    for one in asked:
        made = _open(one)
        name = made.title if one is None or isinstance(one, Speaker) else _row(Path(one))
        found[name if name not in found else f"{name} {digest(made.fingerprint, 4)}"] = made
    return found


def _row(given: Path) -> str:
    """A file's name without its endings, a folder's as it is."""
    return given.name if given.is_dir() else given.name.partition(".")[0] or given.name


def _open(given: Given | None) -> Speaker:
    if isinstance(given, Speaker):
        return given
    from melpact.verbs.speakers import speaker

    return speaker(given)


def _spoken(opened: Mapping[str, Speaker], language: str) -> bool:
    """Whether any of them speaks a language."""

    def can(speaker: Speaker) -> bool:
        try:
            speaker.language(resolved(language))
        except MelpactError:
            return False
        return True

    return any(can(speaker) for speaker in opened.values())


def _told(voice: Any) -> str:
    return f"{len(voice.reference)} recordings, {voice.reference_s:.0f} s given; {len(voice.others)} kept back"


def _missing(ears: Ears) -> dict[str, str]:
    """Column → why it cannot be measured on this machine."""
    of = {
        senses.SAID: (columns.CHARACTERS, columns.WORDS), senses.LANGUAGE: (columns.TONGUE,),
        senses.QUALITY: (columns.OPINION,), senses.WHO: (columns.WHO,), senses.WHO_ELSE: (columns.WHO_ELSE,),
    }  # fmt: skip
    return {name: why for sense, names in of.items() if (why := ears.missing(sense)) for name in names}


def _notes(made_of: Material) -> list[str]:
    counts = {language: len(own) for language, own in made_of.plan.clips.items()}
    notes = [
        "held-out sentences: " + ", ".join(f"{n} {language}" for language, n in counts.items()),
        "intervals are over sentences, of similarity over voices, as if these were independent",
    ]
    few = [language for language, n in counts.items() if n < FEW]
    if few:
        notes.append(
            f"{', '.join(few)}: intervals are rough below {FEW} sentences; below {TELLING} nothing is called better"
        )
    if made_of.plan.voices:
        tongues = sorted({voice.others[0].language for voice in made_of.plan.voices} - set(counts) - {""})
        if tongues:
            notes.append(
                f"reference voices in {', '.join(tongues)} speak {next(iter(counts))}: no held-out text is in theirs"
            )
    return notes
