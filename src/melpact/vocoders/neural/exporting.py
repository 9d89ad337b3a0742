"""A vocoder as an ONNX graph that says what mel it takes: written here, run by `graph` without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from melpact.contract.artifact import replacing
from melpact.core.errors import ContractError, MelpactError
from melpact.core.records import canonical_json
from melpact.vocoders.neural.vocoder import NeuralVocoder

KEY = "melpact"
SCHEMA = 1
_ENOUGH = 0.5
"""Part of the weights in matrices from which convolutions stay as they are: in 8 bits onnxruntime runs them slower."""


Losses = Callable[[NeuralVocoder], Mapping[str, float]]
"""Measures what an exported vocoder in fewer bits loses."""


def export(
    maker: NeuralVocoder, path: str | Path, dtype: str = "float32", losses: Losses | None = None, *, half: bool = False
) -> Path:
    """Write the network as a graph of any batch and any length, with its description in the metadata; returns the path.

    Args:
        dtype: "float32"; "float16" (half the size); "int8" (a quarter: multiplications of matrices in 8 bits, and
            convolutions, too, where most weights are theirs).
        losses: measures what fewer bits cost; kept in the file, under "numbers" of its provenance.
        half: keep the weights as float16 and compute in float32 (for dtype "float32").

    Raises:
        ContractError: it runs from an exported graph already, or other numbers. MelpactError: a package is missing.
    """
    from melpact.nn.onnx_runtime import narrowed
    from melpact.nn.torch_runtime import TorchRuntime
    from melpact.vocoders.neural.graph import load

    runtime = maker.runtime
    if not isinstance(runtime, TorchRuntime) or runtime.dtype != "float32" or runtime.device != "cpu":
        raise ContractError("only a vocoder on torch, in float32 on the cpu, can be exported", where=path)
    try:
        import melpact.nn.onnx_export as exporter
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    said = {KEY: canonical_json(_facts(maker, {}))}
    channels = {"mel": maker.spec.n_mels, "noise": maker.noise_channels, "start": 2 * (maker.spec.n_fft // 2 + 1)}
    graph = exporter.exported(runtime.network, maker.inputs, channels, said)
    if half and dtype == "float32":
        graph = exporter.described(exporter.in_half(graph), said)
    if dtype != "float32":
        operators = ("MatMul",) if exporter.weights_in(graph, "MatMul") > _ENOUGH else ("MatMul", "Conv")
        narrow = exporter.described(narrowed(graph, dtype, operators), said)
        numbers: dict[str, Any] = {"dtype": dtype}
        if losses is not None:
            with TemporaryDirectory(prefix="melpact-") as folder:
                trial = Path(folder) / "trial.onnx"
                trial.write_bytes(narrow)
                numbers |= losses(load(trial))
        graph = exporter.described(narrow, {KEY: canonical_json(_facts(maker, {"numbers": numbers}))})
    with replacing(path) as file:
        file.write(graph)
    return Path(path)


def _facts(maker: NeuralVocoder, more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "vocoder", "schema": SCHEMA, "spec": maker.spec.facts(), "family": maker.family, "sizes": dict(maker.config),
        "hop_length": maker.hop_length, "receptive_field": list(maker.receptive_field), "inputs": list(maker.inputs),
        "noise_channels": maker.noise_channels,
        "layout": maker.layout, "provenance": {**maker.provenance, **more}, "n_weights": maker.n_weights,
    }  # fmt: skip
