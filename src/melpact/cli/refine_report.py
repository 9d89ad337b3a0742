"""The command that asks whether a refiner helps, and what it prints."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render
from melpact.cli.commands import FINDING, OK, Command, Jobs
from melpact.cli.render import _out, _table

if TYPE_CHECKING:
    from melpact.bench.refine_table import Cell, RefineTable
    from melpact.verbs.refine_report import RefineReport

_NAMED = 20


@dataclass(kw_only=True)
class RefineReportCommand(Command):
    """Does a refiner help? Every degradation and dose, beside doing nothing and a line per band, as mel and after a vocoder.

    The line per band is fitted to the very degradation and dose on other clips. What was measured is kept: a run that was
    interrupted goes on. Exit code 1 when a clip failed.
    """

    refiners: Annotated[Positional[list[str]], arg(metavar="REFINER")] = field(default_factory=list)
    """Files or names of shipped ones, of one description. Without any: what every degradation costs."""
    audio: Annotated[UseAppendAction[list[str]], arg(metavar="PATH")] = field(default_factory=list)
    """Files and folders of sound that no refiner was trained on; the shipped recordings by default. May be repeated."""
    spoil: Annotated[UseAppendAction[list[str]], arg(metavar="NAME[:DOSE]")] = field(default_factory=list)
    """Only this degradation, at its three usual doses or at this one. May be repeated."""
    predicted: Annotated[str | None, arg(metavar="DIR")] = None
    """Mels that a model predicted for these sounds, NAME.mel for NAME.wav: tried too, or alone with --spoil none."""
    vocoder: Annotated[str, arg(metavar="CKPT")] = "griffin_lim"
    """What makes the sounds: griffin_lim, griffin_lim_fast, a vocoder's file or a shipped one's name."""
    metrics: Annotated[str | None, arg(metavar="NAMES")] = None
    """Only these of the sounds, with commas between."""
    domain: Literal["speech", "singing"] = "speech"
    """singing leaves out what is made for speech only."""
    steps: Annotated[str | None, arg(metavar="N,N")] = None
    """Try a diffusion at these numbers of steps: quality against time."""
    strength: Annotated[float | None, arg(metavar="X")] = None
    """0 to 1; the refiner's own by default."""
    clips: Annotated[int | None, arg(metavar="N")] = None
    """So many of the clips, evenly over all."""
    seconds: Annotated[float, arg(metavar="S")] = 4.0
    """Of each clip, from its start."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """Of the mels, where no refiner says it (hifigan_22k)."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="DIR")] = None
    """Folder for the page (refine.html) and the table as JSON and CSV."""
    mark: bool = False
    """Write into the refiners' files where they help and where not."""
    jobs: Jobs = None
    """Processes. All CPUs by default."""
    no_cache: bool = False
    """Measure everything anew, and keep nothing."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of the random numbers."""

    def run(self) -> int:
        from melpact.models.refine.settings import Refining
        from melpact.verbs.refine_report import refine_report

        found = refine_report(
            self.refiners, self.audio, spoil=self.spoil, predicted=self.predicted, vocoder=self.vocoder, domain=self.domain,
            dialect=self.dialect,
            metrics=None if self.metrics is None else [name.strip() for name in self.metrics.split(",") if name.strip()],
            settings=None if self.strength is None else Refining(strength=self.strength), steps=_numbers(self.steps),
            clips=self.clips, seconds=self.seconds, out=self.out, mark=self.mark, jobs=self.jobs, cache=not self.no_cache,
            seed=self.seed, progress=render.progress(self.quiet),
        )  # fmt: skip
        _reported(found, self)
        return OK if not found.table.failed else FINDING


def _numbers(text: str | None) -> list[int]:
    from melpact.core.errors import MelpactError

    try:
        return [] if text is None else [int(one) for one in text.split(",")]
    except ValueError:
        raise MelpactError("are not numbers of steps", where="--steps", got=repr(text), wanted="such as 1,2,4,8") from None


def _reported(found: RefineReport, wishes: RefineReportCommand) -> None:
    from melpact.bench.refine_table import FEWEST

    table = found.table
    for line in table.failed[:_NAMED]:
        print(f"melpact: failed: {' '.join(line.split())}", file=sys.stderr)
    if wishes.json:
        render.print_json(found.to_json())
        return
    if wishes.quiet:
        return
    _out(f"{table.clips} clips, {table.seconds:.0f} s; sounds by {table.vocoder}", "bold")
    for name, reason in table.unavailable.items():
        _out(f"  note: not measured: {name} {reason}")
    names = list(table.metrics)
    titles = [
        f"{facts.title}{', ' + facts.unit if facts.unit else ''} {_arrow(facts.better)}" for facts in table.metrics.values()
    ]
    rows = [
        [name.replace("_", " "), "", *(_value(cells.get(metric)) for metric in names)]
        for name, cells in table.beside.items()
    ]
    for label in table.conditions:
        for place, arm in enumerate(table.arms):
            marks = [_mark(table, label, arm, metric) for metric in names]
            values = [_value(table.cells[label][arm].get(metric)) + mark for metric, mark in zip(names, marks, strict=True)]
            rows.append([label if place == 0 else "", arm, *values])
    _table(["", "", *titles], rows, right=titles, wrap=titles)
    if table.clips < FEWEST and table.measured:
        _out(f"Of fewer than {FEWEST} clips nothing can be called ahead: every verdict below is no.", style="yellow")
    _out("* ahead of bypass and of the line per band; - behind one of them: paired 95 % intervals over clips.")
    for arm, measured in table.measured.items():
        _out(f"\n{arm}, {table.cost_ms[arm]:.1f} ms of one core per second of sound:", "bold")
        for row in measured.rows:
            ahead = [figure.metric for figure in row.figures if figure.vocoded and figure.ahead]
            after = sum(figure.vocoded for figure in row.figures)
            mel = next((figure for figure in row.figures if not figure.vocoded), None)
            gain = "" if mel is None else f": mel {mel.gain:+.3f} {mel.unit} [{mel.low:+.3f}, {mel.high:+.3f}]"
            said = f"{gain}, ahead in {len(ahead)} of {after} after the vocoder"
            _out(f"  {row.degradation}: {'yes' if row.helps else 'no'}{said}")
        _out(f"  {measured.how}.")
    if table.steps:
        _out()
        _stepped(table, names, titles)
    for path in found.marked:
        _out(f"written into: {path}")
    if wishes.out is not None:
        _out(f"\nwritten: {wishes.out}")


def _stepped(table: RefineTable, names: list[str], titles: list[str]) -> None:
    rows = [["bypass", "", *(_value(table.steps[0].null.get(metric)) for metric in names)]]
    for row in table.steps:
        rows.append([row.arm, f"{row.cost_ms:.1f}", *(_value(row.cells.get(metric)) for metric in names)])
    _table(["", "ms per s", *titles], rows, right=("ms per s", *titles), wrap=titles)
    _out("One degradation per clip, at its clear dose; ms of one core per second of sound.")


def _mark(table: RefineTable, label: str, arm: str, metric: str) -> str:
    from melpact.bench.refine_table import sign_of

    return {1: "*", -1: "-"}.get(sign_of(table, label, arm, metric), "")


def _value(cell: Cell | None) -> str:
    return "–" if cell is None or cell.value is None else f"{cell.value:.3g}"


def _arrow(better: str) -> str:
    return "↑" if better == "higher" else "↓"


COMMANDS: dict[str, type[Command]] = {"refine-report": RefineReportCommand}
