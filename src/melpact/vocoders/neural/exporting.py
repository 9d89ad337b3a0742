"""A vocoder as an ONNX graph that says what mel it takes: written here, run by `onnx_runtime` without torch."""

from __future__ import annotations

from pathlib import Path

from melpact.contract.artifact import replacing
from melpact.core.errors import ContractError, MelpactError
from melpact.core.records import canonical_json
from melpact.vocoders.neural.vocoder import NeuralVocoder

KEY = "melpact"
SCHEMA = 1


def export(maker: NeuralVocoder, path: str | Path) -> Path:
    """Write the network as a graph of any batch and any length, with its description in the metadata; returns the path.

    Raises:
        ContractError: it runs from an exported graph already. MelpactError: the package onnx is missing.
    """
    from melpact.nn.torch_runtime import TorchRuntime

    runtime = maker.runtime
    if not isinstance(runtime, TorchRuntime) or runtime.dtype != "float32" or runtime.device != "cpu":
        raise ContractError("only a vocoder on torch, in float32 on the cpu, can be exported", where=path)
    try:
        import melpact.nn.onnx_export as exporter
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    facts = {
        "kind": "vocoder", "schema": SCHEMA, "spec": maker.spec.facts(), "family": maker.family, "sizes": dict(maker.config),
        "hop_length": maker.hop_length, "receptive_field": list(maker.receptive_field), "inputs": list(maker.inputs),
        "noise_channels": maker.noise_channels,
        "layout": maker.layout, "provenance": dict(maker.provenance), "n_weights": maker.n_weights,
    }  # fmt: skip
    said = {KEY: canonical_json(facts)}
    channels = {"mel": maker.spec.n_mels, "noise": maker.noise_channels, "start": 2 * (maker.spec.n_fft // 2 + 1)}
    graph = exporter.exported(runtime.network, maker.inputs, channels, said)
    with replacing(path) as file:
        file.write(graph)
    return Path(path)
