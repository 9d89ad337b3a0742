"""The command of the training room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from tyro.conf import Positional, UseAppendAction, arg

from melpact.cli import render, train_text
from melpact.cli.commands import OK, Command
from melpact.core.errors import MelpactError

Action = Literal[
    "vocoder", "refiner", "content", "converter", "codec", "vae", "speech", "aligner", "resume", "recipes", "export"
]  # fmt: skip


@dataclass(kw_only=True)
class Train(Command):
    """Train a vocoder, speaker, refiner, converter, codec or VAE, go on with one, list recipes, write down what came out.

    vocoder --recipe NAME --data PACKED -o DIR; refiner, content, converter, codec and vae likewise; converter --voice
    RECORDINGS -o DIR adapts to one voice; speech --data MANIFEST -o DIR learns to speak from sounds with texts; resume DIR;
    recipes [NAME]; export DIR -o NAME.vocoder (or NAME.refiner, NAME.content, NAME.converter, NAME.codec, NAME.vae,
    NAME.speech, NAME.alignment). Many devices: torchrun --nproc-per-node 8 -m melpact train vocoder …
    """

    action: Annotated[Positional[Action], arg(metavar="ACTION")]
    """vocoder, refiner, content, converter, codec, vae, speech, aligner, resume, recipes or export."""
    target: Annotated[Positional[str | None], arg(metavar="TARGET")] = None
    """resume and export: the run's folder (export: or a checkpoint, or a VAE). recipes: a name."""
    recipe: Annotated[str | None, arg(metavar="NAME")] = None
    """What is trained by which recipe (melpact train recipes lists them)."""
    data: Annotated[str | None, arg(metavar="DIR")] = None
    """Folder of a packed corpus (melpact corpus pack); speech: or a manifest. export: if not its run's."""
    voice: Annotated[UseAppendAction[list[str]], arg(metavar="REF")] = field(default_factory=list)
    """converter: adapt to this voice instead: sounds and folders of it, two minutes or more. May be repeated."""
    out: Annotated[str | None, arg(aliases=["-o"], metavar="PATH")] = None
    """Folder of the run. export: NAME.vocoder, NAME.refiner, NAME.content, NAME.converter, NAME.codec, NAME.speech, …"""
    changes: Annotated[UseAppendAction[list[str]], arg(name="set", metavar="NAME=VALUE")] = field(default_factory=list)
    """Change a setting, such as steps=100000 or optimiser.lr=1e-4. May be repeated."""
    debug: bool = False
    """The recipe on a small scale, which learns within seconds."""
    dry_run: bool = False
    """Shapes, parameters, memory and the time of one step; nothing is written."""
    which: Literal["best", "last"] = "best"
    """export: the best checkpoint by its score, or the last."""
    finetune: Annotated[str | None, arg(metavar="CKPT")] = None
    """Begin from these weights: a file of that kind, one that ships, a published checkpoint, or a run."""
    mels: Annotated[str | None, arg(metavar="DIR")] = None
    """vocoder: mels that your model predicts for the corpus (ID.mel); each is verified, then mixed in by predicted_ratio."""
    speech: Annotated[str | None, arg(metavar="RUN")] = None
    """vocoder: learn the mels of this speech model (a run, a .speech file, melpact_speech), made of the corpus first."""
    device: Annotated[str | None, arg(metavar="NAME")] = None
    """As torch says it (cpu, cuda:1). An accelerator where there is one by default."""

    def run(self) -> int:
        from melpact.verbs import train
        from melpact.verbs.meaning import parse_changes

        changes = parse_changes(self.changes)
        if self.voice and self.action != "converter":
            raise MelpactError("--voice is for converters", where=f"melpact train {self.action}", next="Leave it out")
        if self.action == "recipes":
            train_text.recipes(train.recipes(), self.target, self)
        elif self.action == "export":
            out = self._needed("out", "-o NAME.vocoder, NAME.refiner, NAME.content, NAME.converter, NAME.codec, NAME.speech")
            found = train.export(
                self._needed("target", "DIR"), out, which=self.which, data=self.data, dialect=changes.get("dialect")
            )
            train_text.exported(found, self)
        elif self.action == "resume":
            folder = self._needed("target", "DIR")
            with train_text.watched(self) as watch:
                report = train.resume(folder, changes=changes, device=self.device, watch=watch)
            train_text.trained(report, self)
        elif self.dry_run:
            own = {"converter": "converter", "vae": "mel_vae", "aligner": "aligner", "speech": "speech"}.get(self.action)
            recipe, data = self.recipe or own or self._needed("recipe", "--recipe NAME"), self._needed("data", "--data DIR")
            with render.working(self.quiet, "two steps"):
                sheet = train.rehearse(recipe, data, changes=changes, debug=self.debug, device=self.device)
            train_text.rehearsed(sheet, self)
        elif self.action == "converter":
            self._converter(changes)
        elif self.action == "vae":
            self._vae(changes)
        elif self.action in ("speech", "aligner"):
            self._speech(changes)
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
                elif self.action == "codec":
                    self._no_mels()
                    report = train.train_codec(
                        recipe, data, out, changes=changes, debug=self.debug, finetune=self.finetune, device=self.device,
                        watch=watch,
                    )  # fmt: skip
                else:
                    report = train.train_vocoder(
                        recipe, data, out, changes=changes, debug=self.debug, finetune=self.finetune, mels=self.mels,
                        speech=self.speech, device=self.device, watch=watch, progress=render.progress(self.quiet),
                    )  # fmt: skip
            train_text.trained(report, self)
        return OK

    def _converter(self, changes: Mapping[str, Any]) -> None:
        from melpact.verbs.train_converter import RECIPE, train_converter

        self._no_mels()
        data = None if self.voice else self._needed("data", "--data DIR or --voice REF")
        with train_text.watched(self) as watch:
            report = train_converter(
                self.recipe or RECIPE, data or self.data, self._needed("out", "-o DIR"), voice=self.voice, changes=changes,
                debug=self.debug, finetune=self.finetune, device=self.device, watch=watch,
                progress=render.progress(self.quiet),
            )  # fmt: skip
        train_text.trained(report, self)

    def _vae(self, changes: Mapping[str, Any]) -> None:
        from melpact.verbs.train_vae import RECIPE, train_vae

        self._no_mels()
        with train_text.watched(self) as watch:
            report = train_vae(
                self.recipe or RECIPE, self._needed("data", "--data DIR"), self._needed("out", "-o DIR"), changes=changes,
                debug=self.debug, finetune=self.finetune, device=self.device, watch=watch,
            )  # fmt: skip
        train_text.trained(report, self)

    def _speech(self, changes: Mapping[str, Any]) -> None:
        from melpact.verbs.train import train_aligner
        from melpact.verbs.train_speech import ALIGNER, RECIPE, train_speech

        self._no_mels()
        data, out = self._needed("data", "--data MANIFEST or PACKED"), self._needed("out", "-o DIR")
        with train_text.watched(self) as watch:
            if self.action == "speech":
                report = train_speech(
                    data, out, recipe=self.recipe or RECIPE, changes=changes, debug=self.debug, finetune=self.finetune,
                    device=self.device, watch=watch, progress=render.progress(self.quiet),
                )  # fmt: skip
            else:
                if self.finetune is not None:
                    raise MelpactError("aligners begin afresh", where="--finetune", next="Leave it out")
                report = train_aligner(
                    self.recipe or ALIGNER, data, out, changes=changes, debug=self.debug, device=self.device, watch=watch
                )
        train_text.trained(report, self)

    def _no_mels(self) -> None:
        """Refuse what only a vocoder's training takes."""
        if self.speech is not None:
            raise MelpactError("--speech is for vocoders", where=f"melpact train {self.action}", next="Leave it out")
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
