"""The command that rebuilds sounds in stages, and what it prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from melpact.cli import render
from melpact.cli.commands import Command
from melpact.cli.render import _out, _table

if TYPE_CHECKING:
    from melpact.verbs.rebuild import RebuildReport, Stages


@dataclass(kw_only=True)
class RebuildCommand(Command):
    """Rebuild sounds through a latent in stages (coarse, refiner, vocoder, post-filter), and what each adds or costs.

    The coarse stage is a stream of bytes and nothing else. Every stage is measured against its bypass; the latent, the mel
    and the phase against what is true. The stage whose truth gains most is the bottleneck.
    """

    inputs: Annotated[Positional[list[str]], arg(metavar="INPUTS")]
    """Sounds, folders, patterns."""
    out: Annotated[str, arg(aliases=["-o"], metavar="DIR")]
    """Folder for NAME.wav of each and stages.json."""
    vae: Annotated[str | None, arg(metavar="NAME")] = None
    """A mel VAE's file, or one that comes with the package."""
    quality: Annotated[int | None, arg(metavar="STEP")] = None
    """Of the VAE's streams, 0 the coarsest."""
    refine: Annotated[str | None, arg(metavar="NAME")] = None
    """A refiner behind it, which sees the decoded mel and nothing else."""
    vocoder: Annotated[str, arg(name="with", metavar="CKPT")] = "melpact_small"
    """What makes the sound: a vocoder's file, a shipped one's name, griffin_lim or griffin_lim_fast."""
    post: Annotated[str | None, arg(metavar="median:WIDTH")] = None
    """A post-filter; width 1 does nothing."""

    def run(self) -> int:
        from melpact.verbs.rebuild import rebuild

        found = rebuild(
            self.inputs, self.out, vae=self.vae, quality=self.quality, refine=self.refine, vocoder=self.vocoder,
            post=self.post, progress=render.progress(self.quiet),
        )  # fmt: skip
        _reported(found, self)
        return render.failures(list(found.failed))


def _reported(found: RebuildReport, wishes: RebuildCommand) -> None:
    if wishes.json:
        render.print_json(found.to_json())
        return
    if wishes.quiet:
        return
    stages = found.stages
    _out(f"{len(found.files)} sounds, {stages.seconds:.1f} s, {stages.kbit_s:.2f} kbit/s")
    stages_table(stages)
    for metric, (name, gain) in stages.bottleneck.items():
        _out(f"bottleneck by {metric}: {name}, {gain:+.2f}")


def stages_table(stages: Stages) -> None:
    """Every variant with its figures, and in brackets what it has over the whole chain."""
    from melpact.verbs.rebuild import MEANING, REBUILT

    metrics = [*stages.scores[REBUILT]]
    rows = []
    for name, row in stages.scores.items():
        cells = []
        for metric in metrics:
            value, gain = row[metric].value, stages.gain(name, metric)
            text = "-" if value is None else f"{value:.2f}"
            cells.append(text if name == REBUILT or gain is None else f"{text} ({-gain:+.2f})")
        error = stages.mel_errors.get(name)
        rows.append((name, *cells, "-" if error is None else f"{error:.3f}", MEANING[name]))
    null = stages.mel_errors.get("null")
    if null is not None:
        rows.append(("mean mel", *("-" for _ in metrics), f"{null:.3f}", "null of the mel's error"))
    heads = ("stages", *metrics, "mel before the vocoder", "meaning")
    _table(heads, rows, right=heads[1:-1], wrap=("meaning",))


COMMANDS: dict[str, type[Command]] = {"rebuild": RebuildCommand}
"""By name."""
