"""The content encoder and the converter that come with the package, trained by their own recipes.

NAME.onnx runs without torch; NAME.content and NAME.converter hold the same weights for torch; NAME.md is the card: data,
licence, steps, seed, what was measured of it, and how to train it again.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from melpact.core.errors import ArtifactError

CONTENT, CONVERTER = "melpact_content", "melpact_converter"


def content_file(suffix: str | None = None) -> Path:
    """Where the shipped content encoder lies: ".onnx", ".content" or ".md"; by default what runs here."""
    return _file(CONTENT, ".content", suffix)


def converter_file(suffix: str | None = None) -> Path:
    """Where the shipped converter lies: ".onnx", ".converter" or ".md"; by default what runs here.

    Raises:
        ArtifactError: none comes with this version.
    """
    path = _file(CONVERTER, ".converter", suffix)
    if not path.exists():
        raise ArtifactError(
            "no trained converter comes with this version", where=path.name, next="Train one: melpact train converter"
        )
    return path


def _file(name: str, own: str, suffix: str | None) -> Path:
    if suffix is None:
        suffix = own if find_spec("onnxruntime") is None and find_spec("torch") is not None else ".onnx"
    return Path(str(files(__name__).joinpath(f"{name}{suffix}")))
