"""The commands as records: fields are the flags, docstrings the help, `run` calls the verb and renders.

Verbs are imported when a command runs, so that help answers at once.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render
from melpact.core.errors import MelpactError

OK, FINDING = 0, 1

Changes = Annotated[UseAppendAction[list[str]], arg(name="set", metavar="FIELD=VALUE")]
Inputs = Annotated[Positional[list[str]], arg(metavar="INPUTS", help_behavior_hint="(one or more)")]
Jobs = Annotated[int | None, arg(aliases=["-j"], metavar="N")]


@dataclass(kw_only=True)
class Command(ABC):
    """What every command has."""

    json: bool = False
    """Print the result as JSON and nothing else on standard output."""
    quiet: Annotated[bool, arg(aliases=["-q"])] = False
    """No progress and no result for people; errors are still said."""

    @abstractmethod
    def run(self) -> int:
        """Do it; returns the exit code."""


@dataclass(kw_only=True)
class Extract(Command):
    """Make mels of sounds: any format libsndfile reads, any rate, channels and length.

    --input_wavs_dir, --output_mel_dir and --config are understood, too.
    """

    inputs: Inputs
    """Sound files, folders (searched to the bottom), patterns ('speech/**/*.flac'), sample:en_noservice."""
    out: Annotated[str, arg(aliases=["-o"], metavar="PATH")]
    """Folder, in which the structure of an input folder is kept; or the .mel file for a single input."""
    dialect: Annotated[str, arg(aliases=["-d"], metavar="NAME")]
    """Dialect (melpact dialects lists them), NAME:FORM, or a JSON file: a spec, or a HiFi-GAN-like config.json, which is
    looked at for what its mels cannot hold."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description, or give a fact the dialect asks for. May be repeated."""
    format: Literal["mel", "npy"] = "mel"
    """mel describes itself; npy holds the bare values [n_mels, frames]."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""
    skip_existing: bool = False
    """Leave finished outputs alone: whole, of this description, from a source of the same size."""

    def run(self) -> int:
        from melpact.verbs.extract import extract
        from melpact.verbs.meaning import parse_changes

        began = time.perf_counter()
        report = extract(
            self.inputs,
            self.out,
            self.dialect,
            changes=parse_changes(self.changes),
            format=self.format,
            jobs=self.jobs,
            skip_existing=self.skip_existing,
            progress=render.progress(self.quiet),
        )
        render.extracted(report, self, time.perf_counter() - began)
        return render.failures(report.failed)


@dataclass(kw_only=True)
class Show(Command):
    """Say everything known of a mel, statistics, sound or foreign mel file, and what is not known."""

    path: Annotated[Positional[str], arg(metavar="FILE")]
    """A .mel, statistics, sound, .npy, .npz, .pt or .h5 file."""

    def run(self) -> int:
        from melpact.verbs.show import show

        render.shown(show(self.path), self)
        return OK


@dataclass(kw_only=True)
class Diff(Command):
    """Compare two descriptions field by field, and two mels of one description number by number.

    Like diff(1): exit code 0 when they are the same, 1 when they differ, 2 when something is wrong.
    """

    a: Annotated[Positional[str], arg(metavar="A")]
    """Mel file, dialect or JSON spec."""
    b: Annotated[Positional[str], arg(metavar="B")]
    """Mel file, dialect or JSON spec."""
    tolerance: Annotated[float, arg(metavar="X")] = 0.0
    """Values of two mels may differ by this much and still count as the same."""
    every: bool = False
    """List the fields that are the same, too."""

    def run(self) -> int:
        from melpact.verbs.diff import diff

        found = diff(self.a, self.b)
        render.compared(found, self, self.tolerance, self.every)
        return OK if found.same(self.tolerance) else FINDING


@dataclass(kw_only=True)
class Dialects(Command):
    """List the known mel conventions, or say everything of one."""

    query: Annotated[Positional[list[str]], arg(metavar="WORDS")] = field(default_factory=list)
    """A dialect's exact name for all of it; else words that must occur, and FIELD=VALUE such as n_mels=100."""
    name: Annotated[str | None, arg(metavar="NAME")] = None
    """One dialect in full: description, sources, quirks, what fits it and what it asks for."""

    def run(self) -> int:
        from melpact.verbs.dialects import dialects, is_name, sheet

        query = " ".join(self.query)
        if self.name is not None or is_name(query):
            render.dialect_sheet(sheet(self.name or query), self)
            return OK
        rows = dialects(query)
        render.dialect_rows(rows, self)
        return OK if rows else FINDING


@dataclass(kw_only=True)
class Stats(Command):
    """Count mels exactly: means, spreads, quantiles, silence, floor and clip shares.

    Any order of the files and any number of threads give the same bits.
    """

    inputs: Inputs
    """Mel files, statistics files, folders and patterns; with --dialect also sounds and foreign mels."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """Statistics file to write."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """The description of sounds and of .npy, .npz, .pt and .h5 files."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description, or give a fact the dialect asks for. May be repeated."""
    axes: Literal["mel-time", "time-mel"] | None = None
    """Which way round foreign arrays lie, where that cannot be seen."""
    key: Annotated[str | None, arg(metavar="NAME")] = None
    """The array's name where a foreign file holds several."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        from melpact.verbs.meaning import parse_changes
        from melpact.verbs.stats import stats

        report = stats(
            self.inputs,
            self.out,
            dialect=self.dialect,
            changes=parse_changes(self.changes),
            axes=self.axes,
            key=self.key,
            jobs=self.jobs,
            progress=render.progress(self.quiet),
        )
        render.counted(report, self)
        return render.failures(report.failed)


@dataclass(kw_only=True)
class Vocode(Command):
    """Make sounds of mels: by signal processing, by a vocoder that comes with melpact, or by a checkpoint (--with).

    --input_mel_dir, --output_dir and --checkpoint_file are understood, too.
    """

    inputs: Inputs
    """Mel files, folders and patterns; with --dialect also .npy, .npz, .pt and .h5."""
    out: Annotated[str, arg(aliases=["-o"], metavar="PATH")]
    """Folder, in which the structure of an input folder is kept; or the .wav file for a single input."""
    with_: Annotated[str | None, arg(name="with", metavar="CKPT")] = None
    """A vocoder: melpact_small, a .vocoder or .onnx file, a published checkpoint with its configuration beside it; or
    griffin_lim, without a trained model, which is the default."""
    config: Annotated[str | None, arg(metavar="FILE")] = None
    """The checkpoint's configuration, where it does not lie beside it; foreign mels without --dialect are in its mel."""
    stream: bool = False
    """With a vocoder: block by block, written as it is made; beyond the mel, memory does not grow with the length."""
    device: Annotated[str, arg(metavar="NAME")] = "cpu"
    """With a vocoder: cpu, cuda, cuda:1 …"""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """With a vocoder: the numbers it computes in."""
    allow: Literal["exact", "fitted", "lossy"] = "exact"
    """With a vocoder: which bridges may turn the mels into the one it takes."""
    f0: Annotated[str | None, arg(metavar="FILE")] = None
    """For a vocoder driven by pitch: its F0. .npy, Hz per frame; .csv, Hz, or time in s and Hz; or a folder of them."""
    audio: Annotated[str | None, arg(metavar="FILE")] = None
    """Or the sound that the F0 is taken from, or a folder of them. With neither it is estimated from the mel."""
    effort: Literal["fast", "best"] | None = None
    """Of griffin_lim, which is meant where it is given: quality against time (best)."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the random numbers, where the method uses any."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """What foreign files mean; melpact files say it themselves."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description, or give a fact the dialect asks for. May be repeated."""
    axes: Literal["mel-time", "time-mel"] | None = None
    """Which way round foreign arrays lie, where that cannot be seen."""
    key: Annotated[str | None, arg(metavar="NAME")] = None
    """The array's name where a foreign file holds several."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        from melpact.verbs.meaning import parse_changes

        if self.with_ is not None and self.with_ != "griffin_lim":
            return self._with(self.with_)
        from melpact.verbs.vocode import vocode

        report = vocode(
            self.inputs,
            self.out,
            named=self.with_,
            effort=self.effort,
            seed=self.seed,
            dialect=self.dialect or self.config,
            changes=parse_changes(self.changes),
            axes=self.axes,
            key=self.key,
            jobs=self.jobs,
            progress=render.progress(self.quiet),
        )
        render.vocoded(report, self)
        return render.failures(report.failed)

    def _with(self, checkpoint: str) -> int:
        from melpact.cli import vocoder_text
        from melpact.verbs.meaning import parse_changes
        from melpact.verbs.vocode_with import vocode_with

        report = vocode_with(
            self.inputs, self.out, checkpoint, config=self.config, stream=self.stream, device=self.device, dtype=self.dtype,
            allow=self.allow, f0=self.f0, audio=self.audio, dialect=self.dialect or self.config,
            changes=parse_changes(self.changes), axes=self.axes, key=self.key, progress=render.progress(self.quiet),
        )  # fmt: skip
        vocoder_text.sounded(report, self)
        return render.failures(report.failed)


@dataclass(kw_only=True)
class Run(Command):
    """Take a sound through its mel and back: files, a picture, and what was kept beside nulls and a ceiling.

    Exit code 1 when a check of the contract fails; everything is written all the same.
    """

    input: Annotated[Positional[str], arg(metavar="INPUT")]
    """A sound file, or a shipped prompt: sample:en_noservice."""
    out: Annotated[str, arg(aliases=["-o"], metavar="DIR")]
    """Folder for the mel, the sounds, the picture and the report."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """Dialect (melpact dialects lists them), NAME:FORM, or a JSON file of a spec; the vocoder's, or hifigan_22k."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description, or give a fact the dialect asks for. May be repeated."""
    with_: Annotated[str | None, arg(name="with", metavar="CKPT")] = None
    """A vocoder that makes the sound: melpact_small, a .vocoder, .onnx, or a published checkpoint with its configuration
    beside it; or griffin_lim, the default."""
    refine: Annotated[str | None, arg(metavar="NAME")] = None
    """Refine the mel first, and set the sound beside the one without: a refiner's file, or default for the shipped one."""
    allow: Literal["exact", "fitted", "lossy"] = "exact"
    """With a vocoder: which bridges may turn the mel into the one it takes."""
    effort: Literal["fast", "best"] | None = None
    """Of griffin_lim, which is meant where it is given without a vocoder: quality against time (best)."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the random numbers."""

    def run(self) -> int:
        from melpact.verbs.meaning import described, parse_changes
        from melpact.verbs.run import run

        with render.working(self.quiet, "There and back"):
            changes = parse_changes(self.changes)
            name = self.dialect or ("hifigan_22k" if changes and self.with_ is None else None)
            if name is None and changes:
                raise MelpactError("changes of fields need a dialect that they change", where="--set", wanted="--dialect")
            spec = None if name is None else described(name, changes)
            report = run(
                self.input, self.out, spec, checkpoint=self.with_, refiner=self.refine, allow=self.allow,
                effort=self.effort, seed=self.seed,
            )  # fmt: skip
        render.ran(report, self)
        return OK if report.sound else FINDING


@dataclass(kw_only=True)
class Completion(Command):
    """Print a script that completes melpact's commands and flags: eval "$(melpact completion bash)"."""

    shell: Annotated[Positional[Literal["bash", "zsh", "fish"]], arg(metavar="bash|zsh|fish")]
    """The shell."""

    def run(self) -> int:
        from melpact.cli.main import completion

        script = completion(self.shell)
        render.text({"shell": self.shell, "script": script}, script, self)
        return OK


COMMANDS: dict[str, type[Command]] = {
    "extract": Extract,
    "show": Show,
    "diff": Diff,
    "dialects": Dialects,
    "stats": Stats,
    "vocode": Vocode,
    "run": Run,
    "completion": Completion,
}
