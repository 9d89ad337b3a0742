"""From generated source to a compiled function, compiled once per machine and user.

Here live the cache folder and the import of a generated module from it. Not here: what the source says (`codelets`,
`melpact.vocoders.griffin_lim.lane_source`). The source is written to `<cache>/lanes/<title>_<sha256>.py`, for the
analysis `lanes_<n_fft>_<float32 or 64>_<sha256>.py`, and numba keeps the machine code beside it, keyed on processor and
numba version. Where nothing can be written, the source is compiled in memory at every start.
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
    digest = digest_of("melpact.features.lane_stages")
    module = generated(
        f"lanes_{n_fft}_{precision.real}", lambda cache: codelets.module_source(n_fft, precision, digest, cache=cache)
    )
    driver: Callable[..., Any] = module.analyse if precision == SINGLE else module.refine
    return driver


def digest_of(*modules: str) -> str:
    """SHA-256 of the texts of modules, which are not imported: what names the version that generated code compiles in."""
    digest = hashlib.sha256()
    for name in modules:
        found = importlib.util.find_spec(name)
        assert found is not None and found.origin is not None
        digest.update(Path(found.origin).read_bytes())
    return digest.hexdigest()


def generated(title: str, source: Callable[[bool], str]) -> ModuleType:
    """The module of a generated text, from the cache folder or compiled now.

    Args:
        title: begins the file's name.
        source: the text; the argument says whether numba may keep the machine code.
    """
    text = source(True)
    name = f"{title}_{hashlib.sha256(text.encode()).hexdigest()}"
    try:
        path = cache_folder() / "lanes" / f"{name}.py"
        _store(path, text)
        return _import(path, name)
    except (OSError, RuntimeError):  # nowhere to write: numba says so with a RuntimeError
        module = ModuleType(name)
        exec(compile(source(False), f"<{name}>", "exec"), module.__dict__)
        return module


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


def _import(path: Path, name: str) -> ModuleType:
    """Import the file as a module of its own; numba looks it up by name when it loads cached code."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
