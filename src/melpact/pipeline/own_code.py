"""A user's own Python function as an engine: given as an object, or as "module:function"."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from melpact.core.errors import ArtifactError, ContractError, MelpactError
from melpact.pipeline.engine import Engine, Inputs


class OwnCode(Engine):
    """Calls a function with what comes in (and `rng=` a seeded Generator where it takes one); what it gives is checked.

    The function is trusted to give the same for the same input and seed, and is never called by two threads at once.
    """

    parallel = False

    def __init__(self, function: Callable[..., Any], name: str | None = None, folder: Path | None = None) -> None:
        self.function, self.folder = function, folder
        self.name = name or _importable(function)
        try:
            self._source: str | None = inspect.getsource(function if inspect.isroutine(function) else type(function))
        except (OSError, TypeError):
            self._source = None
        try:
            self._takes_rng = "rng" in inspect.signature(function).parameters
        except (TypeError, ValueError):
            self._takes_rng = False

    @classmethod
    def named(cls, text: str, folder: Path | None = None) -> OwnCode:
        """The function that "module:function" names; `folder` is searched first, then Python's path.

        Raises:
            ArtifactError: no such module or function, or the module fails.
        """
        module, _, attribute = text.partition(":")
        searched = [] if folder is None else [str(folder.resolve())]
        sys.path[:0] = searched
        try:
            found = importlib.import_module(module)
            function: Any = found
            for part in attribute.split("."):
                function = getattr(function, part)
        except Exception as error:
            raise ArtifactError(
                f"cannot be imported: {type(error).__name__}: {error}",
                where=text,
                wanted="module:function, on Python's path or beside the description",
            ) from error
        finally:
            for path in searched:
                sys.path.remove(path)
        beside = None if folder is None else folder.resolve() / (module.replace(".", "/") + ".py")
        loaded = getattr(found, "__file__", None)
        if beside is not None and beside.is_file() and (loaded is None or Path(loaded).resolve() != beside.resolve()):
            raise ArtifactError(
                "another module of that name is in use already",
                where=text,
                got=loaded,
                wanted=beside,
                next="Give it another name",
            )
        if not callable(function):
            raise ArtifactError("is not a function", where=text, got=type(function).__name__)
        return cls(function, text, folder)

    @property
    def label(self) -> str:
        return self.name or str(getattr(self.function, "__name__", type(self.function).__name__))

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the function's source; what it calls and loads is not in it. None where there is no source."""
        return None if self._source is None else hashlib.sha256(self._source.encode()).hexdigest()

    def facts(self) -> dict[str, Any]:
        return {"call": self.name, "sha256": self.fingerprint}

    def place(self) -> dict[str, Any]:
        return {} if self.folder is None else {"folder": str(self.folder.resolve())}

    def __call__(self, inputs: Inputs, *, batch: bool, seed: int) -> Any:
        if batch and isinstance(inputs, np.ndarray):
            inputs = inputs[None]
        more = {"rng": np.random.default_rng(seed)} if self._takes_rng else {}
        try:
            return self.function(inputs, **more)
        except MelpactError:
            raise
        except Exception as error:
            raise ContractError(f"the model failed: {type(error).__name__}: {error}", where=self.label) from error


def _importable(function: Callable[..., Any]) -> str | None:
    """ "module:function" where that leads back to this very object."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not module or module == "__main__" or "<" in name:
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}:{name}" if found is function else None
