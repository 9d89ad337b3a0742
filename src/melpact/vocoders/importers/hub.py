"""Checkpoints by their name on a model hub ("owner/name"), through `huggingface_hub`; only what importers read."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from melpact.core.errors import ArtifactError, MelpactError

_PATTERNS = (
    "*.json", "*.yml", "*.yaml", "*.safetensors", "*.bin", "*.pth", "*.pt", "*.pkl", "*.ckpt", "*.nemo", "model", "stats.*",
)  # fmt: skip
_FILES = (
    ".json",
    ".yml",
    ".yaml",
    ".safetensors",
    ".bin",
    ".pth",
    ".pt",
    ".pkl",
    ".ckpt",
    ".nemo",
    ".vocoder",
    ".onnx",
    ".mel",
    ".wav",
)


def is_name(text: str) -> bool:
    """Whether a text has the form owner/name, without a file's ending, and is no path that exists."""
    if text.lower().endswith(_FILES):
        return False
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", text) is not None and not Path(text).exists()


def fetched(name: str) -> Path:
    """The folder of a hub's model on this machine; downloaded where it is not in the hub's own cache yet.

    Raises:
        ArtifactError: there is no such model, or no way to it. MelpactError: huggingface_hub is missing.
    """
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError:
        raise MelpactError(
            "neither a file nor a folder; as a name on a model hub it needs huggingface_hub, which is not installed",
            where=name,
            next="pip install 'melpact[hub]'",
        ) from None
    try:
        return Path(hub.snapshot_download(name, allow_patterns=list(_PATTERNS)))
    except (OSError, ValueError) as error:
        text = " ".join(str(error).split())
        raise ArtifactError(
            "is neither a file, nor a folder, nor a model that the hub gives", where=name, got=text[:200],
            next="Download it by hand and name its folder",
        ) from None  # fmt: skip
