"""`Engine`: whatever turns arrays into arrays, before anything is said of their meaning; and which one a file needs.

The engines themselves are in `own_code`, `torch_file` and `onnx_file`; what their numbers mean is said in `acoustic` and
`vocoding`.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ArtifactError, ContractError, MelpactError

Inputs = NDArray[Any] | Mapping[str, NDArray[Any]] | str
Source = str | Path | Callable[..., Any]
TORCH_SUFFIXES = (".pt", ".ts", ".pth", ".jit", ".torchscript")


class Engine(ABC):
    """Arrays (or text) → an array, a mapping of arrays by name, or a tuple of them."""

    parallel: bool = True

    @abstractmethod
    def __call__(self, inputs: Inputs, *, batch: bool, seed: int) -> Any:
        """One call of the model; `batch` puts an axis of 1 in front of a lone array."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What errors and tables call it."""

    @property
    @abstractmethod
    def fingerprint(self) -> str | None:
        """SHA-256 of what the model is, where that can be known."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what it takes, where they can be known."""
        return ()

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What it is, as plain values."""

    def place(self) -> dict[str, Any]:
        """Where it lies."""
        return {}

    def runtime(self) -> dict[str, str]:
        """Versions of the packages that run it."""
        return {}

    def output_shape(self, output: str | int | None) -> tuple[int | None, ...] | None:
        """The shape that the file promises, None for a length it leaves open; None where it promises nothing."""
        return None


def engine(source: Source | Engine, folder: Path | None = None) -> Engine:
    """The engine of a callable, of "module:function", of an ONNX or TorchScript file, or of a folder of transformers.

    Raises:
        ArtifactError: no such file, or of no kind that can be run. MelpactError: the package that runs it is missing.
    """
    if isinstance(source, Engine):
        return source
    if callable(source):
        from melpact.pipeline.own_code import OwnCode

        return OwnCode(source)
    path = Path(source) if folder is None else folder / source
    if (path / "config.json").is_file():
        from melpact.pipeline.transformers_folder import TransformersFolder

        return TransformersFolder(path)
    if path.suffix.lower() == ".onnx":
        from melpact.pipeline.onnx_file import OnnxFile

        return OnnxFile(path)
    if path.suffix.lower() in TORCH_SUFFIXES:
        from melpact.pipeline.torch_file import TorchFile

        return TorchFile(path)
    if isinstance(source, str) and ":" in source:
        from melpact.pipeline.own_code import OwnCode

        return OwnCode.named(source, folder)
    raise ArtifactError(
        "is no model that can be run",
        where=source,
        wanted=f"a .onnx file, a TorchScript file ({' '.join(TORCH_SUFFIXES)}) or module:function",
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        ArtifactError: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(
            "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}", where=path
        ) from error


def missing_extra(package: str, extra: str, path: Path) -> MelpactError:
    """The error where the package that runs a file is not installed."""
    return MelpactError(f"needs {package}, which is not installed", where=path, next=f"Run: pip install 'melpact[{extra}]'")


def chosen(made: Any, output: str | int | None, where: object) -> NDArray[Any]:
    """The one array that is meant among what a model gave.

    Raises:
        ContractError: it gave several and none was named, none of that name, or no numbers.
    """
    if isinstance(made, Mapping):
        made = dict(made)
        if output is None and len(made) == 1:
            output = next(iter(made))
        if output not in made:
            raise _which(output, [repr(name) for name in made], where)
        made = made[output]
    elif isinstance(made, tuple | list) and any(getattr(part, "ndim", 0) for part in made):
        if output is None and len(made) == 1:
            output = 0
        if not isinstance(output, int) or not -len(made) <= output < len(made):
            raise _which(output, [str(i) for i in range(len(made))], where)
        made = made[output]
    array = numbers(made)
    if array.dtype.kind not in "fiu":
        raise ContractError("gives no real numbers", where=where, got=f"{type(made).__name__}, dtype {array.dtype}")
    return array


def numbers(value: Any) -> NDArray[Any]:
    """An array or tensor (of any package, on any device) as a numpy array."""
    for step in ("detach", "cpu", "numpy"):
        value = getattr(value, step)() if hasattr(value, step) else value
    return np.asarray(value)


def _which(output: str | int | None, have: list[str], where: object) -> ContractError:
    return ContractError(
        "gives several results" if output is None else f"gives no result {output!r}",
        where=where,
        got=", ".join(have),
        wanted="the one that is the mel or the sound",
        next="Name it: output = …",
    )
