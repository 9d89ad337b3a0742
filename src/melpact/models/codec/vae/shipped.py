"""The mel VAEs that come with the package: trained by its own recipe, one graph and one file of weights each.

NAME.onnx runs without torch; NAME.vae holds the same weights for torch; NAME.md is the card: data, licence, steps, seed,
figures with nulls and ceilings, and how to train it again.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from melpact.core.errors import ContractError

NAMES: tuple[str, ...] = ("melpact_vae",)
PACKAGE = "melpact.models.codec"
"""Beside whose modules the files lie."""


def is_shipped(name: str) -> bool:
    """Whether a VAE of that name comes with the package."""
    return name in NAMES


def shipped(name: str, suffix: str = ".onnx") -> Path:
    """Where a VAE's file lies: ".onnx", ".vae" or ".md".

    Raises:
        ContractError: there is none of that name.
    """
    if not is_shipped(name):
        wanted = ", ".join(NAMES) or "a file: none comes with this version"
        raise ContractError("no such VAE comes with melpact", where="vae", got=name, wanted=wanted)
    return Path(str(files(PACKAGE).joinpath("shipped", f"{name}{suffix}")))
