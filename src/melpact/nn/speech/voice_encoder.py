"""The network that tells voices apart: windows of a mel to a vector of unit length, near that of the same voice.

Its layers and names are those of the published weights that it is loaded with, which anyone may use (Apache-2.0).
Source: Wan et al. 2018, "Generalized end-to-end loss for speaker verification", section 3; the weights of `resemblyzer`.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

WINDOW_FRAMES = 160
BANDS, SIZE, LAYERS = 40, 256, 3


class VoiceEncoder(nn.Module):
    """Windows of a mel [B, WINDOW_FRAMES, BANDS], powers without a logarithm → [B, SIZE] of length 1, no number below 0."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, SIZE, LAYERS, batch_first=True)
        self.linear = nn.Linear(SIZE, SIZE)

    def forward(self, windows: Tensor) -> Tensor:
        made, _ = self.lstm(windows)
        return functional.normalize(functional.relu(self.linear(made[:, -1])), dim=1)


def published(path: str | Path) -> VoiceEncoder:
    """The network with the weights of resemblyzer's `pretrained.pt`; keys that training alone needed are left out."""
    network = VoiceEncoder()
    found = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    network.load_state_dict({name: value for name, value in found.items() if name in network.state_dict()})
    return network.eval()


def graph(network: VoiceEncoder) -> bytes:
    """It as an ONNX graph of any number of windows, weights as float16."""
    import melpact.nn.onnx_export as exporter

    axes = {"windows": {0: "batch"}, "voice": {0: "batch"}}
    return exporter.in_half(exporter.traced(network, [torch.rand(2, WINDOW_FRAMES, BANDS)], axes, {}))
