"""`evaluate --suite conversion --sources … --targets …`: converters on voices, beside source, vocoder and other speakers.

What is read is in `conversion_material`, what is made in `conversion_making`; what is heard and totalled is the bench's.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from melpact.audio.files import read
from melpact.bench.cache import Found, sound_digest
from melpact.bench.conversion import columns
from melpact.bench.conversion import ears as senses
from melpact.bench.conversion.ears import Ears, Usual
from melpact.bench.conversion.hearing import ALL, Listening, Room, listen
from melpact.bench.conversion.material import Conversion, Domain, TargetVoice, chosen, split
from melpact.bench.conversion.observations import BESIDE, SOURCE, Heard, Made
from melpact.bench.conversion.table import ConversionTable, table
from melpact.bench.totals import FEW, TELLING
from melpact.bench.workers import run
from melpact.contract.dialect import name_of
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.features.lane_cache import cache_folder
from melpact.verbs.batch import jobs_for
from melpact.verbs.conversion_files import with_sounds, without_files, write_table
from melpact.verbs.conversion_making import Studio
from melpact.verbs.conversion_material import Seen, clips, convertible, ready
from melpact.verbs.conversion_methods import Methods, methods_of, usual
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import output_folder

KEPT_BACK = 6
"""Recordings of each target, at most, that no converter is given."""
NULL_CLIPS = 3
"""Of each other speaker, at most, that the target's recordings are compared with."""
BASELINE = "statistics"
LONGEST_S = 15.0


@dataclass(frozen=True)
class ConversionReport:
    """The table, and the files that were written."""

    table: ConversionTable
    files: Mapping[str, Path]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        written = {name: str(path) for name, path in self.files.items()}
        return {**self.table.model_dump(mode="json"), "written": written}


def conversion_suite(
    sources: Sequence[str | Path],
    targets: Sequence[str | Path],
    *,
    singing: Sequence[str | Path] = (),
    methods: Methods | None = None,
    baseline: str | None = None,
    pairs: int = 12,
    songs: int = 4,
    reference_s: float = 120.0,
    longest_s: float = LONGEST_S,
    vocoder: str | None = None,
    seen: Sequence[str] = (),
    out: str | Path | None = None,
    jobs: int | None = None,
    cache: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
    ears: Ears | None = None,
) -> ConversionReport:
    """Convert clips to target voices by every method, listen, and say what is gained and lost.

    Args:
        sources, singing: what is converted: folders, tables or manifests of spoken and of sung clips.
        targets: likewise; of each speaker some recordings are given to the converters, others are kept back to compare with.
        methods: "statistics", "retrieval:neighbours=8", a converter's file or training; or row → one of these or a
            converter; all that can be opened by default.
        baseline: the row that every other is compared with, pair by pair; "statistics" or the first method by default.
        pairs, songs: how many spoken and sung clips are converted, spread over speakers and targets.
        reference_s: seconds of each target that the converters are given, at most.
        longest_s: longer clips are cut in a pause; a cut clip has no text.
        vocoder: as `voice` has it.
        seen: speakers, folders or a manifest (its split "train") that training has heard; their pairs are told apart.
        out: folder for conversion.html, .json, .md, scores.csv, pairs.csv and sounds/.
        jobs: processes that listen; all CPUs by default. Sounds are made in one. cache: sounds and scores are kept and used.
        seed: of the choice of pairs and of the intervals. ears: what listens; the bench's metrics by default.

    Raises:
        MelpactError: nothing to convert, no usable target, an unknown method, methods of several descriptions. A bad file
            is in the table.
    """
    progress = progress if progress is not None else Silent()
    ears = Usual() if ears is None else ears
    asked, absent = usual() if methods is None else (methods, [])
    ways, spec = methods_of(asked)
    against = baseline or (BASELINE if BASELINE in ways else next(iter(ways)))
    if against not in (*BESIDE, *ways):
        raise MelpactError("is no row of this table", where="--baseline", got=against, wanted=", ".join((*BESIDE, *ways)))
    folder = None if out is None else output_folder(out)
    with ExitStack() as stack:
        kept = cache_folder() / "conversion" if cache else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        conversions, left_out, failed = _conversions(
            sources, targets, singing, Seen.of(seen), pairs, songs, reference_s, longest_s, seed, kept / "clips"
        )
        studio = Studio(spec, ways, kept, vocoder)
        room = Room(spec.sample_rate, ears, kept / "heard" if cache else None, _band_rate(spec))
        try:
            heard = Heard(made=_made(conversions, studio, failed, progress))
            _listen(conversions, heard, room, failed, jobs, progress)
        finally:
            progress.done()
        voices = {one.target.name: one.target for one in conversions}
        said = [note for target in voices.values() for note in studio.notes(target)]
        found = table(
            conversions, heard, methods={name: way.converter.title for name, way in ways.items()},
            asked={name: way.settings.facts() for name, way in ways.items()}, baseline=against,
            spec=name_of(spec) or spec.fingerprint, vocoder=studio.by, seed=seed, missing=_missing(ears),
            notes=[*_notes(conversions, heard), *said], left_out=[*absent, *left_out], failed=failed,
        )  # fmt: skip
        if folder is None:
            return ConversionReport(found if cache else without_files(found), {})
        found = with_sounds(found, conversions, folder)
        return ConversionReport(found, write_table(found, folder))


def _conversions(
    sources: Sequence[str | Path], targets: Sequence[str | Path], singing: Sequence[str | Path], seen: Seen, pairs: int,
    songs: int, reference_s: float, longest_s: float, seed: int, folder: Path,
) -> tuple[list[Conversion], list[str], list[str]]:  # fmt: skip
    """What is converted to whom, speakers that cannot be used, files that cannot be read."""
    if not targets or not (sources or singing):
        raise MelpactError(
            "a table of conversions needs what to convert, and to whom", where="--sources, --singing, --targets",
            wanted="folders with a sub-folder for each speaker, or manifests",
        )  # fmt: skip
    voices, spoken, sung = (clips(one, seen) for one in (targets, sources, singing))
    failed = [*voices.failed, *spoken.failed, *sung.failed]
    pools = {
        name: {who: fitting for who, own in listed.speakers.items() if (fitting := convertible(own, longest_s))}
        for name, listed in (("speech", spoken), ("singing", sung))
    }
    wanted = frozenset(clip.sentence for own in pools["speech"].values() for clip in own if clip.text)
    found = [split(name, own, reference_s, KEPT_BACK, wanted) for name, own in sorted(voices.speakers.items())]
    usable, left_out = [one for one in found if isinstance(one, TargetVoice)], [one for one in found if isinstance(one, str)]
    if not usable:
        raise MelpactError(
            "no target can be used", where="--targets", got=(left_out or failed or ["no recording"])[0],
            wanted="two recordings of a speaker at least",
        )  # fmt: skip
    domains: tuple[tuple[Domain, int], ...] = (("speech", pairs), ("singing", songs))
    every = [one for domain, count in domains for one in chosen(pools[domain], usable, count, domain, seed)]
    conversions, at_hand = list[Conversion](), dict[str, TargetVoice]()
    for one in every:
        try:
            if one.target.name not in at_hand:
                at_hand[one.target.name] = _at_hand(one.target, folder)
            parallel = None if one.parallel is None else ready(one.parallel, folder)
            conversions.append(
                replace(one, source=ready(one.source, folder), target=at_hand[one.target.name], parallel=parallel)
            )
        except (MelpactError, OSError) as error:
            failed.append(f"{one.name}: {error}")
    if not conversions:
        raise MelpactError(
            "nothing can be converted", where="--sources", got=(failed or ["no clip of another speaker than the target"])[0],
            wanted="clips of 1.5 s and more",
        )  # fmt: skip
    return conversions, left_out, failed


def _at_hand(target: TargetVoice, folder: Path) -> TargetVoice:
    """With every clip a file of its own, and without copies of what is kept back among what the converters are given."""
    others = tuple(ready(clip, folder) for clip in target.others)
    given = tuple(ready(clip, folder) for clip in target.reference)
    known = {_content(clip.path) for clip in others}
    reference = tuple(clip for clip in given if _content(clip.path) not in known)
    if not reference:
        raise MelpactError("all its recordings are copies of those that are kept back", where=target.name)
    return replace(target, reference=reference, others=others)


def _content(path: Path) -> str:
    """Of its samples; two files of one sound may differ in their headers. What cannot be read is named later."""
    try:
        return sound_digest(read(path))
    except MelpactError:
        return str(path)


def _made(
    conversions: Sequence[Conversion], studio: Studio, failed: list[str], progress: Progress
) -> dict[str, dict[str, Made | str]]:
    rows = (*BESIDE, *studio.ways)
    progress.start(len(conversions) * len(rows), "sounds made")
    found: dict[str, dict[str, Made | str]] = {}
    for one in conversions:
        own: dict[str, Made | str] = {}
        for row in rows:
            try:
                own[row] = studio.made(one, row)
            except (MelpactError, OSError) as error:
                own[row] = str(error).rstrip(".")
            except Exception as error:  # a converter's own fault costs this sound, not the table
                own[row] = f"unexpected {type(error).__name__}: {error}"
            if isinstance(own[row], str):
                failed.append(f"{one.name}: {row}: {own[row]}")
            progress.advance(1)
        found[one.name] = own
    return found


def _listen(
    conversions: Sequence[Conversion], heard: Heard, room: Room, failed: list[str], jobs: int | None, progress: Progress
) -> None:
    """Every sound once, and the recordings that it is compared with."""
    tasks, places = list[Listening](), list[tuple[str, str]]()
    for one in conversions:
        for row, made in heard.made[one.name].items():
            if isinstance(made, Made):
                places.append((one.name, row))
                tasks.append(
                    Listening(
                        f"{one.name}: {row}", made.path, ALL, one.source.path, made.key,
                        None if one.parallel is None else one.parallel.path, one.domain == "speech", one.source.language,
                    )
                )  # fmt: skip
    voices = {clip.path: clip for one in conversions for clip in one.target.others}
    tasks += [Listening(clip.id, path, (senses.WHO,)) for path, clip in voices.items()]
    progress.start(len(tasks), "sounds heard")
    outcomes = run(tasks, room, jobs=jobs_for(max(2, len(tasks)), jobs), advance=progress.advance, work=listen)
    for (name, row), outcome in zip(places, outcomes, strict=False):
        if "" in outcome.failed:
            heard.made[name][row] = outcome.failed[""]
            failed.append(f"{outcome.name}: {outcome.failed['']}")
            continue
        heard.sounds.setdefault(name, {})[row] = outcome.found[""]
        failed += [f"{outcome.name}: {sense}: {one.reason}" for sense, one in outcome.found[""].items() if one.fault]
    known = {
        path: outcome.found[""][senses.WHO] if "" in outcome.found else Found(reason=outcome.failed[""])
        for path, outcome in zip(voices, outcomes[len(places) :], strict=True)
    }
    _who(conversions, heard, known)


def _who(conversions: Sequence[Conversion], heard: Heard, known: Mapping[Path, Found]) -> None:
    """Embeddings of the targets' kept-back recordings, and of everybody else."""
    speakers: dict[str, list[Any]] = {}
    targets = {one.target.name: one.target for one in conversions}
    for name, target in targets.items():
        found = [known[clip.path] for clip in target.others]
        heard.voices[name] = [one.observation for one in found if one.reason is None]
        speakers[name] = heard.voices[name][:NULL_CLIPS]
        if not heard.voices[name]:
            heard.silent[name] = str(found[0].reason)
    spoken = [one for one in conversions if one.domain == "speech"] or list(conversions)
    clips_of: dict[str, dict[str, Any]] = {}
    for one in spoken:
        own = heard.sounds.get(one.name, {}).get(SOURCE, {}).get(senses.WHO, Found(reason=""))
        if own.reason is None and one.source.speaker not in targets:
            clips_of.setdefault(one.source.speaker, {})[one.source.id] = own.observation
    speakers |= {name: list(own.values())[:NULL_CLIPS] for name, own in clips_of.items()}
    for name in targets:
        heard.others[name] = {who: own for who, own in speakers.items() if who != name and own}


def _band_rate(spec: MelSpec) -> int:
    """The lowest usual rate that holds the mel's highest frequency."""
    usual = [rate for rate in (16000, 22050, 24000, 32000) if spec.f_max <= rate / 2]
    return min([spec.sample_rate, *usual])


def _missing(ears: Ears) -> dict[str, str]:
    """Column → why it cannot be measured on this machine."""
    of = {
        senses.WHO: (columns.SIMILARITY, columns.SHARE, columns.TO_SOURCE, columns.NEARER),
        senses.PITCH: (columns.F0_CORRELATION, columns.F0_CENTS),
        senses.SAID: (columns.CHARACTERS, columns.CHARACTERS_RATIO, columns.WORDS, columns.WORDS_RATIO),
        senses.QUALITY: (columns.OPINION,), senses.PARALLEL: (columns.DISTANCE,),
    }  # fmt: skip
    return {name: why for sense, names in of.items() if (why := ears.missing(sense)) for name in names}


def _notes(conversions: Sequence[Conversion], heard: Heard) -> list[str]:
    from melpact.bench.conversion.observations import wanted

    notes = []
    spoken = [one for one in conversions if one.domain == "speech"]
    by = [wanted(one, heard.sounds.get(one.name, {})) for one in spoken]
    against = sum(one.by == "text" for one in by)
    others = sum(one.by != "text" and one.reason is None for one in by)
    if against or others:
        notes.append(
            f"words: {against} pairs against the text, {others} against what the recogniser understands of the unconverted "
            "source; the vocoded source makes errors, too, so read the ratio"
        )
    parallel = sum(one.parallel is not None for one in conversions)
    said = "the target's own recording of the same sentence is there for"
    notes.append(f"MCD-DTW: {said} {parallel} of {len(conversions)} pairs" if parallel else f"MCD-DTW: {said} no pair")
    notes.append("intervals are over pairs as if these were independent; pairs that share a speaker are not quite")
    every = [(row, made) for own in heard.made.values() for row, made in own.items() if isinstance(made, Made)]
    loud = Counter(row for row, made in every if made.peak > 1)
    if loud:
        notes.append("beyond full scale, and clipped: " + ", ".join(f"{n} of {row}" for row, n in loud.items()))
    for domain, own in (("speech", spoken), ("singing", [one for one in conversions if one.domain == "singing"])):
        if 0 < len(own) < FEW:
            notes.append(
                f"{domain}, n = {len(own)}: intervals are rough below {FEW}; below {TELLING} nothing is called better"
            )
    return notes
