"""The command for vocoders' files. Using a vocoder on mels is `vocode --with`, in `commands`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import vocoder_text
from melpact.cli.commands import FINDING, OK, Changes, Command
from melpact.core.errors import MelpactError


@dataclass(kw_only=True)
class Vocoder(Command):
    """Look at a vocoder's file, or bring a published checkpoint into one file that says what mel it takes.

    show PATH; import CHECKPOINT -o NAME.vocoder; convert PATH -o NAME.onnx (a graph that runs without torch).
    """

    action: Annotated[Positional[Literal["show", "import", "convert"]], arg(metavar="ACTION")]
    """show, import or convert."""
    path: Annotated[Positional[str], arg(metavar="PATH")]
    """A .vocoder or .onnx file, a checkpoint (.pth, .pt, .pkl, .bin, .safetensors, .nemo), or its folder."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """File to write: NAME.vocoder or NAME.onnx."""
    config: Annotated[str | None, arg(metavar="FILE")] = None
    """The checkpoint's configuration (.json, .yml). Looked for beside it by default."""
    stats: Annotated[str | None, arg(metavar="FILE")] = None
    """Its statistics (stats.h5, stats.npy). Looked for beside it by default."""
    dialect: Annotated[str | None, arg(aliases=["-d"], metavar="NAME")] = None
    """Which mel it takes, where its files do not say it or say it wrongly."""
    changes: Changes = field(default_factory=list)
    """Change a field of the description. May be repeated."""
    ignore: Annotated[UseAppendAction[list[str]], arg(metavar="KEY")] = field(default_factory=list)
    """A key of the configuration that does not matter for the sound. May be repeated."""

    dtype: Literal["float32", "float16", "int8"] = "float32"
    """Of a graph: float16 is half as large, int8 a quarter. What that loses is measured, said and kept in the file."""

    def run(self) -> int:
        from melpact.verbs.meaning import parse_changes
        from melpact.verbs.vocoder import convert, show

        named: dict[str, Any] = {
            "config": self.config, "stats": self.stats, "dialect": self.dialect, "changes": parse_changes(self.changes),
            "ignore": self.ignore,
        }  # fmt: skip
        if self.action == "show":
            if self.out is not None:
                raise MelpactError(
                    "show writes nothing", where="--out", next=f"Run: melpact vocoder import {self.path} -o FILE"
                )
            sheet = show(self.path, **named)
        elif self.out is None:
            raise MelpactError(f"{self.action} needs a file to write", where="melpact vocoder", wanted="-o FILE")
        else:
            sheet = convert(self.path, self.out, dtype=self.dtype, **named)
        vocoder_text.sheet(sheet, self)
        return FINDING if sheet.written is not None and sheet.lost is not None and sheet.lost.audible else OK


COMMANDS: dict[str, type[Command]] = {"vocoder": Vocoder}
"""By name."""
