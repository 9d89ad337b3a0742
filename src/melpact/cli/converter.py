"""The command that looks at trained converters, and what it prints; their use is `voice`, their making `train`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from melpact.cli.commands import OK, Command
from melpact.cli.render import _pairs, print_json

if TYPE_CHECKING:
    from melpact.verbs.converter import ConverterSheet


@dataclass(kw_only=True)
class ConverterFile(Command):
    """What a trained converter is and whom it was adapted to; or a graph of it that runs without torch.

    converter show FILE; converter convert FILE -o NAME.onnx.
    """

    action: Annotated[Positional[Literal["show", "convert"]], arg(metavar="ACTION")]
    """show or convert."""
    path: Annotated[Positional[str], arg(metavar="PATH")]
    """A .converter or .onnx file, a training's folder or checkpoint, or melpact_converter."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="FILE")] = None
    """For convert: NAME.onnx or NAME.converter."""

    def run(self) -> int:
        from melpact.core.errors import MelpactError
        from melpact.verbs.converter import convert, show

        if self.action == "show":
            if self.out is not None:
                mend = f"Run: melpact converter convert {self.path} -o FILE"
                raise MelpactError("show writes nothing", where="--out", next=mend)
            _sheet(show(self.path), self)
        elif self.out is None:
            raise MelpactError("convert needs a file to write", where="melpact converter", wanted="-o FILE")
        else:
            _sheet(convert(self.path, self.out), self)
        return OK


def _sheet(found: ConverterSheet, wishes: Command) -> None:
    if wishes.json:
        print_json(found.to_json())
        return
    if wishes.quiet:
        return
    (left, right), spec, trained = found.sees, found.spec, found.trained
    rows = [
        ("converter", found.title),
        ("runs on", found.runtime),
        ("takes and gives", f"{found.dialect or 'spec ' + spec.fingerprint}: {spec.n_mels} bands, {spec.unit}"),
        ("beside the mel", f"a pitch; content by the encoder {found.content}"),
        ("sees", f"{left} frames back, {right} ahead: {1000 * found.look_ahead_s:.0f} ms, beside what content looks ahead"),
        ("styles", f"{found.voices}; adapted to {', '.join(found.adapted) or 'nobody'}"),
        ("fingerprint", found.fingerprint),
    ]
    if trained:
        rows.append(("trained", f"{trained.get('step', 0):,} steps of the recipe {trained.get('recipe')}"))
    if found.written is not None:
        rows.append(("written", str(found.written)))
    _pairs(rows)


COMMANDS: dict[str, type[Command]] = {"converter": ConverterFile}
"""By name."""
