"""Every command by name, in the order of the overview."""

from __future__ import annotations

from melpact.cli import (
    bench,
    clinic,
    codec,
    commands,
    converter,
    corpus,
    degrade,
    laboratory,
    pipeline,
    rebuild,
    refine,
    refine_report,
    speak,
    train,
    vocoder,
    voice,
)

COMMANDS: dict[str, type[commands.Command]] = {
    **commands.COMMANDS, **clinic.COMMANDS, **pipeline.COMMANDS, **bench.COMMANDS, **vocoder.COMMANDS, **refine.COMMANDS,
    **degrade.COMMANDS, **refine_report.COMMANDS, **rebuild.COMMANDS, **laboratory.COMMANDS, **corpus.COMMANDS,
    **train.COMMANDS, **voice.COMMANDS, **converter.COMMANDS, **codec.COMMANDS,
    **speak.COMMANDS,
}  # fmt: skip
COMMANDS["completion"] = COMMANDS.pop("completion")
