"""The command that spoils mels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render
from melpact.cli.commands import OK, Command, Jobs


@dataclass(kw_only=True)
class Degrade(Command):
    """Spoil mels by known doses, to train a refiner, to try one, or to hear what a flaw does.

    INPUTS "list" says what there is, with the units and usual doses.
    """

    inputs: Annotated[Positional[list[str]], arg(metavar="INPUTS")]
    """Mel files or sounds, folders, patterns, sample:en_noservice; or "list"."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Folder, in which the structure of an input folder is kept; or the .mel file for a single input."""
    doses: Annotated[UseAppendAction[list[str]], arg(name="with", metavar="NAME:DOSE")] = field(default_factory=list)
    """What is done, in the degradation's own unit: noise:15. May be repeated; done in this order."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """Of sounds (hifigan_22k by default) and of foreign mels."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Of everything drawn."""
    jobs: Jobs = None
    """Threads. All CPUs by default."""

    def run(self) -> int:
        from melpact.core.errors import MelpactError

        if self.inputs == ["list"]:
            _listed(self)
            return OK
        from melpact.verbs.degrade import degrade

        if self.out is None:
            raise MelpactError("degrade writes mels", wanted="melpact degrade INPUTS -o DIR --with NAME:DOSE")
        report = degrade(self.inputs, self.out, self.doses, dialect=self.dialect, seed=self.seed, jobs=self.jobs,
                         progress=render.progress(self.quiet))  # fmt: skip
        done = [f"{one.path}: {one.frames} frames, moved by {one.moved:.3g} {one.unit} on average" for one in report.done]
        if len(done) > 1:
            moved = sum(one.moved for one in report.done) / len(done)
            done = [f"{len(done)} mels, moved by {moved:.3g} {report.done[0].unit} on average"]
        render.text(report.to_json(), "\n".join(done), self)
        return render.failures(report.failed)


def _listed(wishes: Degrade) -> None:
    from melpact.degradations.kinds import degradations

    known = degradations()
    rows = [
        {
            "name": name, "title": kind.title, "meaning": kind.meaning, "unit": kind.unit, "doses": list(kind.doses),
            "domain": kind.domain,
        }
        for name, kind in known.items()
    ]  # fmt: skip
    if wishes.json:
        render.print_json(rows)
        return
    render._table(
        ("name", "what it does", "dose", "mild, clear, gross", "acts on"),
        [
            (name, kind.title, kind.meaning, f"{', '.join(f'{dose:g}' for dose in kind.doses)} {kind.unit}", kind.domain)
            for name, kind in known.items()
        ],
        wrap=("what it does", "dose"),
    )


COMMANDS: dict[str, type[Command]] = {"degrade": Degrade}
