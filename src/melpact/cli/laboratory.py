"""The command of the collapse laboratory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render
from melpact.cli.commands import FINDING, OK, Changes, Command


@dataclass(kw_only=True)
class Laboratory(Command):
    """Show on one page what refiners, mismatches and degradations do to sound, where speech breaks, and what repairs it.

    Without sounds the shipped recordings are used. An interrupted run goes on where it stopped. Exit code 1 when a sound
    could not be used; the rest is measured.
    """

    sounds: Annotated[Positional[list[str]], arg(metavar="SOUNDS")] = field(default_factory=list)
    """Sound files, folders, patterns, sample:en_noservice."""
    out: Annotated[str, arg(aliases=["-o"], metavar="DIR")]
    """Folder for laboratory.html, which holds everything, and laboratory.json."""
    refiner: Annotated[UseAppendAction[list[str]], arg(metavar="NAME")] = field(default_factory=list)
    """A refiner by name or file; those that come with melpact by default. May be repeated; the best first."""
    vocoder: Annotated[UseAppendAction[list[str]], arg(metavar="CKPT")] = field(default_factory=list)
    """A vocoder by name or file, the first is that of the doses and repairs; griffin_lim first for the inversion. May be
    repeated."""
    finetuned: Annotated[str | None, arg(metavar="CKPT")] = None
    """A vocoder that was trained on to refined or predicted mels, as one more repair."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """The mel of everything; that of the first vocoder by default."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description, or give a fact the dialect asks for. May be repeated."""
    suite: Literal["speech", "singing"] = "speech"
    """Which metrics."""
    text: Annotated[str | None, arg(metavar="TABLE")] = None
    """What is said: lines of name and text, or a folder of .txt files; for word errors, where a recogniser is installed."""
    clips: Annotated[int | None, arg(metavar="N")] = None
    """At most so many sounds, evenly spread (8)."""
    seconds: Annotated[float | None, arg(metavar="X")] = None
    """Of the beginning of each (4)."""
    doses: Annotated[int | None, arg(metavar="N")] = None
    """Per fault and degradation (5)."""
    quick: bool = False
    """Two short clips and a few doses: to see the page, not to quote it."""
    no_cache: bool = False
    """Measure everything anew, and keep nothing."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of everything drawn."""

    def run(self) -> int:
        from melpact.bench.collapse.page.page import verdicts
        from melpact.verbs.laboratory import run_laboratory
        from melpact.verbs.meaning import parse_changes

        made = run_laboratory(
            self.sounds, self.out, refiners=self.refiner, vocoders=self.vocoder, finetuned=self.finetuned,
            dialect=self.dialect, changes=parse_changes(self.changes), suite=self.suite, text=self.text, clips=self.clips,
            seconds=self.seconds, n_doses=self.doses, quick=self.quick, cache=not self.no_cache, seed=self.seed,
            progress=render.progress(self.quiet),
        )  # fmt: skip
        lines = [*verdicts(made.report), *(f"failed: {line}" for line in made.report.failed), f"written: {made.html}"]
        render.text(made.to_json(), "\n".join(lines), self)
        return FINDING if made.report.failed else OK


COMMANDS: dict[str, type[Command]] = {"laboratory": Laboratory}
"""By name."""
