"""A network as the bytes of an ONNX graph, any batch and any length. What it means is said by who asks."""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Mapping, Sequence

import onnx
import onnx.numpy_helper
import torch
from torch import nn

OPSET = 17
_FRAMES = 40


def exported(network: nn.Module, inputs: Sequence[str], channels: Mapping[str, int], metadata: Mapping[str, str]) -> bytes:
    """Trace `network` ([B, channels, T] or [B, T], … → [B, N]) into a graph.

    Args:
        inputs: names of its inputs, the mel first; they become the graph's.
        channels: of the inputs that have an axis of them; the others are [B, T].
        metadata: put into the graph's properties.
    """
    given = [
        torch.randn(2, channels[name], _FRAMES) if name in channels else torch.rand(2, _FRAMES) * 200 for name in inputs
    ]
    axes = {name: {0: "batch", given[i].ndim - 1: "frames"} for i, name in enumerate(inputs)}
    return traced(network, given, {**axes, "samples": {0: "batch", 1: "n_samples"}}, metadata)


def traced(
    network: nn.Module,
    given: Sequence[torch.Tensor],
    axes: Mapping[str, Mapping[int, str]],
    metadata: Mapping[str, str],
) -> bytes:
    """Trace a network into a graph.

    Args:
        given: examples of its inputs, in its order.
        axes: name → axes of any length, of every input in its order and, behind them, of the outputs.
        metadata: put into the graph's properties.
    """
    inputs, outputs = [*axes][: len(given)], [*axes][len(given) :]
    file = io.BytesIO()
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network.eval(), tuple(given), file, input_names=inputs, output_names=outputs,
                dynamic_axes={name: dict(dims) for name, dims in axes.items()}, opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    finally:
        quiet.setLevel(level)
    made = described(file.getvalue(), metadata)
    onnx.checker.check_model(onnx.load_from_string(made))
    return made


def examples(shapes: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    """Inputs to trace with."""
    return [torch.rand(*shape) for shape in shapes]


def described(graph: bytes, metadata: Mapping[str, str]) -> bytes:
    """The graph with these properties and no others."""
    model = onnx.load_from_string(graph)
    onnx.helper.set_model_props(model, dict(metadata))
    made: bytes = model.SerializeToString()
    return made


def weights_in(graph: bytes, operator: str) -> float:
    """Which part of a graph's weights is read by one kind of operator ("MatMul", "Conv")."""
    model = onnx.load_from_string(graph)
    sizes = {tensor.name: math.prod(tensor.dims) for tensor in model.graph.initializer}
    read = {name for node in model.graph.node if node.op_type == operator for name in node.input}
    return sum(size for name, size in sizes.items() if name in read) / max(1, sum(sizes.values()))


def in_half(graph: bytes, least: int = 4096) -> bytes:
    """The graph with its float32 weights of `least` numbers and more kept as float16, in half the room.

    They are cast back when the graph is loaded: it computes in float32 all the same. Smaller tensors stay: the tables of an
    inverse transform are among them, and rounded ones would put noise 60 dB below the loudest bin under every quiet one.
    """
    model = onnx.load_from_string(graph)
    kept, casts = [], []
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != "float32" or values.size < least:
            kept.append(tensor)
            continue
        name = f"{tensor.name}:float16"
        kept.append(onnx.numpy_helper.from_array(values.astype("float16"), name))
        casts.append(onnx.helper.make_node("Cast", [name], [tensor.name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    made: bytes = model.SerializeToString()
    return made
