"""The record of one run: what went in, through what, and what came out, as one canonical JSON file beside the output."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.bridges.ways import said
from melpact.contract.artifact import replacing
from melpact.contract.mel import Mel
from melpact.core.errors import ArtifactError, NotAnArtifact, WrongSchema
from melpact.core.records import canonical_json

if TYPE_CHECKING:
    from melpact.pipeline.chain import Pipeline

KIND, SCHEMA, SUFFIX = "melpact run", 1, ".run.json"


@dataclass(frozen=True, eq=False)
class Run:
    """What one run gave: `output` (an `Audio` or a `Mel`), the last `mel`, and the `record`."""

    output: Audio | Mel
    mel: Mel | None
    record: Mapping[str, Any]

    def save_record(self, path: str | Path, files: Sequence[Mapping[str, Any]] = ()) -> Path:
        """Write the record, whole or not at all; `files` are the outputs as they were written (path, sha256 …)."""
        path = Path(path)
        text = canonical_json({**self.record, "files": [dict(one) for one in files]})
        with replacing(path) as file:
            file.write(text.encode() + b"\n")
        return path


def recorded(
    pipeline: Pipeline,
    given: Any,
    made: Any,
    origin: Mapping[str, Any],
    notes: Sequence[Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
    seconds: float,
) -> dict[str, Any]:
    """Everything known of one run as plain JSON values.

    `pipeline` decides the output, and with `input` suffices to make it again; `measured` differs from run to run.
    """
    versions = {name: version(name) for name in ("melpact", "numpy", "scipy", "numba")}
    versions |= {"python": platform.python_version(), "machine": platform.machine(), **pipeline.runtime()}
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "versions": versions,
        "pipeline": pipeline.description(),
        "chain": pipeline.table(),
        "input": {**origin, **value_facts(given)},
        "output": value_facts(made),
        "findings": list(findings),
        "measured": {"seconds": seconds, "stages": [dict(one) for one in notes]},
    }


def read_record(path: str | Path) -> dict[str, Any]:
    """What `save_record` wrote.

    Raises:
        ArtifactError: no such file, other content, another schema.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError("cannot be read", where=path, got=str(error)) from error
    except json.JSONDecodeError as error:
        raise NotAnArtifact("is not JSON", where=path, got=str(error), wanted="the record of a run") from error
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise NotAnArtifact("is not the record of a run", where=path, next="They are called NAME" + SUFFIX)
    if found.get("schema") != SCHEMA:
        raise WrongSchema("was written by another version", where=path, got=found.get("schema"), wanted=SCHEMA)
    return found


def value_facts(value: Any) -> dict[str, Any]:
    """Kind, size and SHA-256 of a value's numbers, independent of the file it lies in."""
    if isinstance(value, str):
        return {"kind": "text", "characters": len(value), "sha256": _sha(value.encode())}
    if isinstance(value, Mel):
        facts = {"kind": "mel", "sha256": _sha(value.values.tobytes()), "shape": list(value.values.shape)}
        return {**facts, "spec": said(value.spec), "fingerprint": value.spec.fingerprint}
    if isinstance(value, Audio):
        shape = list(value.samples.shape)
        facts = {"kind": "audio", "sha256": _sha(value.samples.tobytes()), "shape": shape}
        return {**facts, "sample_rate": value.sample_rate, "peak": value.peak}
    arrays = {str(k): np.asarray(v) for k, v in value.items()} if isinstance(value, Mapping) else {"": np.asarray(value)}
    parts = {
        name: {"dtype": str(a.dtype), "shape": list(a.shape), "sha256": _sha(a.tobytes())} for name, a in arrays.items()
    }
    together = _sha(canonical_json(parts).encode())
    return {"kind": "features", "arrays": parts, "sha256": together}


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
