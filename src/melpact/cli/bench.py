"""The commands of the bench: compare systems, and say what a metric means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render
from melpact.cli.commands import FINDING, OK, Command, Jobs
from melpact.core.errors import MelpactError


@dataclass(kw_only=True)
class Evaluate(Command):
    """Score systems against originals: every number beside its null, its ceiling and its interval.

    Folders are paired by name whatever the suffix. Exit code 1 when a file failed or had no partner; the rest is scored.

    --suite conversion --sources DIR --targets DIR makes the sounds itself: clips of some speakers in the voices of others by
    every method, beside the source, the vocoder alone, and what one and two speakers are alike.

    --suite codec --sources DIR draws rate-distortion curves: clips through codecs at several rates, with their real bits,
    beside Opus and Codec 2 where these are installed.

    --suite speech --sources DIR --references DIR lets speakers speak held-out sentences: what is understood beside the
    vocoded recording, whose voice it is, how varied, how long, and how often it fails.
    """

    reference: Annotated[Positional[str], arg(metavar="REF")] = ""
    """Folder (or file) of the originals; or a manifest: .csv, .tsv, .json or .jsonl with the columns original and one per
    system, and if you like name, text, input."""
    systems: Annotated[Positional[list[str]], arg(metavar="SYS")] = field(default_factory=list)
    """Folders (or files) of the systems' sounds; none with a manifest."""
    suite: Literal["speech", "singing", "vocoder", "codec", "conversion", "tts"] = "speech"
    """What kind of system: which metrics, nulls and ceiling."""
    metrics: Annotated[str | None, arg(metavar="NAMES")] = None
    """Only these, with commas between: pesq_wb,stoi. melpact metrics lists them."""
    name: Annotated[UseAppendAction[list[str]], arg(metavar="NAME")] = field(default_factory=list)
    """What to call the systems, once for each, in their order."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """The mel of the mel metrics and of the ceilings. A common one of the rate by default."""
    rate: Annotated[int | None, arg(metavar="HZ")] = None
    """Compare at this rate. The lowest of all sounds by default."""
    input: Annotated[str | None, arg(metavar="PATH")] = None
    """What the systems were given, which becomes the null 'unprocessed'."""
    text: Annotated[str | None, arg(metavar="TABLE")] = None
    """What is said: lines of name and text, or a folder of .txt files. Of speech: sentences for the failure count, a line
    each, with a language and | before it if you like."""
    sources: Annotated[UseAppendAction[list[str]], arg(metavar="DIR")] = field(default_factory=list)
    """Of conversion and codec: what is converted or coded. A folder with a sub-folder per speaker, a table or a manifest; of
    codec also sound files. Of speech: held-out recordings with text, speaker and language. May be repeated."""
    references: Annotated[UseAppendAction[list[str]], arg(metavar="DIR")] = field(default_factory=list)
    """Of speech: recordings of voices that no speaker was trained on, likewise; some of each are kept back, to compare
    with."""
    singing: Annotated[UseAppendAction[list[str]], arg(metavar="DIR")] = field(default_factory=list)
    """Of conversion and codec: what is sung, likewise."""
    music: Annotated[UseAppendAction[list[str]], arg(metavar="DIR")] = field(default_factory=list)
    """Of codec: other sounds, likewise."""
    codecs: Annotated[str | None, arg(metavar="NAMES")] = None
    """Of codec, with commas between: opus-cbr, opus-vbr, opus-cbr-24k, opus-vbr-24k, opus for all four, codec2; a codec's
    name or file, with @24000 and :constant, :adaptive or :quality behind it if you like. The first two of Opus, Codec 2 and
    what comes with the package by default."""
    rates: Annotated[str | None, arg(metavar="KBITS")] = None
    """Of codec: bit rates in kbit/s, with commas between. 1.5,3,6,8,12,16,24 by default."""
    clips: Annotated[int, arg(metavar="N")] = 24
    """Of codec: so many clips of each kind, spread over speakers."""
    targets: Annotated[UseAppendAction[list[str]], arg(metavar="DIR")] = field(default_factory=list)
    """Of conversion: whom to sound like, likewise. Some recordings of each are kept back, to compare with."""
    methods: Annotated[str | None, arg(metavar="NAMES")] = None
    """Of conversion, with commas between: statistics,retrieval:neighbours=8 or the file of a trained
    converter. All that can be opened by default."""
    baseline: Annotated[str | None, arg(metavar="NAME")] = None
    """Of conversion: the row that the others are compared with, pair by pair."""
    pairs: Annotated[int, arg(metavar="N")] = 12
    """Of conversion: so many spoken clips, spread over speakers and targets."""
    songs: Annotated[int, arg(metavar="N")] = 4
    """Of conversion: so many sung ones."""
    reference_seconds: Annotated[float | None, arg(metavar="S")] = None
    """Of conversion: so much of each target is given to the converters, 120. Of speech: of each reference, 15."""
    seconds: Annotated[float | None, arg(metavar="S")] = None
    """Of conversion and codec: longer clips are cut in a pause, and lose their text. 15 of conversion, 6 of codec."""
    with_: Annotated[str | None, arg(name="with", metavar="CKPT")] = None
    """Of conversion: a vocoder's file or name; what melpact voice takes by default. Of speech: speakers' names or files,
    with commas between; the one that comes with the package by default."""
    vocoder: Annotated[str | None, arg(metavar="CKPT")] = None
    """Of speech: a vocoder's file or name; what melpact speak takes by default."""
    refine: Annotated[str | None, arg(metavar="NAME")] = None
    """Of speech: a refiner of the spoken mels, by name or file, as melpact speak has it."""
    temperatures: Annotated[str | None, arg(metavar="NUMBERS")] = None
    """Of speech: how varied a sentence is at each, with commas between. 0,0.3,0.6,1 by default."""
    top_ps: Annotated[str | None, arg(metavar="NUMBERS")] = None
    """Of speech: likewise. 0.5,0.8,1 by default."""
    sentences: Annotated[int, arg(metavar="N")] = 20
    """Of speech: so many held-out sentences of each language, spread over speakers."""
    languages: Annotated[str | None, arg(metavar="NAMES")] = None
    """Of speech: only these languages of the sources, with commas between."""
    failures: Annotated[int, arg(metavar="N")] = 200
    """Of speech: failures are counted on so many sentences, those of --text or made from lists of words."""
    heard: Annotated[int, arg(metavar="N")] = 60
    """Of speech: of these, so many are given to the recogniser, too."""
    seen: Annotated[UseAppendAction[list[str]], arg(metavar="NAMES")] = field(default_factory=list)
    """Of conversion: speakers or folders that training has heard, or its manifest (.jsonl); they are told apart."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="DIR")] = None
    """Folder for the report as page, JSON, CSV and LaTeX; of conversion and codec with sounds."""
    jobs: Jobs = None
    """Processes. All CPUs by default."""
    no_laws: bool = False
    """Print metrics that break their own laws, too."""
    no_cache: bool = False
    """Measure everything anew, and keep nothing."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the random numbers."""

    def run(self) -> int:
        if self.suite == "codec" and (self.sources or self.singing or self.music):
            return self._codec()
        sung = self.singing or self.targets or self.music
        if self.suite == "speech" and (self.references or (self.sources and not sung)):
            return self._speech()
        if self.sources or sung:
            return self._conversion()
        from melpact.cli import bench_text
        from melpact.verbs.evaluate import evaluate

        if not self.reference:
            other = "To let speakers speak: --sources DIR --references DIR. " if self.suite == "speech" else ""
            raise MelpactError("needs REF", where="melpact evaluate", next=f"{other}See: melpact evaluate --help")
        report = evaluate(
            self.reference, *self.systems, suite=self.suite, names=self.name or None, dialect=self.dialect, rate=self.rate,
            metrics=None if self.metrics is None else [name.strip() for name in self.metrics.split(",") if name.strip()],
            input=self.input, text=self.text, out=self.out, jobs=self.jobs, laws=not self.no_laws, cache=not self.no_cache,
            seed=self.seed, progress=render.progress(self.quiet),
        )  # fmt: skip
        bench_text.evaluated(report, self, self.out)
        return OK if report.whole else FINDING

    def _conversion(self) -> int:
        from melpact.cli import conversion_text
        from melpact.verbs.conversion_suite import LONGEST_S, conversion_suite

        others = (
            "reference", "systems", "metrics", "name", "dialect", "rate", "input", "text", "no_laws",
            "music", "codecs", "rates", "references", "vocoder", "refine", "temperatures", "top_ps", "languages",
        )  # fmt: skip
        if self.suite != "conversion" or any(getattr(self, name) for name in others):
            raise MelpactError(
                "--sources, --singing and --targets make the sounds, by converters", where="melpact evaluate",
                wanted="--suite conversion, and neither REF, SYS nor --metrics, --name, --dialect, --rate, --input, --text",
                next="Or --suite codec, which takes --sources, --singing, --music; --suite speech: --sources, --references",
            )  # fmt: skip
        report = conversion_suite(
            self.sources, self.targets, singing=self.singing, methods=_names(self.methods) or None, baseline=self.baseline,
            pairs=self.pairs, songs=self.songs, vocoder=self.with_, seen=self.seen,
            reference_s=120.0 if self.reference_seconds is None else self.reference_seconds,
            longest_s=LONGEST_S if self.seconds is None else self.seconds, out=self.out, jobs=self.jobs,
            cache=not self.no_cache, seed=self.seed, progress=render.progress(self.quiet),
        )  # fmt: skip
        conversion_text.compared(report, self, self.out)
        return FINDING if report.table.failed else OK

    def _codec(self) -> int:
        from melpact.cli import codec_suite_text
        from melpact.verbs.codec_suite import LONGEST_S, RATE_HZ, codec_suite
        from melpact.verbs.codec_suite_coders import RATES_KBPS

        others = (
            "reference", "systems", "name", "dialect", "input", "text", "targets", "methods", "baseline", "with_", "seen",
            "references", "vocoder", "refine", "temperatures", "top_ps", "languages",
        )  # fmt: skip
        if any(getattr(self, name) for name in others):
            raise MelpactError(
                "--sources, --singing and --music are coded here", where="melpact evaluate --suite codec",
                wanted="neither REF, SYS nor --name, --dialect, --input, --text, nor what is of conversion alone",
            )  # fmt: skip
        report = codec_suite(
            self.sources, singing=self.singing, music=self.music, codecs=_names(self.codecs), metrics=_names(self.metrics),
            rates_kbps=RATES_KBPS if self.rates is None else _rates(self.rates), rate=self.rate or RATE_HZ, clips=self.clips,
            longest_s=LONGEST_S if self.seconds is None else self.seconds, out=self.out, jobs=self.jobs,
            laws=not self.no_laws, cache=not self.no_cache, seed=self.seed, progress=render.progress(self.quiet),
        )  # fmt: skip
        codec_suite_text.coded(report, self, self.out)
        return FINDING if report.table.failed else OK

    def _speech(self) -> int:
        from melpact.cli import speech_suite_text
        from melpact.verbs.speech_suite import speech_suite
        from melpact.verbs.speech_suite_material import Sizes

        others = (
            "reference", "systems", "metrics", "name", "dialect", "rate", "input", "targets", "singing", "music", "codecs",
            "rates", "methods", "baseline", "seen", "no_laws",
        )  # fmt: skip
        if any(getattr(self, name) for name in others):
            raise MelpactError(
                "--sources and --references are spoken here", where="melpact evaluate --suite speech",
                wanted="neither REF, SYS nor --metrics, --name, --dialect, --rate, --input, nor what other suites have",
            )  # fmt: skip
        usual = Sizes()
        sizes = Sizes(
            sentences=self.sentences, failures=self.failures, heard=self.heard,
            reference_s=usual.reference_s if self.reference_seconds is None else self.reference_seconds,
            temperatures=_numbers("--temperatures", self.temperatures, usual.temperatures),
            top_ps=_numbers("--top-ps", self.top_ps, usual.top_ps),
        )  # fmt: skip
        report = speech_suite(
            self.sources, self.references, speakers=_names(self.with_), vocoder=self.vocoder, refiner=self.refine,
            languages=_names(self.languages) or (), text=self.text, sizes=sizes, out=self.out, jobs=self.jobs,
            cache=not self.no_cache, seed=self.seed, progress=render.progress(self.quiet),
        )  # fmt: skip
        speech_suite_text.spoken(report, self, self.out)
        return FINDING if report.table.failed else OK


@dataclass(kw_only=True)
class Metrics(Command):
    """Say what each metric means and whether it obeys its laws here.

    With --habits: which laws the habits of published comparisons break, with the figures.
    """

    names: Annotated[Positional[list[str]], arg(metavar="NAME")] = field(default_factory=list)
    """Metrics to explain in full; a list of all without."""
    habits: bool = False
    """The table of traps."""
    laws: bool = False
    """Try the laws of all that have no verdict yet."""
    jobs: Jobs = None
    """Processes. All CPUs by default."""

    def run(self) -> int:
        from melpact.cli import bench_text
        from melpact.verbs import metrics

        bar = render.progress(self.quiet)
        if self.habits:
            bench_text.trapped(metrics.habits(jobs=self.jobs, progress=bar), self)
            return OK
        rows = metrics.metrics(self.names, try_laws=self.laws or bool(self.names), jobs=self.jobs, progress=bar)
        bench_text.explained(rows, self, full=bool(self.names))
        return OK if all(row.verdict is None or row.verdict.lawful for row in rows) else FINDING


@dataclass(kw_only=True)
class Check(Command):
    """Stop when a system got worse than its baseline by more than the noise: a gate for continuous integration.

    Measures with the baseline's own settings. Exit code 0: nothing got worse; 1: something did, or was lost.
    """

    baseline: Annotated[Positional[str], arg(metavar="BASELINE.json")]
    """The report.json that melpact evaluate REF SYS -o DIR wrote."""
    reference: Annotated[Positional[str], arg(metavar="REF")]
    """Folder of the originals."""
    systems: Annotated[Positional[list[str]], arg(metavar="SYS")] = field(default_factory=list)
    """Folders of the systems' sounds, in the baseline's order."""
    tolerance: Annotated[UseAppendAction[list[str]], arg(metavar="METRIC=VALUE")] = field(default_factory=list)
    """So much worse is let pass, in the metric's unit: pesq_wb=0.02."""
    text: Annotated[str | None, arg(metavar="TABLE")] = None
    """What is said, where the baseline knew it."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="DIR")] = None
    """Folder for the new report, the next baseline."""
    jobs: Jobs = None
    """Processes. All CPUs by default."""

    def run(self) -> int:
        from melpact.cli import bench_text
        from melpact.verbs.check import check

        found = check(
            self.baseline, self.reference, *self.systems, tolerance=_tolerances(self.tolerance), text=self.text,
            jobs=self.jobs, out=self.out, progress=render.progress(self.quiet),
        )  # fmt: skip
        bench_text.checked(found, self)
        return OK if found.passed else FINDING


@dataclass(kw_only=True)
class Ablate(Command):
    """One factorial table of mel settings, normalisers and vocoders over the same sounds, with effects and interactions.

    GRID.toml: [data] audio, clips, seconds; [mel] base and any field, a value or a list of values; normaliser, store,
    filter, vocoder at the top, likewise; [bench] metrics, seed. Without sounds the shipped recordings are used.
    """

    grid: Annotated[Positional[str], arg(metavar="GRID.toml")]
    """The grid."""
    audio: Annotated[Positional[list[str]], arg(metavar="AUDIO")] = field(default_factory=list)
    """Sound files and folders, in place of the grid's."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="DIR")] = None
    """Folder for the table as JSON and CSV, and every sound."""
    jobs: Jobs = None
    """Threads and processes. All CPUs by default."""
    no_cache: bool = False
    """Measure everything anew, and keep nothing."""

    def run(self) -> int:
        from melpact.cli import bench_text
        from melpact.verbs.ablate import ablate

        found = ablate(self.grid, audio=self.audio, out=self.out, jobs=self.jobs, cache=not self.no_cache,
                       progress=render.progress(self.quiet))  # fmt: skip
        bench_text.ablated(found, self, self.out)
        return OK if not found.failed else FINDING


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _rates(text: str) -> list[float]:
    try:
        return [float(rate) for rate in text.split(",") if rate.strip()]
    except ValueError:
        raise MelpactError(
            "these are no bit rates", where="--rates", got=repr(text), wanted="kbit/s with commas between, such as 6,8,12"
        ) from None


def _numbers(where: str, text: str | None, usual: tuple[float, ...]) -> tuple[float, ...]:
    try:
        return usual if text is None else tuple(sorted({float(one) for one in text.split(",") if one.strip()}))
    except ValueError:
        wanted = "numbers with commas between"
        raise MelpactError("these are no numbers", where=where, got=repr(text), wanted=wanted) from None


def _tolerances(texts: list[str]) -> dict[str, float]:
    from melpact.core.errors import MelpactError

    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise MelpactError("is not a tolerance", where="--tolerance", got=repr(text),
                               wanted="METRIC=VALUE, such as pesq_wb=0.02") from None  # fmt: skip
    return found


COMMANDS: dict[str, type[Command]] = {
    "evaluate": Evaluate,
    "metrics": Metrics,
    "check": Check,
    "ablate": Ablate,
}
