"""The speaker that comes with the package, trained by its own recipe, and the voice encoder that it hears references with.

NAME.onnx.zip runs without torch; NAME.speech holds the same weights for torch; NAME.md is the card: data, licence, steps,
seed, what was measured of it, and how to train it again.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from melpact.core.errors import ArtifactError

SPEAKER, LISTENER = "melpact_speech", "melpact_voices"


def speaker_file(suffix: str | None = None) -> Path:
    """Where the shipped speaker lies: ".onnx.zip", ".speech" or ".md"; by default what runs here.

    Raises:
        ArtifactError: none comes with this version.
    """
    if suffix is None:
        suffix = ".speech" if find_spec("onnxruntime") is None and find_spec("torch") is not None else ".onnx.zip"
    path = Path(str(files(__name__).joinpath(f"{SPEAKER}{suffix}")))
    if not path.exists():
        raise ArtifactError(
            "no trained speaker comes with this version", where=path.name, next="Train one: melpact train speech"
        )
    return path


def listener_file() -> Path:
    """Where the shipped voice encoder lies: a graph."""
    return Path(str(files(__name__).joinpath(f"{LISTENER}.onnx")))
