"""TorchScript files as engines. The only module of melpact that imports torch by name, and only when such a file is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from melpact.core.errors import ArtifactError, ContractError
from melpact.pipeline.engine import Engine, Inputs, file_digest, missing_extra


class TorchFile(Engine):
    """Runs `forward` of a TorchScript module on the CPU, in evaluation mode, without gradients.

    A lone array is its first argument; several go by the names of its parameters. float64 becomes float32. The generator is
    seeded before every call and put back afterwards; as torch has one for all threads, calls are never made in parallel.
    """

    parallel = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sha256 = file_digest(path)
        try:
            import torch
        except ImportError:
            raise missing_extra("torch", "torch", path) from None
        self._torch: Any = torch
        try:
            self._module: Any = torch.jit.load(str(path), map_location="cpu").eval()
        except (RuntimeError, ValueError, OSError) as error:
            raise ArtifactError(
                "is not a TorchScript file",
                where=path,
                got=" ".join(str(error).split())[:200],
                wanted="what torch.jit.script(model).save(path) or torch.jit.trace(…).save(path) writes, not a checkpoint",
            ) from error

    @property
    def label(self) -> str:
        return self.path.name

    @property
    def fingerprint(self) -> str:
        return self._sha256

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(one.name for one in self._module.forward.schema.arguments if one.name != "self")

    def facts(self) -> dict[str, Any]:
        return {"format": "torchscript", "sha256": self._sha256}

    def place(self) -> dict[str, Any]:
        return {"path": str(self.path.resolve())}

    def runtime(self) -> dict[str, str]:
        return {"torch": str(self._torch.__version__)}

    def __call__(self, inputs: Inputs, *, batch: bool, seed: int) -> Any:
        torch = self._torch
        if isinstance(inputs, str):
            raise ContractError("a TorchScript model takes arrays, not text", where=self.path)
        named = isinstance(inputs, Mapping)
        arrays = dict(inputs) if isinstance(inputs, Mapping) else {"": inputs[None] if batch else inputs}
        tensors = {}
        for name, array in arrays.items():
            array = array.astype(np.float32) if array.dtype.kind == "f" else array
            tensors[name] = torch.from_numpy(np.array(array, order="C"))
        try:
            with torch.random.fork_rng(devices=[]), torch.inference_mode():
                torch.manual_seed(seed)
                return _plain(self._module(**tensors) if named else self._module(tensors[""]))
        except (RuntimeError, TypeError, ValueError, IndexError, torch.jit.Error) as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise ContractError(
                "the model failed", where=self.path, got=(lines or [type(error).__name__])[-1][:300]
            ) from error


def _plain(made: Any) -> Any:
    """Tensors as arrays, tuples and mappings kept."""
    if isinstance(made, Mapping):
        return {name: _plain(one) for name, one in made.items()}
    if isinstance(made, tuple | list):
        return tuple(_plain(one) for one in made)
    return made.detach().cpu().numpy() if hasattr(made, "detach") else made
