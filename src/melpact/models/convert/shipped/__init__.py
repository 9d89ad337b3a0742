"""The content encoder that comes with the package, trained by its own recipe: a graph and a file of weights.

NAME.onnx runs without torch; NAME.content holds the same weights for torch; NAME.md is the card: data, licence, steps, seed,
what was measured of it, and how to train it again.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

CONTENT = "melpact_content"


def content_file(suffix: str | None = None) -> Path:
    """Where the shipped content encoder lies: ".onnx", ".content" or ".md"; by default what runs here."""
    if suffix is None:
        suffix = ".content" if find_spec("onnxruntime") is None and find_spec("torch") is not None else ".onnx"
    return Path(str(files(__name__).joinpath(f"{CONTENT}{suffix}")))
