"""Reads other programs' checkpoints: tensors only, no code. What the names mean is known in `melpact.vocoders.importers`.

Torch files are read with `weights_only=True`: a pickle that asks for anything but tensors and plain containers is refused
before any of it runs.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from melpact.core.errors import ArtifactError

Tree = dict[str, Any]
"""Names → float arrays or trees of them; anything else in a checkpoint (steps, learning rates) is left out."""


def read_tree(path: str | Path, data: bytes | None = None) -> Tree:
    """The tensors of a .pth, .pt, .pkl, .ckpt, .bin or .safetensors file, nested as they lie there, widened to float32.

    Args:
        path: the file; with `data` only its name in errors.
        data: a torch file's bytes, where it is a member of an archive.

    Raises:
        ArtifactError: missing, empty, truncated, of another format, or a pickle that would run code.
    """
    path = Path(path)
    if data is None and not path.is_file():
        raise ArtifactError("does not exist" if not path.exists() else "is a folder, not a file", where=path)
    if (path.stat().st_size if data is None else len(data)) == 0:
        raise ArtifactError("is empty", where=path, next="Copy or download it again")
    if data is None and path.suffix.lower() == ".safetensors":
        return _safetensors(path)
    try:
        with torch.serialization.safe_globals(_plain_numbers()):
            source = path if data is None else io.BytesIO(data)
            value = torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refused(path, str(error)) from None
    except (RuntimeError, EOFError, ValueError, OSError, KeyError, AttributeError, IndexError, TypeError) as error:
        text = " ".join(str(error).split())
        cut = "is cut short" if re.search(r"central directory|end of file|EOF|truncat|Ran out of input", text) else None
        raise ArtifactError(
            cut or "cannot be read as a torch checkpoint", where=path, got=text[:160] or type(error).__name__,
            next="Copy or download it again, and compare its size",
        ) from None  # fmt: skip
    if not isinstance(value, Mapping):
        raise ArtifactError(
            "holds no named tensors", where=path, got=type(value).__name__, wanted="a checkpoint: names and tensors"
        )
    return _tree(value)


def _tree(value: Mapping[Any, Any]) -> Tree:
    found: Tree = {}
    for name, item in value.items():
        if torch.is_tensor(item):
            if not item.is_complex():
                found[str(name)] = _array(item)
        elif isinstance(item, Mapping):
            found[str(name)] = _tree(item)
    return found


def _array(tensor: torch.Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.detach().to(torch.float32).numpy())


def _safetensors(path: Path) -> Tree:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: _array(tensor) for name, tensor in load_file(str(path)).items()}
    except (SafetensorError, OSError, ValueError) as error:
        text = " ".join(str(error).split())
        cut = "is cut short" if "Incomplete" in text or "InvalidOffset" in text or "TooSmall" in text else None
        raise ArtifactError(
            cut or "cannot be read as safetensors", where=path, got=text[:160], next="Copy or download it again"
        ) from None


def _plain_numbers() -> list[Any]:
    """Classes by which numpy pickles single numbers (a learning rate, a step): data, no code."""
    from numpy.dtypes import Float32DType, Float64DType, Int32DType, Int64DType

    scalar: Any = getattr(np, "_core", None) or np.core
    return [scalar.multiarray.scalar, np.dtype, Float32DType, Float64DType, Int32DType, Int64DType]


def _refused(path: Path, text: str) -> ArtifactError:
    wanted = re.search(r"(?:GLOBAL|Unsupported (?:class|global):? *(?:GLOBAL)?) *([\w.]+)", text)
    if wanted is None and re.search(r"invalid load key|truncated|unsupported pickle protocol|magic", text, re.IGNORECASE):
        return ArtifactError("is no torch checkpoint", where=path, got=text.splitlines()[0][-160:])
    name = wanted.group(1) if wanted else text.splitlines()[0][-160:]
    return ArtifactError(
        f"asks for {name} while it is read, which could run code; it was refused before anything ran",
        where=path,
        wanted="tensors, names and plain containers only",
        next="Where you trust it, write its tensors alone with the program it came from: "
        "torch.save({'generator': model.state_dict()}, 'clean.pth')",
    )
