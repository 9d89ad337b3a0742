"""The commands that refine mels, and that look at what refines them; see `melpact.cli.commands` for the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from melpact.cli import refine_text, render
from melpact.cli.commands import FINDING, OK, Changes, Command, Inputs


@dataclass(kw_only=True)
class Refine(Command):
    """Make mels sound natural before a vocoder gets them: over-smoothed, quantised or otherwise spoilt ones.

    The description and the length stay. A refiner is refused where it was measured not to beat doing nothing, and says where
    that is: name what happened to the mels with --degradation.
    """

    inputs: Inputs
    """Mel files, folders and patterns; with --dialect also .npy, .npz, .pt and .h5."""
    out: Annotated[str, arg(aliases=["-o"], metavar="PATH")]
    """Folder, in which the structure of an input folder is kept; or the .mel file for a single input."""
    with_: Annotated[str | None, arg(name="with", metavar="NAME")] = None
    """A refiner: one that comes with melpact, a .refiner or .onnx file, or identity, which changes nothing. The shipped one
    for the mels by default."""
    degradation: Annotated[str | None, arg(metavar="NAME")] = None
    """What happened to the mels (melpact degrade list); what their own provenance says by default."""
    force: bool = False
    """Refine where it was measured not to help, or what is refined already."""
    steps: Annotated[int | None, arg(metavar="N")] = None
    """Of a diffusion, 1 to 32: quality against time. The refiner's own by default, as all of these."""
    strength: Annotated[float | None, arg(metavar="X")] = None
    """0 to 1: the noise level at which a diffusion starts, or how much of their correction others add; 0 changes nothing."""
    guidance: Annotated[float | None, arg(metavar="X")] = None
    """How much a diffusion minds its input: 1 as trained, more above."""
    solver: Literal["euler", "heun"] | None = None
    """Of a diffusion: euler, or heun, which asks twice per step."""
    seed: Annotated[int | None, arg(metavar="N")] = None
    """Of the noise; the same seed gives the same mel."""
    stream: bool = False
    """Block by block; beyond the mel, memory does not grow with the length."""
    f0: Annotated[str | None, arg(metavar="FILE")] = None
    """For a refiner that takes a pitch: its F0. .npy, Hz per frame; .csv, Hz, or time in s and Hz; or a folder of them."""
    audio: Annotated[str | None, arg(metavar="FILE")] = None
    """Or the sound that the F0 is taken from, or a folder of them. With neither it is estimated from the mel."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """What foreign files mean; melpact files say it themselves."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description, or give a fact the dialect asks for. May be repeated."""
    axes: Literal["mel-time", "time-mel"] | None = None
    """Which way round foreign arrays lie, where that cannot be seen."""
    key: Annotated[str | None, arg(metavar="NAME")] = None
    """The array's name where a foreign file holds several."""

    def run(self) -> int:
        from melpact.verbs.meaning import parse_changes
        from melpact.verbs.refine import refine

        names = ("steps", "strength", "guidance", "solver", "seed")
        asked = {name: value for name in names if (value := getattr(self, name)) is not None}
        report = refine(
            self.inputs, self.out, self.with_, settings=asked, degradation=self.degradation, force=self.force,
            stream=self.stream, f0=self.f0, audio=self.audio, dialect=self.dialect, changes=parse_changes(self.changes),
            axes=self.axes, key=self.key, progress=render.progress(self.quiet),
        )  # fmt: skip
        refine_text.refined(report, self)
        return render.failures(report.failed)


@dataclass(kw_only=True)
class RefinerFile(Command):
    """What a refiner is and where it was measured to help; a graph of it without torch; or a line per band of your own.

    refiner show FILE; refiner convert FILE -o NAME.onnx; refiner fit GIVEN --true WANTED -o NAME.refiner. Exit code 1 when
    pairs were left out of a fit.
    """

    action: Annotated[Positional[Literal["show", "convert", "fit"]], arg(metavar="ACTION")]
    """show, convert or fit."""
    path: Annotated[Positional[str], arg(metavar="PATH")]
    """A .refiner or .onnx file, or the name of one that comes with melpact; for fit the folder of mels as they are."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """File to write: NAME.onnx or NAME.refiner."""
    true: Annotated[str | None, arg(metavar="DIR")] = None
    """For fit: the folder of mels as they should be, with the same names."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """For fit: what foreign files mean."""
    half: bool = False
    """Write the weights as float16, in half the room; computed with in float32 all the same."""

    def run(self) -> int:
        from melpact.core.errors import MelpactError
        from melpact.verbs.refiner import convert, fit, show

        if self.action == "fit":
            if self.true is None or self.out is None:
                raise MelpactError(
                    "fit needs both folders and a file to write",
                    where="melpact refiner",
                    wanted="GIVEN --true WANTED -o FILE",
                )
            sheet = fit(self.path, self.true, self.out, dialect=self.dialect)
        elif self.action == "show":
            if self.out is not None:
                mend = f"Run: melpact refiner convert {self.path} -o FILE"
                raise MelpactError("show writes nothing", where="--out", next=mend)
            sheet = show(self.path)
        elif self.out is None:
            raise MelpactError("convert needs a file to write", where="melpact refiner", wanted="-o FILE")
        else:
            sheet = convert(self.path, self.out, half=self.half)
        refine_text.sheet(sheet, self)
        return FINDING if sheet.left_out else OK


COMMANDS: dict[str, type[Command]] = {"refine": Refine, "refiner": RefinerFile}
"""By name."""
