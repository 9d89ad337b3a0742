"""Every command by name, in the order of the overview."""

from __future__ import annotations

from melpact.cli import bench, clinic, commands

COMMANDS: dict[str, type[commands.Command]] = {**commands.COMMANDS, **clinic.COMMANDS, **bench.COMMANDS}
COMMANDS["completion"] = COMMANDS.pop("completion")
