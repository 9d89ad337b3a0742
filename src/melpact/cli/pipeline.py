"""The commands that join programs: run a pipeline whose hand-overs are checked, and say what a mel really is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from melpact.cli import pipeline_text, render
from melpact.cli.commands import FINDING, OK, Changes, Command, Inputs, Jobs


@dataclass(kw_only=True)
class Pipeline(Command):
    """Run features, text, sounds or mels through your own model, its normaliser, a calibration and a vocoder.

    Every hand-over is checked before anything runs: exact bridges are put in, others refused with their cost. Exit code 1
    when some of several inputs failed, or when a record's output did not come out again.
    """

    pipe: Annotated[Positional[str], arg(metavar="PIPE")]
    """A .toml file of the stages, or the record of a run (NAME.run.json), which is done again and compared."""
    inputs: Annotated[Positional[list[str]], arg(metavar="INPUTS")] = field(default_factory=list)
    """Files, folders and patterns of what the first stage takes: .npy, .npz, .txt, sounds or mels."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Folder, or the output file for a single input. The record of every run lies beside its output."""
    check: bool = False
    """Check the hand-overs, print the chain, and run nothing."""
    allow: Literal["exact", "fitted", "lossy"] | None = None
    """Which bridges may join two stages, in place of what PIPE says."""
    keep_mel: bool = False
    """Write the mel that the vocoder was given, too."""
    key: Annotated[str | None, arg(metavar="NAME")] = None
    """The array's name where a file of features holds several and the model takes one."""
    jobs: Jobs = None
    """Threads. All CPUs by default; one where torch or your own code runs."""
    skip_existing: bool = False
    """Leave outputs alone that this very pipeline made from the same input."""

    def run(self) -> int:
        from melpact.verbs.pipeline import pipeline

        report = pipeline(
            self.pipe, self.inputs, self.out, check=self.check, allow=self.allow, keep_mel=self.keep_mel, key=self.key,
            jobs=self.jobs, skip_existing=self.skip_existing, progress=render.progress(self.quiet),
        )  # fmt: skip
        pipeline_text.piped(report, self)
        return render.failures(report.failed) or (OK if report.reproduced else FINDING)


@dataclass(kw_only=True)
class Redescribe(Command):
    """Replace a wrong description of mels and leave their values alone; the old one is kept in the provenance."""

    inputs: Inputs
    """Mel files that say something wrong of themselves, or foreign files, which say nothing."""
    dialect: Annotated[str, arg(aliases=["-d"], metavar="NAME")]
    """What the numbers really are: a dialect, NAME:FORM, or a JSON file of a spec."""
    out: Annotated[str, arg(aliases=["-o"], metavar="PATH")]
    """Folder, or the .mel file for a single input."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description, or give a fact the dialect asks for. May be repeated."""
    by: Annotated[str, arg(metavar="TEXT")] = "the user"
    """Who says so; kept in the file."""
    axes: Literal["mel-time", "time-mel"] | None = None
    """Which way round foreign arrays lie, where that cannot be seen."""
    key: Annotated[str | None, arg(metavar="NAME")] = None
    """The array's name where a foreign file holds several."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        from melpact.verbs.meaning import parse_changes
        from melpact.verbs.redescribe import redescribe

        report = redescribe(
            self.inputs, self.out, self.dialect, changes=parse_changes(self.changes), by=self.by, axes=self.axes,
            key=self.key, jobs=self.jobs, progress=render.progress(self.quiet),
        )  # fmt: skip
        pipeline_text.redescribed(report, self)
        return render.failures(report.failed)


COMMANDS: dict[str, type[Command]] = {"pipeline": Pipeline, "redescribe": Redescribe}
