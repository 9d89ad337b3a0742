"""The refiners that come with the package: trained by its own recipes, one graph and one file of weights each.

NAME.onnx runs without torch; NAME.refiner holds the same weights for torch; NAME.md is the card: data, licence, steps, seed,
what it was measured to help on and what not, and how to train it again.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from melpact.core.errors import ContractError

NAMES: tuple[str, ...] = ("refine_22k_cnn", "refine_22k_diffusion")
DEFAULTS: tuple[str, ...] = NAMES
"""Those that are taken where nobody names a refiner, in the order in which they are preferred: only what obeys the law."""


def is_shipped(name: str) -> bool:
    """Whether a refiner of that name comes with the package."""
    return name in NAMES


def shipped(name: str, suffix: str = ".onnx") -> Path:
    """Where a refiner's file lies: ".onnx", ".refiner" or ".md".

    Raises:
        ContractError: there is none of that name.
    """
    if not is_shipped(name):
        wanted = ", ".join(NAMES) or "a file: none comes with this version"
        raise ContractError("no such refiner comes with melpact", where="refiner", got=name, wanted=wanted)
    return Path(str(files(__name__).joinpath(f"{name}{suffix}")))
