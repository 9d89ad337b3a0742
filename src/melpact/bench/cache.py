"""What has been measured before, kept by content in the user's cache folder.

A file holds what is known of one sound against one original under one set of settings; inside, every metric's contribution
under the digest of the code that made it. So a run that was interrupted goes on where it stopped, a new system costs only
itself, and a changed metric is measured again. Nothing here decides what is measured.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.metric import Metric
from melpact.core.atomic import replaced
from melpact.core.records import digest

Given = Path | Audio
_BASE = ("bench.metric", "bench.sound", "bench.align", "bench.score")


def sound_digest(given: Given) -> str:
    """SHA-256 of a file's bytes, or of an `Audio`'s samples and rate."""
    state = hashlib.sha256()
    if isinstance(given, Audio):
        state.update(f"{given.sample_rate} {given.samples.shape}".encode())
        state.update(given.samples.tobytes())
    else:
        with open(given, "rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    return state.hexdigest()


@lru_cache(maxsize=256)
def sources_digest(paths: tuple[Path, ...]) -> str:
    """SHA-256 over the text of source files; folders mean the modules directly in them."""
    state = hashlib.sha256()
    for path in paths:
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            state.update(file.read_bytes())
    return state.hexdigest()[:16]


def _root() -> Path:
    return Path(__file__).parents[1]


def package_version() -> str:
    """Of melpact."""
    try:
        return version("melpact")
    except PackageNotFoundError:
        return "0"


@lru_cache(maxsize=256)
def metric_digest(package: str, name: str, packages: tuple[str, ...]) -> str:
    """Of a metric's module, what it shares with others of its folder, the base, and the packages that it computes with."""
    module = import_module(f"{package}.{name}")
    here = Path(str(module.__file__))
    shared = sorted(here.parent.glob("_[a-z]*.py"))
    base = [_root() / f"{part.replace('.', '/')}.py" for part in _BASE]
    versions = []
    for needed in packages:
        try:
            versions.append(f"{needed} {version(needed)}")
        except PackageNotFoundError:
            versions.append(needed)
    return digest([sources_digest((here, *shared, *base)), package_version(), versions])


@lru_cache(maxsize=64)
def anchor_digest(name: str) -> str:
    """Of an anchor's module and of what makes sounds and mels."""
    root = _root()
    folders = (root / "features", root / "contract", root / "vocoders" / "griffin_lim", root / "audio")
    return digest([sources_digest((root / "bench" / "anchors" / f"{name}.py", *folders)), package_version()])


@dataclass(frozen=True)
class Found:
    """What one metric found on one utterance: a contribution, or the reason for none, and how long it took.

    `fault` marks an error that no metric raises on purpose; such a result is not kept.
    """

    observation: Any = None
    reason: str | None = None
    seconds: float = 0.0
    fault: bool = False


class Shelf:
    """What is known of one sound against one original.

    Args:
        folder: of the cache; None: nothing is kept.
        parts: everything that the numbers depend on but the metrics' code: contents, settings.
    """

    def __init__(self, folder: Path | None, parts: Iterable[Any]) -> None:
        key = digest(list(parts), 40)
        self._path = None if folder is None else folder / key[:2] / f"{key[2:]}.json"
        self._held: dict[str, Any] = {"facts": None, "found": {}}
        self._changed = False
        if self._path is not None and self._path.is_file():
            try:
                held = json.loads(self._path.read_text(encoding="utf-8"))
                if isinstance(held, dict) and isinstance(held.get("found"), dict):
                    self._held = held
            except (OSError, ValueError):
                self._changed = True

    @property
    def facts(self) -> dict[str, Any] | None:
        """What was found out about the pair itself."""
        facts: dict[str, Any] | None = self._held.get("facts")
        return facts

    def keep_facts(self, facts: dict[str, Any]) -> None:
        self._held["facts"] = facts
        self._changed = True

    def get(self, key: str) -> Found | None:
        """What is kept under a metric's key."""
        held = self._held["found"].get(key)
        if held is None:
            return None
        try:
            return Found(decoded(held["value"]), held["reason"], float(held["seconds"]))
        except (KeyError, TypeError, ValueError):
            return None

    def put(self, key: str, found: Found) -> None:
        """Keep it, unless it is a fault that may be gone tomorrow."""
        if not found.fault:
            self._held["found"][key] = {
                "value": encoded(found.observation),
                "reason": found.reason,
                "seconds": found.seconds,
            }
            self._changed = True

    def write(self) -> None:
        """To the disk, whole or not at all; a folder that cannot be written costs only the time next time."""
        if self._path is None or not self._changed:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(self._path) as temporary:
                temporary.write_text(json.dumps(self._held, allow_nan=False), encoding="utf-8")
        except OSError:
            return


def encoded(value: Any) -> Any:
    """An observation as JSON: numbers, strings, arrays, tuples of these, to the bit.

    Raises:
        TypeError: anything else.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else {"float": str(float(value))}
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": data, "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, tuple | list):
        return {"tuple": [encoded(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[encoded(key), encoded(item)] for key, item in value.items()]}
    raise TypeError(f"an observation is made of numbers, strings, arrays and tuples, not {type(value).__name__}")


def decoded(value: Any) -> Any:
    """What `encoded` was given; arrays are read-only, lists come back as tuples."""
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    if "tuple" in value:
        return tuple(decoded(item) for item in value["tuple"])
    if "dict" in value:
        return {decoded(key): decoded(item) for key, item in value["dict"]}
    data = base64.b64decode(value["array"])
    return np.frombuffer(data, dtype=np.dtype(value["dtype"])).reshape(value["shape"])


def metric_key(package: str, name: str, metric: Metric, text: str | None) -> str:
    """Under what a metric's contribution is kept."""
    said = digest(text) if text is not None and "text" in metric.needs else ""
    return f"{name}:{metric_digest(package, name, metric.packages)}:{said}"
