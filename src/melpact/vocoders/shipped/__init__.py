"""The vocoders that come with the package: trained by its own recipes, one graph and one file of weights each.

NAME.onnx runs without torch; NAME.vocoder holds the same weights for torch, to train on or to export again; NAME.md is the
card: data, licence, steps, seed, figures with nulls and ceilings, and how to train it again.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from melpact.core.errors import ContractError

NAMES = ("melpact_small", "melpact_small_24k")
DEFAULTS: tuple[str, ...] = ()
"""Those that make the sound where nobody names a vocoder, in the order in which they are preferred: only what is better
than the inversion on speakers it never heard, which by its card this one is not yet."""


def is_shipped(name: str) -> bool:
    """Whether a vocoder of that name comes with the package."""
    return name in NAMES


def shipped(name: str, suffix: str = ".onnx") -> Path:
    """Where a vocoder's file lies: ".onnx", ".vocoder" or ".md".

    Raises:
        ContractError: there is none of that name.
    """
    if not is_shipped(name):
        raise ContractError("no such vocoder comes with melpact", where="vocoder", got=name, wanted=", ".join(NAMES))
    return Path(str(files(__name__).joinpath(f"{name}{suffix}")))
