"""A network as the bytes of an ONNX graph, any batch and any length. What it means is said by who asks."""

from __future__ import annotations

import io
import logging
import math
import warnings
from collections.abc import Mapping, Sequence

import onnx
import torch
from torch import nn

OPSET = 17
_FRAMES = 40


def exported(
    network: nn.Module, inputs: Sequence[str], n_mels: int, metadata: Mapping[str, str], noise_channels: int = 0
) -> bytes:
    """Trace `network` ([B, n_mels, T], and [B, noise_channels, T] "noise", else [B, T] → [B, N]) into a graph.

    Args:
        inputs: names of its inputs, the mel first; they become the graph's.
        metadata: put into the graph's properties.
    """
    made_up = {"mel": torch.randn(2, n_mels, _FRAMES), "noise": torch.randn(2, noise_channels, _FRAMES)}
    given = [made_up.get(name, torch.rand(2, _FRAMES) * 200) for name in inputs]
    axes = {name: {0: "batch", given[i].ndim - 1: "frames"} for i, name in enumerate(inputs)}
    file = io.BytesIO()
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network.eval(), tuple(given), file, input_names=list(inputs), output_names=["samples"],
                dynamic_axes={**axes, "samples": {0: "batch", 1: "n_samples"}}, opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    finally:
        quiet.setLevel(level)
    made = described(file.getvalue(), metadata)
    onnx.checker.check_model(onnx.load_from_string(made))
    return made


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
