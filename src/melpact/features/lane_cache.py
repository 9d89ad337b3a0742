"""From generated source to a compiled function, compiled once per machine and user.

Here live the cache folder and the import of a generated module from it. Not here: what the source says
(`codelets`). The source is written to `<cache>/lanes/lanes_<n_fft>_<float32 or 64>_<sha256>.py`, and numba keeps the machine
code beside it, keyed on processor and numba version. Where nothing can be written, the source is compiled in
memory at every start.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from melpact.features import codelets
from melpact.features.codelets import SINGLE, Precision


def cache_folder() -> Path:
    """`$MELPACT_CACHE_DIR`, or melpact's folder in the platform's place for caches."""
    if chosen := os.environ.get("MELPACT_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "melpact"


@functools.lru_cache(maxsize=64)
def compiled(n_fft: int, precision: Precision) -> Callable[..., Any]:
    """The driver for transforms of `n_fft` real samples; see `codelets.module_source`."""
    stages = importlib.util.find_spec("melpact.features.lane_stages")
    assert stages is not None and stages.origin is not None
    digest = hashlib.sha256(Path(stages.origin).read_bytes()).hexdigest()
    source = codelets.module_source(n_fft, precision, digest, cache=True)
    name = f"lanes_{n_fft}_{precision.real}_{hashlib.sha256(source.encode()).hexdigest()}"
    try:
        path = cache_folder() / "lanes" / f"{name}.py"
        _store(path, source)
        module = _import(path, name)
    except (OSError, RuntimeError):  # nowhere to write: numba says so with a RuntimeError
        module = ModuleType(name)
        source = codelets.module_source(n_fft, precision, digest, cache=False)
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    driver: Callable[..., Any] = module.analyse if precision == SINGLE else module.refine
    return driver


def _store(path: Path, source: str) -> None:
    """Write the source unless that very text is there; whole or not at all."""
    if path.is_file() and path.read_text(encoding="utf-8") == source:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _import(path: Path, name: str) -> Any:
    """Import the file as a module of its own; numba looks it up by name when it loads cached code."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
