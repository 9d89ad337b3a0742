"""`evaluate --suite codec --sources …`: rate-distortion curves of codecs, beside Opus, Codec 2, nulls and ceilings.

What is read is in `codec_suite_material`, which codecs in `codec_suite_coders`, what is made in `codec_suite_making`; what
is measured and totalled is the bench's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from melpact.bench import laws
from melpact.bench.codec.aligning import LIMIT_S
from melpact.bench.codec.coder import DOMAINS, Coder, Domain, row_name
from melpact.bench.codec.table import NULLS, CodecTable, Item, Made, ceiling_name, facts_of, grouped, table
from melpact.bench.conversion.ears import SAID, Usual
from melpact.bench.conversion.hearing import Listening, Room, listen
from melpact.bench.metric import Metric, metrics
from melpact.bench.run import in_unit
from melpact.bench.sound import dialect_for
from melpact.bench.suites import named
from melpact.bench.task import Outcome, Settings, Task
from melpact.bench.totals import FEW, TELLING
from melpact.bench.workers import run
from melpact.core.errors import MelpactError
from melpact.features.lane_cache import cache_folder
from melpact.verbs.batch import jobs_for
from melpact.verbs.codec_suite_coders import RATES_KBPS, Given, coders, rows_of
from melpact.verbs.codec_suite_files import with_sounds, without_files, write_table
from melpact.verbs.codec_suite_making import Studio
from melpact.verbs.codec_suite_material import Sources, items
from melpact.verbs.conversion_material import SHORTEST_S
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import output_folder

METRICS = (
    "pesq_wb", "stoi", "dnsmos_overall", "snr", "si_sdr", "mel_mae", "stft_distance", "speaker_similarity",
)  # fmt: skip
RATE_HZ = 16000
CLIPS = 24
LONGEST_S = 6.0


@dataclass(frozen=True)
class CodecReport:
    """The table, and the files that were written."""

    table: CodecTable
    files: Mapping[str, Path]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        written = {name: str(path) for name, path in self.files.items()}
        return {**self.table.model_dump(mode="json"), "written": written}


def codec_suite(
    sources: Sources = (),
    *,
    singing: Sources = (),
    music: Sources = (),
    codecs: Sequence[Given] | None = None,
    rates_kbps: Sequence[float] = RATES_KBPS,
    metrics: Sequence[str] | None = None,
    rate: int = RATE_HZ,
    clips: int = CLIPS,
    longest_s: float = LONGEST_S,
    out: str | Path | None = None,
    jobs: int | None = None,
    laws: bool = True,
    cache: bool = True,
    seed: int = 0,
    progress: Progress | None = None,
) -> CodecReport:
    """Code clips with every codec at every rate, and say what is kept at how many bits.

    Args:
        sources, singing, music: folders, tables, manifests or sound files of spoken, sung and other clips.
        codecs: opus-cbr and opus-vbr (given 16 kHz), opus-cbr-24k, opus-vbr-24k, opus (all four), codec2; names and files of
            melpact's own, as NAME[@HZ][:constant|adaptive|quality]; or coders. What comes with the package, Opus given
            16 kHz and Codec 2 by default.
        rates_kbps: what is asked of codecs that can be asked.
        metrics: names in place of the usual; the recogniser's only where they are named.
        rate: Hz of the comparison. clips: of each kind, at most. longest_s: longer ones are cut in a pause.
        out: folder for codec.html, .json, .md, points.csv, clips.csv, equal.csv and sounds/.
        jobs: processes that measure; all CPUs by default. Sounds are made in one, since they are timed.
        laws: whether a metric that breaks its own laws is withheld. cache: sounds and scores are kept and used.
        seed: of noise and intervals.

    Raises:
        MelpactError: nothing to code, no such codec, metric or rate. A bad file is in the table.
    """
    progress = progress if progress is not None else Silent()
    if not 8000 <= rate <= 96000:
        raise MelpactError("no rate to compare codecs at", where="--rate", got=f"{rate} Hz", wanted="8000 to 96000 Hz")
    if not longest_s >= SHORTEST_S:
        raise MelpactError(
            "too short to be coded", where="--seconds", got=f"{longest_s} s", wanted=f"{SHORTEST_S} s or more"
        )
    if clips < 1:
        raise MelpactError("at least one clip is needed", where="--clips", got=clips, wanted="1 or more")
    jobs_for(1, jobs)
    found, absent = coders(codecs)
    rows, without = rows_of(found, rates_kbps)
    names = named(METRICS if metrics is None else metrics)
    folder = None if out is None else output_folder(out)
    with ExitStack() as stack:
        kept = cache_folder() / "codec" if cache else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        given: dict[Domain, Sources] = {"speech": sources, "singing": singing, "music": music}
        every, left_out, failed = items({name: own for name, own in given.items() if own}, clips, longest_s, kept / "clips")
        work = _Work(rate, seed, jobs, kept if cache else None, progress)
        try:
            chosen, unavailable, withheld = _lawful(names, work, laws)
            studio = Studio(kept, rate)
            every, ceilings = _made(every, rows, studio, failed, progress)
            every, said = _texts(every, chosen, work)
            outcomes = _measured(every, ceilings, chosen, work, failed)
        finally:
            progress.done()
        notes = [*_notes(every, rate), *said]
        result = table(
            grouped(every, outcomes, rows, chosen, seed=seed, rate=rate),
            [facts_of(one, outcomes[one.name], chosen) for one in every], found, chosen, rate=rate, seed=seed, notes=notes,
            unavailable=unavailable, withheld=withheld, left_out=[*absent, *without, *left_out], failed=failed,
        )  # fmt: skip
        if folder is None:
            return CodecReport(result if cache else without_files(result), {})
        result = with_sounds(result, folder)
        return CodecReport(result, write_table(result, folder))


@dataclass(frozen=True)
class _Work:
    """What is the same for all that is measured."""

    rate: int
    seed: int
    jobs: int | None
    cache: Path | None
    progress: Progress

    @property
    def measured(self) -> Path | None:
        return None if self.cache is None else self.cache / "measured"


def _lawful(
    names: Sequence[str], work: _Work, tried: bool
) -> tuple[dict[str, Metric], dict[str, str], dict[str, laws.Verdict]]:
    """The metrics that are printed, why others cannot be computed, and the verdicts of those that break their laws."""
    spec, known = dialect_for(work.rate), metrics()
    unavailable = {name: why for name in names if (why := known[name].missing())}
    names = [name for name in names if name not in unavailable]
    verdicts = dict[str, laws.Verdict]()
    if tried:
        shelf = None if work.cache is None else work.cache.parent / "evaluate"
        if any(laws.kept(name, cache=shelf) is None for name in names):
            work.progress.start(len(laws.cases()), "laws")
        verdicts = laws.judge(names, jobs=jobs_for(2, work.jobs), cache=shelf, advance=work.progress.advance)
    withheld = {name: verdict for name, verdict in verdicts.items() if not verdict.lawful}
    chosen = {name: in_unit(known[name], spec) for name in names if name not in withheld}
    if not chosen:
        raise MelpactError("no metric is left to measure with", where="--metrics", got=", ".join([*unavailable, *withheld]))
    return chosen, unavailable, withheld


def _made(
    every: Sequence[Item], rows: Sequence[tuple[Coder, float]], studio: Studio, failed: list[str], progress: Progress
) -> tuple[list[Item], dict[str, dict[str, Path]]]:
    """The clips with their sounds, and clip → ceiling → sound; a clip that cannot be read is left out."""
    progress.start(len(every) * len(rows), "sounds coded")
    whole, ceilings = list[Item](), dict[str, dict[str, Path]]()
    for item in every:
        try:
            rates = dict.fromkeys(coder.sample_rate for coder, _ in rows)
            ceilings[item.name] = {ceiling_name(one): studio.ceiling(item, one) for one in rates}
        except (MelpactError, OSError) as error:
            failed.append(f"{item.name}: {error}")
            progress.advance(len(rows))
            continue
        own = dict[str, Made | str]()
        for coder, asked in rows:
            row = row_name(coder, asked)
            try:
                own[row] = studio.made(item, coder, asked)
            except (MelpactError, OSError) as error:
                own[row] = str(error).rstrip(".")
            except Exception as error:  # a codec's own fault costs this sound, not the table
                own[row] = f"unexpected {type(error).__name__}: {error}"
            if isinstance(own[row], str):
                failed.append(f"{item.name}: {row}: {own[row]}")
            progress.advance(1)
        whole.append(replace(item, made=own))
    if not whole:
        raise MelpactError("no clip can be read", where="--sources, --singing, --music", got=failed[0])
    return whole, ceilings


def _texts(every: list[Item], chosen: Mapping[str, Metric], work: _Work) -> tuple[list[Item], list[str]]:
    """What is said, where a metric asks for it: the text that is known, else what the recogniser hears in the original."""
    if not any("text" in metric.needs for metric in chosen.values()):
        return every, []
    mute = [one for one in every if not one.text and one.domain == "speech"]
    room = Room(work.rate, Usual(), None if work.cache is None else work.cache / "heard")
    tasks = [Listening(one.name, one.path, (SAID,)) for one in mute]
    work.progress.start(len(tasks), "originals understood")
    outcomes = run(tasks, room, jobs=jobs_for(max(2, len(tasks)), work.jobs), advance=work.progress.advance, work=listen)
    heard = dict[str, str]()
    for one, outcome in zip(mute, outcomes, strict=True):
        found = outcome.found.get("", {}).get(SAID)
        if found is not None and found.reason is None:
            heard[one.name] = str(found.observation[1])
    spoken = sum(one.domain == "speech" for one in every)
    said = f"words: {spoken - len(mute)} clips against their text, {len(heard)} against what is understood of the original"
    return [replace(one, text=heard.get(one.name, one.text)) for one in every], [said]


def _measured(
    every: Sequence[Item], ceilings: Mapping[str, Mapping[str, Path]], chosen: Mapping[str, Metric], work: _Work,
    failed: list[str],
) -> dict[str, Outcome]:  # fmt: skip
    """Clip → everything about its sounds. They lie on their originals already: time is left alone."""
    found = dict[str, Outcome]()
    work.progress.start(len(every), "clips measured")
    for domain in DOMAINS:
        own = [one for one in every if one.domain == domain]
        fitting = tuple(name for name, metric in chosen.items() if domain in metric.domains)
        settings = Settings(
            work.rate, dialect_for(work.rate), fitting, NULLS, max_lag_s=0.0, seed=work.seed, cache=work.measured
        )
        tasks = []
        for i, one in enumerate(own):
            sides = {row: made.path for row, made in one.made.items() if isinstance(made, Made)}
            other = own[(i + 1) % len(own)].path if len(own) > 1 else None
            tasks.append(Task(one.name, one.path, {**sides, **ceilings[one.name]}, other, None, one.text or None))
        for outcome in run(tasks, settings, jobs=jobs_for(max(2, len(tasks)), work.jobs), advance=work.progress.advance):
            found[outcome.name] = outcome
            failed += [
                f"{outcome.name}: {side}: {why}".replace(": :", ":")
                for side, why in outcome.failed.items()
                if side not in NULLS
            ]
            failed += [
                f"{outcome.name}: {side}: {name}: {one.reason}"
                for side, each in outcome.found.items()
                for name, one in each.items()
                if one.fault
            ]
    return found


def _notes(every: Sequence[Item], rate: int) -> list[str]:
    notes = [
        "kbit/s: bits of the packets alone over the seconds of sound; with the container beside it",
        f"delay: found within {1000 * LIMIT_S:g} ms and taken back to a part of a sample, clip by clip, alike for all",
        f"ceiling: what the codec is given, as 16-bit PCM, compared at {rate} Hz like all",
        "null: the best of silence, noise of the clip's spectrum, another clip",
    ]
    counts = {domain: sum(one.domain == domain for one in every) for domain in DOMAINS}
    notes += [
        f"{domain}, n = {n}: intervals are rough below {FEW}; below {TELLING} nothing is called better"
        for domain, n in counts.items()
        if 0 < n < FEW
    ]
    return notes
