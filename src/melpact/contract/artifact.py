"""The one file format: safetensors with exactly one metadata key, `melpact`, of canonical JSON.

The JSON holds `kind`, `schema`, `axes`, `spec`, `config` and `provenance`; its header can be read without the numbers.
Files are written beside their target, flushed to the disk and renamed, so that nobody ever sees half of one.
Source of the byte layout: the safetensors format description (8-byte little-endian header length, JSON header, data).
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.atomic import replaced
from melpact.core.errors import ArtifactError, NotAnArtifact, SpecWarning, Truncated, WrongSchema
from melpact.core.records import canonical_json

SCHEMA = 1
KEY = "melpact"
_FOREIGN = "If it is a mel of another program, read it with --dialect NAME"
_SOUNDS = (b"RIFF", b"RF64", b"fLaC", b"OggS")
"""First bytes of WAV, FLAC and Ogg, which are given by mistake where a mel is wanted."""
_MAX_HEADER_BYTES = 100_000_000
_DTYPES: dict[str, np.dtype[Any]] = {
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"),
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its numbers.

    `tensors` maps a name to (dtype, shape, first byte, last byte + 1) in the file.
    """

    path: Path
    kind: str
    schema: int
    spec: MelSpec | None
    config: Mapping[str, Any]
    provenance: Mapping[str, Any]
    axes: Mapping[str, list[str]]
    tensors: Mapping[str, tuple[np.dtype[Any], tuple[int, ...], int, int]]


@dataclass(frozen=True)
class Artifact:
    """Named tensors with the header's facts; what `write` takes and `read` gives."""

    kind: str
    tensors: Mapping[str, NDArray[Any]]
    spec: MelSpec | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    axes: Mapping[str, list[str]] = field(default_factory=dict)


@contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when the block ends without an error.

    Raises:
        ArtifactError: the disk is full or the folder cannot be written; the old file, if any, is untouched.
    """
    try:
        with replaced(path) as temporary, open(temporary, "wb") as file:
            yield file
            file.flush()
    except OSError as error:
        raise ArtifactError(
            f"cannot be written: {error.strerror or error}", where=path, next="Free some space or choose another folder"
        ) from error


def header_bytes(
    kind: str,
    shapes: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]],
    *,
    spec: MelSpec | None = None,
    config: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
    axes: Mapping[str, list[str]] | None = None,
) -> bytes:
    """The first bytes of an artifact with these tensors; the data follow in the same order."""
    meta: dict[str, Any] = {
        "kind": kind,
        "schema": SCHEMA,
        "config": dict(config or {}),
        "provenance": dict(provenance or {}),
    }
    meta["axes"] = dict(axes or {})
    if spec is not None:
        meta["spec"] = spec.facts()
    header: dict[str, Any] = {"__metadata__": {KEY: canonical_json(meta)}}
    offset = 0
    for name, (dtype, shape) in shapes.items():
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        header[name] = {"dtype": _NAMES[np.dtype(dtype)], "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def write(path: str | Path, artifact: Artifact) -> Path:
    """Write an artifact atomically; returns the path."""
    path = Path(path)
    arrays = {name: np.asarray(value, order="C") for name, value in artifact.tensors.items()}
    arrays = {name: value.astype(value.dtype.newbyteorder("<"), copy=False) for name, value in arrays.items()}
    shapes = {name: (value.dtype, value.shape) for name, value in arrays.items()}
    with replacing(path) as file:
        file.write(
            header_bytes(
                artifact.kind,
                shapes,
                spec=artifact.spec,
                config=artifact.config,
                provenance=artifact.provenance,
                axes=artifact.axes,
            )
        )
        for value in arrays.values():
            file.write(value.tobytes())
    return path


def read_header(path: str | Path) -> Header:
    """Everything a file says of itself, without reading its numbers.

    Raises:
        NotAnArtifact, WrongSchema, Truncated: other content, another version, fewer bytes than promised.
    """
    path = Path(path)
    size, start, fields = _fields(path)
    meta = fields.pop("__metadata__", None)
    if not isinstance(meta, dict) or KEY not in meta:
        raise NotAnArtifact(
            "is a safetensors file, but not one of melpact's: it does not say what its numbers mean",
            where=path,
            next="If you know the convention, read it with --dialect NAME",
        )
    try:
        said = json.loads(meta[KEY])
        schema, kind = int(said["schema"]), str(said["kind"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotAnArtifact("its melpact metadata cannot be read", where=path, got=repr(error)) from error
    if schema != SCHEMA:
        raise WrongSchema(
            "was written by another version of melpact",
            where=path,
            got=f"schema {schema}",
            wanted=f"schema {SCHEMA}",
            next="Update melpact: pip install -U melpact" if schema > SCHEMA else "Write the file again with this version",
        )
    tensors: dict[str, tuple[np.dtype[Any], tuple[int, ...], int, int]] = {}
    for name, entry in fields.items():
        try:
            dtype, shape = _DTYPES[entry["dtype"]], tuple(int(n) for n in entry["shape"])
            begin, end = (start + int(n) for n in entry["data_offsets"])
        except (KeyError, TypeError, ValueError) as error:
            raise NotAnArtifact(f"the entry of tensor {name!r} cannot be read", where=path, got=repr(entry)) from error
        if end > size:
            raise Truncated(
                f"is cut short: tensor {name!r} ends at byte {end}",
                where=path,
                got=f"{size} bytes",
                next="Write it again; melpact never leaves half a file under its final name",
            )
        if end - begin != int(np.prod(shape, dtype=np.int64)) * dtype.itemsize:
            raise NotAnArtifact(f"the size of tensor {name!r} contradicts its shape {list(shape)}", where=path)
        tensors[name] = (dtype, shape, begin, end)
    spec = None
    if "spec" in said:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpecWarning)
            spec = MelSpec(**said["spec"])
    return Header(
        path, kind, schema, spec, said.get("config", {}), said.get("provenance", {}), said.get("axes", {}), tensors
    )


def _fields(path: Path) -> tuple[int, int, dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(8)
            if size == 0:
                raise NotAnArtifact("is empty", where=path, next="Write it again")
            length = int.from_bytes(head, "little")
            if len(head) < 8 or length > _MAX_HEADER_BYTES or file.peek(1)[:1] != b"{":
                sound = head[:4] in _SOUNDS
                raise NotAnArtifact(
                    "is a sound" if sound else "is not a safetensors file",
                    where=path,
                    got=None if sound else f"first bytes {head[:8]!r}",
                    next=f"Make its mel first: melpact extract {path} -o MEL --dialect NAME" if sound else _FOREIGN,
                )
            if 8 + length > size:
                raise Truncated(f"is cut short inside its header of {length} bytes", where=path, got=f"{size} bytes")
            fields = json.loads(file.read(length))
    except FileNotFoundError:
        raise ArtifactError("does not exist", where=path) from None
    except IsADirectoryError:
        raise ArtifactError("is a folder, not a file", where=path) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise NotAnArtifact("its header is not JSON", where=path, got=str(error)) from error
    if not isinstance(fields, dict):
        raise NotAnArtifact("its header is not a JSON object", where=path)
    return size, 8 + length, fields


def read(path: str | Path, kind: str | None = None) -> Artifact:
    """Read a whole artifact; `kind` refuses any other.

    Raises:
        ArtifactError: as `read_header`, or a file of another kind.
    """
    try:
        header = read_header(path)
    except NotAnArtifact as error:
        if kind not in (None, "mel") and error.next == _FOREIGN:
            error.next = f"A {kind} is a file that melpact wrote"
        raise
    if kind is not None and header.kind != kind:
        raise ArtifactError(
            "holds something else", where=header.path, got=header.kind, wanted=kind, next=f"melpact show {header.path}"
        )
    tensors = {}
    with open(header.path, "rb") as file:
        for name, (dtype, shape, begin, end) in header.tensors.items():
            file.seek(begin)
            data = file.read(end - begin)
            if len(data) != end - begin:
                raise Truncated(f"is cut short in tensor {name!r}", where=header.path)
            tensors[name] = np.frombuffer(data, dtype).reshape(shape)
    return Artifact(header.kind, tensors, header.spec, header.config, header.provenance, header.axes)


_MEL_AXES = ["n_mels", "frames"]


def mel_header_bytes(spec: MelSpec, n_frames: int, utterance: Mapping[str, Any], provenance: Mapping[str, Any]) -> bytes:
    """The header of a mel file whose float32 values [n_mels, n_frames] follow right behind it (for writing in blocks)."""
    shape = {"mel": (np.dtype("<f4"), (spec.n_mels, n_frames))}
    return header_bytes("mel", shape, spec=spec, config=_plain(utterance), provenance=provenance, axes={"mel": _MEL_AXES})


def save_mel(mel: Mel, path: str | Path) -> Path:
    """Write a mel; see `Mel.save`."""
    axes = [f"batch{i}" for i in range(mel.values.ndim - 2)] + _MEL_AXES
    return write(
        path,
        Artifact("mel", {"mel": mel.values}, mel.spec, _plain(mel.utterance), dict(mel.provenance), {"mel": axes}),
    )


def load_mel(path: str | Path) -> Mel:
    """Read a mel file; see `Mel.load`."""
    found = read(path, "mel")
    axes = list(found.axes.get("mel", []))
    if "mel" not in found.tensors or found.spec is None or axes[-2:] != _MEL_AXES:
        raise NotAnArtifact("is not a complete mel file", where=path, got=f"axes {axes}", wanted="[..., n_mels, frames]")
    facts = {name: np.asarray(value, np.float64) for name, value in found.config.get("utterance", {}).items()}
    return Mel(found.tensors["mel"], found.spec, facts, found.provenance)


def _plain(utterance: Mapping[str, Any]) -> dict[str, Any]:
    return {"utterance": {name: np.asarray(value).tolist() for name, value in utterance.items()}} if utterance else {}
