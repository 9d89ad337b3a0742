"""ONNX files as engines. The only module that imports onnxruntime, and only when such a file is used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ArtifactError, ContractError
from melpact.pipeline.engine import Engine, Inputs, file_digest, missing_extra

_DTYPES = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16, "tensor(int64)": np.int64,
    "tensor(int32)": np.int32, "tensor(bool)": np.bool_,
}  # fmt: skip


class OnnxFile(Engine):
    """Runs an ONNX graph on the CPU, one thread per call.

    A lone array goes to the graph's only input; several go by their names, and are refused where one is missing or unknown.
    The fingerprint is the file's SHA-256; where weights lie in files of their own, one over the digests of all of them. Real
    numbers become the input's own width; reals where the graph wants whole numbers are refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sha256 = file_digest(path)
        weights = _external(path)
        if weights:
            parts = [self._sha256, *(file_digest(one) for one in weights)]
            self._sha256 = hashlib.sha256("".join(parts).encode()).hexdigest()
        try:
            import onnxruntime
        except ImportError:
            raise missing_extra("onnxruntime", "onnx", path) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ArtifactError("is not an ONNX model that can be run", where=path, got=_line(error)) from error
        self._version = str(onnxruntime.__version__)

    @property
    def label(self) -> str:
        return self.path.name

    @property
    def fingerprint(self) -> str:
        return self._sha256

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(one.name for one in self._session.get_inputs())

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what it gives."""
        return tuple(one.name for one in self._session.get_outputs())

    def facts(self) -> dict[str, Any]:
        return {"format": "onnx", "sha256": self._sha256}

    def place(self) -> dict[str, Any]:
        return {"path": str(self.path.resolve())}

    def runtime(self) -> dict[str, str]:
        return {"onnxruntime": self._version}

    def output_shape(self, output: str | int | None) -> tuple[int | None, ...] | None:
        outputs = self._session.get_outputs()
        found = [o for i, o in enumerate(outputs) if len(outputs) == 1 or output in (o.name, i)]
        if len(found) != 1 or not found[0].shape:
            return None
        return tuple(n if isinstance(n, int) else None for n in found[0].shape)

    def __call__(self, inputs: Inputs, *, batch: bool, seed: int) -> dict[str | int, NDArray[Any]]:
        if isinstance(inputs, str):
            raise ContractError("an ONNX model takes arrays, not text", where=self.path)
        wanted = self._session.get_inputs()
        names = [one.name for one in wanted]
        if not isinstance(inputs, Mapping):
            if len(names) != 1:
                raise self._inputs("one array without a name", names)
            rank = len(wanted[0].shape or ())
            inputs = {names[0]: inputs[None] if batch and (not rank or inputs.ndim == rank - 1) else inputs}
        elif set(inputs) != set(names):
            raise self._inputs(", ".join(sorted(inputs)), names)
        fed = {one.name: self._cast(inputs[one.name], one) for one in wanted}
        outputs = [one.name for one in self._session.get_outputs()]
        try:
            made = self._session.run(outputs, fed)
        except Exception as error:
            raise ContractError("the model failed", where=self.path, got=_line(error)) from error
        return dict(zip(outputs, made, strict=True))

    def _inputs(self, got: str, names: list[str]) -> ContractError:
        return ContractError(
            "the model's inputs go by name",
            where=self.path,
            got=got,
            wanted=", ".join(names),
            next="Save them in one .npz: numpy.savez(path, " + ", ".join(f"{n}=…" for n in names) + ")",
        )

    def _cast(self, values: NDArray[Any], one: Any) -> NDArray[Any]:
        wanted = _DTYPES.get(one.type)
        if wanted is None:
            raise ContractError(
                "the model takes an input that arrays cannot be", where=f"{self.path}: {one.name}", got=one.type
            )
        kind = np.dtype(wanted).kind
        if kind in "ib" and values.dtype.kind == "f":
            raise ContractError(
                "the model wants whole numbers",
                where=f"{self.path}: {one.name}",
                got=f"dtype {values.dtype}",
                wanted=one.type,
            )
        if one.shape and values.ndim != len(one.shape):
            raise ContractError(
                f"the model wants {len(one.shape)} axes",
                where=f"{self.path}: {one.name}",
                got=f"shape {list(values.shape)}",
                wanted=f"{['?' if not isinstance(n, int) else n for n in one.shape]}",
            )
        return np.ascontiguousarray(values, wanted)


def _external(path: Path) -> list[Path]:
    """The files beside a graph that hold its weights, by name. (A tensor's external_data has an entry "location": field 1 is
    the key, field 2 the file, in protobuf's bytes; see onnx.proto, TensorProto.)"""
    found = re.findall(rb"\x0a\x08location\x12([\x01-\x7f])([\x20-\x7e]{1,127})", path.read_bytes())
    names = {text[: length[0]].decode("ascii") for length, text in found}
    return sorted(path.parent / name for name in names if (path.parent / name).is_file())


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
