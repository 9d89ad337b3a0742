"""The named constants of an ONNX file, read without the onnx package.

Only what a file of float32 weights holds: the wire format of Protocol Buffers (varints and length-delimited fields) and the
fields of ModelProto (7: graph), GraphProto (5: initialiser) and TensorProto (1: dims, 2: type, 4: floats, 8: name, 9: raw).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FLOAT = 1


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind} is not one of Protocol Buffers 3")
        yield key >> 3, data[at : at + length]
        at += length


def weights(path: Path) -> dict[str, NDArray[np.float32]]:
    """Name → float32 array of every float initialiser of the model's graph.

    Raises:
        ValueError, IndexError: the file is not an ONNX model.
    """
    found = {}
    for field, graph in _fields(memoryview(path.read_bytes())):
        if field != 7 or isinstance(graph, int):
            continue
        for inner, tensor in _fields(graph):
            if inner == 5 and not isinstance(tensor, int):
                name, value = _tensor(tensor)
                if value is not None:
                    found[name] = value
    return found


def _tensor(data: memoryview) -> tuple[str, NDArray[np.float32] | None]:
    shape: list[int] = []
    name, kind, content = "", 0, b""
    for field, value in _fields(data):
        if field == 1:
            if isinstance(value, int):
                shape.append(value)
            else:
                at = 0
                while at < len(value):
                    size, at = _varint(value, at)
                    shape.append(size)
        elif field == 2 and isinstance(value, int):
            kind = value
        elif field in (4, 9) and not isinstance(value, int):
            content += bytes(value)
        elif field == 8 and not isinstance(value, int):
            name = bytes(value).decode("utf-8")
    return name, np.frombuffer(content, "<f4").reshape(shape) if kind == _FLOAT else None
