"""Every command by name, in the order of the overview."""

from __future__ import annotations

from melpact.cli import bench, clinic, commands, corpus, degrade, laboratory, pipeline, refine, train, vocoder

COMMANDS: dict[str, type[commands.Command]] = {
    **commands.COMMANDS, **clinic.COMMANDS, **pipeline.COMMANDS, **bench.COMMANDS, **laboratory.COMMANDS,
    **vocoder.COMMANDS, **refine.COMMANDS, **corpus.COMMANDS, **train.COMMANDS, **degrade.COMMANDS,
}  # fmt: skip
COMMANDS["completion"] = COMMANDS.pop("completion")
