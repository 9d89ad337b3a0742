"""A waveform codec from its file, on torch, or on the graph that lies beside it, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.artifact import replacing
from melpact.core.errors import ContractError, MelpactError, NotAnArtifact
from melpact.core.records import canonical_json
from melpact.models.codec.waveform.codec import WaveformCodec
from melpact.models.codec.waveform.facts import (
    KIND,
    LEARNT,
    NETWORK,
    SUFFIX,
    Facts,
    Tensors,
    fingerprint,
    read,
    whole_numbers,
    write,
)
from melpact.models.codec.waveform.steps import TOGETHER
from melpact.nn.onnx_runtime import OnnxRuntime, told
from melpact.nn.running import Floats

GRAPH = ".onnx"
KEY, SCHEMA = "melpact", 1
ENCODES, DECODES = ("coefficients", "quantised"), ("coded", "latent")
MADE, FILLED = "made", "filled"
_FRAMES = 20


def made(
    name: str, sizes: Mapping[str, Any], prior_sizes: Mapping[str, Any], network: Tensors, prior: Tensors,
    provenance: Mapping[str, Any],
) -> tuple[Facts, dict[str, NDArray[Any]]]:  # fmt: skip
    """Facts and tensors of a trained codec: weights as float16, what is expected as whole numbers.

    Raises:
        ContractError: a network that is told side streams, for which packets have no place.
    """
    if sizes.get("side"):
        raise ContractError("packets carry no side streams", where=name, got=f"side = {sizes['side']}", wanted="0",
                            next="Train it without: --set side=[]")  # fmt: skip
    half: dict[str, NDArray[Any]] = {NETWORK + key: np.asarray(value).astype(np.float16) for key, value in network.items()}
    tensors: dict[str, NDArray[Any]] = {**half, **whole_numbers(network, prior, int(sizes["bins"]) // int(sizes["bands"]))}
    tensors |= {LEARNT + key: np.asarray(value, np.float32) for key, value in prior.items()}
    return Facts(name, dict(sizes), dict(prior_sizes), fingerprint(tensors), {}, dict(provenance)), tensors


def load(path: str | Path, sample_rate: int = 16000, *, threads: int = 1, torch: bool = False) -> WaveformCodec:
    """A codec from its file; its networks run as the graph beside it where there is one.

    Args:
        path: NAME.codec; NAME.onnx is looked for beside it.
        threads: of onnxruntime. torch: run on torch in any case.

    Raises:
        ArtifactError: unreadable, not a whole codec, or a graph of another one. ContractError: no such sample rate.
        MelpactError: a package is missing.
    """
    facts, tensors = read(path)
    graph = Path(path).with_suffix(GRAPH)
    if graph.exists() and not torch:
        runtime = OnnxRuntime(graph, threads, what="codec")
        said = told(runtime, KEY, KIND, SCHEMA, "which codec it is")
        if said.get("fingerprint") != facts.fingerprint:
            raise NotAnArtifact("is the graph of another codec", where=graph, got=said.get("fingerprint"),
                                wanted=facts.fingerprint, next="Export it again")  # fmt: skip
        encodes, decodes = _Half(runtime, facts, ENCODES, MADE), _Half(runtime, facts, DECODES, FILLED)
        return WaveformCodec(facts, tensors, encodes, decodes, sample_rate)
    network = _network(facts, tensors, path)
    from melpact.nn.codecs.parts import Decodes, Encodes
    from melpact.nn.torch_runtime import TorchRuntime

    return WaveformCodec(facts, tensors, TorchRuntime(Encodes(network)), TorchRuntime(Decodes(network)), sample_rate)


def save(path: str | Path, facts: Facts, tensors: Tensors) -> tuple[Path, Path]:
    """Write the file, and the graph beside it; returns both paths.

    Raises:
        ContractError: a name that does not end in .codec. MelpactError: a package is missing.
    """
    where = Path(path)
    if where.suffix != SUFFIX:
        raise ContractError("a codec's file is called NAME.codec", got=where.name)
    try:
        import melpact.nn.onnx_export as exporter
        from melpact.nn.codecs.parts import Both
    except ImportError:
        raise MelpactError("onnx is not installed", where=path, next="pip install 'melpact[train]'") from None
    network = _network(facts, tensors, path)
    frames, pairs = {0: "batch", 1: "frames"}, {0: "batch", 1: "pairs"}
    axes: dict[str, dict[int, str]] = {
        **dict.fromkeys(ENCODES, frames), DECODES[0]: {0: "batch", 1: "coded_frames"},
        DECODES[1]: {0: "batch", 1: "coded_pairs"}, MADE: pairs, FILLED: {0: "batch", 1: "coded_frames"},
    }  # fmt: skip
    bins, size = facts.bins, facts.latent_size
    shapes = [(1, _FRAMES, bins)] * 2 + [(1, 2 * _FRAMES, bins), (1, _FRAMES, size)]
    said = {KEY: canonical_json({"kind": KIND, "schema": SCHEMA, "fingerprint": facts.fingerprint})}
    graph = exporter.traced(Both(network), exporter.examples(shapes), axes, said)
    write(where, facts, tensors)
    with replacing(where.with_suffix(GRAPH)) as file:
        file.write(exporter.described(exporter.in_half(graph), said))
    return where, where.with_suffix(GRAPH)


class _Half:
    """One half of a graph; the other gets the shortest inputs that it takes."""

    name, in_batches = OnnxRuntime.name, OnnxRuntime.in_batches

    def __init__(self, whole: OnnxRuntime, facts: Facts, inputs: tuple[str, ...], output: str) -> None:
        frames = np.zeros((1, TOGETHER, facts.bins), np.float32)
        every = {
            **dict.fromkeys((*ENCODES, DECODES[0]), frames),
            DECODES[1]: np.zeros((1, 1, facts.latent_size), np.float32),
        }
        self._other = {name: value for name, value in every.items() if name not in inputs}
        self._whole, self._inputs, self._output = whole, inputs, output

    def run(self, inputs: Sequence[Floats]) -> Floats:
        """Its inputs of one batch, in order → float32 [B, …]."""
        return self._whole.computed(self._output, {**dict(zip(self._inputs, inputs, strict=True)), **self._other})


def _network(facts: Facts, tensors: Tensors, where: object) -> Any:
    try:
        from melpact.nn.codecs.parts import network
    except ImportError:
        raise MelpactError("a codec without its graph runs on torch, which is not installed", where=where,
                           next="pip install 'melpact[torch]'") from None  # fmt: skip
    weights = {name[len(NETWORK) :]: value for name, value in tensors.items() if name.startswith(NETWORK)}
    try:
        return network(facts.sizes, weights)
    except (ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:160]
        raise NotAnArtifact("its weights do not fit its sizes", where=where, got=said) from None
