"""The command of the training room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render, train_text
from melpact.cli.commands import OK, Command
from melpact.core.errors import MelpactError

Action = Literal["vocoder", "refiner", "content", "resume", "recipes", "export"]


@dataclass(kw_only=True)
class Train(Command):
    """Train a vocoder, a refiner or a content encoder, go on with a training, list recipes, or write down what came out.

    vocoder --recipe NAME --data PACKED -o DIR; refiner and content likewise; resume DIR; recipes [NAME]; export DIR -o
    NAME.vocoder (or NAME.refiner, NAME.content). Several devices or machines: torchrun --nproc-per-node 8 -m melpact train
    vocoder …
    """

    action: Annotated[Positional[Action], arg(metavar="ACTION")]
    """vocoder, refiner, content, resume, recipes or export."""
    target: Annotated[Positional[str | None], arg(metavar="TARGET")] = None
    """resume and export: the run's folder (export: or a checkpoint). recipes: a name."""
    recipe: Annotated[str | None, arg(metavar="NAME")] = None
    """vocoder, refiner, content: the recipe (melpact train recipes lists them)."""
    data: Annotated[str | None, arg(metavar="DIR")] = None
    """vocoder, refiner, content: folder of a packed corpus (melpact corpus pack)."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="PATH")] = None
    """vocoder, refiner, content: folder of the run. export: NAME.vocoder, NAME.refiner or NAME.content."""
    changes: Annotated[UseAppendAction[list[str]], arg(name="set", metavar="NAME=VALUE")] = field(default_factory=list)
    """Change a setting, such as steps=100000 or optimiser.lr=1e-4. May be repeated."""
    debug: bool = False
    """vocoder, refiner, content: the recipe on a small scale, which learns within seconds."""
    dry_run: bool = False
    """vocoder, refiner, content: shapes, parameters, memory and the time of one step; nothing is written."""
    which: Literal["best", "last"] = "best"
    """export: the best checkpoint by its score, or the last."""
    finetune: Annotated[str | None, arg(metavar="CKPT")] = None
    """vocoder, refiner: begin from these weights: a .vocoder or .refiner file, a published checkpoint, or a run."""
    mels: Annotated[str | None, arg(metavar="DIR")] = None
    """vocoder: mels that your model predicts for the corpus (ID.mel); each is verified, then mixed in by predicted_ratio."""
    device: Annotated[str | None, arg(metavar="NAME")] = None
    """As torch says it (cpu, cuda:1). An accelerator where there is one by default."""

    def run(self) -> int:
        from melpact.verbs import train
        from melpact.verbs.meaning import parse_changes

        changes = parse_changes(self.changes)
        if self.action == "recipes":
            train_text.recipes(train.recipes(), self.target, self)
        elif self.action == "export":
            out = self._needed("out", "-o NAME.vocoder, NAME.refiner or NAME.content")
            found = train.export(self._needed("target", "DIR"), out, which=self.which)
            train_text.exported(found, self)
        elif self.action == "resume":
            folder = self._needed("target", "DIR")
            with train_text.watched(self) as watch:
                report = train.resume(folder, changes=changes, device=self.device, watch=watch)
            train_text.trained(report, self)
        elif self.dry_run:
            recipe, data = self._needed("recipe", "--recipe NAME"), self._needed("data", "--data DIR")
            with render.working(self.quiet, "two steps"):
                sheet = train.rehearse(recipe, data, changes=changes, debug=self.debug, device=self.device)
            train_text.rehearsed(sheet, self)
        else:
            recipe, data = self._needed("recipe", "--recipe NAME"), self._needed("data", "--data DIR")
            out = self._needed("out", "-o DIR")
            with train_text.watched(self) as watch:
                if self.action == "refiner":
                    self._no_mels()
                    report = train.train_refiner(
                        recipe, data, out, changes=changes, debug=self.debug, finetune=self.finetune, device=self.device,
                        watch=watch,
                    )  # fmt: skip
                elif self.action == "content":
                    self._no_mels()
                    if self.finetune is not None:
                        raise MelpactError("content encoders begin afresh", where="--finetune", next="Leave it out")
                    report = train.train_content(
                        recipe, data, out, changes=changes, debug=self.debug, device=self.device, watch=watch
                    )
                else:
                    report = train.train_vocoder(
                        recipe, data, out, changes=changes, debug=self.debug, finetune=self.finetune, mels=self.mels,
                        device=self.device, watch=watch,
                    )  # fmt: skip
            train_text.trained(report, self)
        return OK

    def _no_mels(self) -> None:
        """Refuse what only a vocoder's training takes."""
        if self.mels is not None:
            pairs = "Pairs of your own: --set pairs='[\"predicted\", \"true\"]'"
            mend = pairs if self.action == "refiner" else "Leave it out"
            raise MelpactError("--mels is for vocoders", where=f"melpact train {self.action}", next=mend)

    def _needed(self, name: str, flag: str) -> str:
        value: str | None = getattr(self, name)
        if value is None:
            raise MelpactError(f"{self.action} needs {flag}", where="melpact train", next="See: melpact train --help")
        return value


COMMANDS: dict[str, type[Command]] = {"train": Train}
"""By name."""
