"""Runs an exported network on onnxruntime, and narrows its numbers: no torch here. What a graph is for is not known."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ArtifactError, ContractError, MelpactError, NotAnArtifact, WrongSchema
from melpact.nn.running import Floats


def told(runtime: OnnxRuntime, key: str, kind: str, schema: int, lacking: str) -> dict[str, Any]:
    """What a graph says of itself below a key of its metadata.

    Args:
        kind, schema: that it has to be. lacking: what a graph without that key does not say.

    Raises:
        NotAnArtifact: it says nothing, or is something else. WrongSchema: of another version.
    """
    if key not in runtime.metadata:
        raise NotAnArtifact(f"is a graph that does not say {lacking}", where=runtime.path, next="Export it again")
    try:
        said: dict[str, Any] = json.loads(runtime.metadata[key])
        found, written = said["kind"], said["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotAnArtifact("its melpact metadata cannot be read", where=runtime.path, got=repr(error)) from None
    if found != kind:
        raise NotAnArtifact("holds something else", where=runtime.path, got=found, wanted=kind)
    if written != schema:
        raise WrongSchema("was written by another version of melpact", where=runtime.path, got=written, wanted=schema)
    return said


class OnnxRuntime:
    """A graph on the CPU.

    Args:
        path: the graph.
        threads: of one computation; 0: as many as onnxruntime likes.
        what: what errors call it.
    """

    name = "onnxruntime"
    in_batches = False

    def __init__(self, path: str | Path, threads: int = 0, *, what: str = "vocoder") -> None:
        onnxruntime = _onnxruntime(path, what)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ArtifactError(
                "is not an ONNX graph that can be run", where=path, got=" ".join(str(error).split())[:200],
                next="Copy it again, or export it again",
            ) from None  # fmt: skip
        self.path, self._what = path, what
        self._inputs = self._session.get_inputs()
        self._names = [one.name for one in self._inputs]
        self._empty = {
            one.name: np.zeros([n if isinstance(n, int) else 1 for n in one.shape], np.float32) for one in self._inputs
        }
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map

    def run(self, inputs: Sequence[Floats]) -> Floats:
        """Inputs of one batch, in the graph's order → float32 [B, …]."""
        return self.computed(None, dict(zip(self._names, inputs, strict=True)))

    def part(self, inputs: Sequence[str], output: str) -> Part:
        """That of a graph of several networks which makes one output of some of the inputs, by their names."""
        return Part(self, tuple(inputs), output)

    def computed(self, output: str | None, given: Mapping[str, NDArray[Any]]) -> Floats:
        """One output of a graph, the first by default, float32 [B, …]; inputs that it does not need may be left out."""
        import onnxruntime

        fed = {**self._empty, **{name: np.asarray(one, np.float32, order="C") for name, one in given.items()}}
        way = onnxruntime.RunOptions()
        way.only_execute_path_to_fetches = True
        try:
            made: Floats = self._session.run(None if output is None else [output], fed, way)[0]
        except Exception as error:
            frames = next(iter(given.values())).shape[-1]
            raise ContractError(
                "the exported graph cannot take this mel",
                got=f"{frames} frames: {' '.join(str(error).split())[:200]}",
                next=f"A graph takes no mel shorter than its reflected edges; run it with the .{self._what} file",
            ) from None
        return made


class Part:
    """A runtime of one of several networks in a graph."""

    name, in_batches = OnnxRuntime.name, OnnxRuntime.in_batches

    def __init__(self, whole: OnnxRuntime, inputs: tuple[str, ...], output: str) -> None:
        self._whole, self._inputs, self._output = whole, inputs, output

    def run(self, inputs: Sequence[Floats]) -> Floats:
        """Its inputs of one batch, in the order that was asked for → float32 [B, …]."""
        return self._whole.computed(self._output, dict(zip(self._inputs, inputs, strict=True)))


class Graphs:
    """Several small graphs that are run in turn, often, on one core.

    Args:
        graphs: name → its bytes. where: what errors call them.
    """

    name = OnnxRuntime.name

    def __init__(self, graphs: Mapping[str, bytes], where: object) -> None:
        onnxruntime = _onnxruntime(where)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = 1, 1, 4
        self._where, self._sessions = where, {}
        for name, graph in graphs.items():
            try:
                session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
            except Exception as error:
                raise ArtifactError(
                    f"its part {name!r} is not an ONNX graph that can be run", where=where,
                    got=" ".join(str(error).split())[:200], next="Copy it again, or export it again",
                ) from None  # fmt: skip
            self._sessions[name] = (session, tuple(one.name for one in session.get_inputs()))

    def run(self, part: str, inputs: Sequence[NDArray[Any]]) -> Floats:
        """Inputs of a graph in its order → its first output, float32.

        Raises:
            ArtifactError: the graph does not take them.
        """
        session, names = self._sessions[part]
        fed = {name: np.asarray(one, np.float32, order="C") for name, one in zip(names, inputs, strict=True)}
        try:
            made: Floats = session.run(None, fed)[0]
        except Exception as error:
            text = " ".join(str(error).split())[:200]
            raise ArtifactError(f"its part {part!r} does not compute", where=self._where, got=text) from None
        return made


def _onnxruntime(where: object, what: str = "model") -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise MelpactError(
            f"an exported {what} runs on onnxruntime, which is not installed",
            where=where,
            next="pip install 'melpact[onnx]'",
        ) from None
    return onnxruntime


def narrowed(graph: bytes, dtype: str, operators: Sequence[str] = ("MatMul", "Conv")) -> bytes:
    """A graph of float32 with fewer bits per weight: "float16" throughout, or "int8" weights of some operators, whose inputs
    are then rounded to 8 bits as they come.

    Raises:
        ContractError: other numbers. MelpactError: a package is missing.
    """
    if dtype not in ("float16", "int8"):
        raise ContractError(
            "no exported network runs in these numbers", where="dtype", got=dtype, wanted="float32, float16 or int8",
            next="onnxruntime has no bfloat16 on the CPU; on torch: --dtype bfloat16" if dtype == "bfloat16" else None,
        )  # fmt: skip
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.transformers.float16 import convert_float_to_float16
    except ImportError:
        raise MelpactError("onnx or onnxruntime is not installed", next="pip install 'melpact[train,onnx]'") from None
    with TemporaryDirectory(prefix="melpact-") as folder, _quiet():
        wide, narrow = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        wide.write_bytes(graph)
        if dtype == "float16":
            half: bytes = convert_float_to_float16(str(wide), keep_io_types=True).SerializeToString()
            return half
        quantize_dynamic(wide, narrow, op_types_to_quantize=list(operators), weight_type=QuantType.QInt8)
        return narrow.read_bytes()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice that the quantiser writes into the root log."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
