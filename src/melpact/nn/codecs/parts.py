"""The halves of a waveform codec's network as runtimes and graphs want them: inputs by position, one output each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from melpact.nn.codecs.latent import quantised
from melpact.nn.codecs.waveform import WaveformCodecNetwork, WaveformConfig


def network(sizes: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> WaveformCodecNetwork:
    """The network of a file.

    Raises:
        ValueError, RuntimeError: sizes that are none, or weights that do not fit them.
    """
    made = WaveformCodecNetwork(WaveformConfig(**sizes))
    made.load_state_dict({name: torch.from_numpy(np.asarray(value, np.float32).copy()) for name, value in weights.items()})
    return made.eval()


class Encodes(nn.Module):
    """(coefficients in steps [B, T, bins], the same as quantised) → latent, whole numbers [B, T / 2, size]."""

    def __init__(self, network: WaveformCodecNetwork) -> None:
        super().__init__()
        self.encoder = network.encoder

    def forward(self, coefficients: Tensor, coded: Tensor) -> Tensor:
        return quantised(self.encoder(coefficients, coded))


class Decodes(nn.Module):
    """(quantised coefficients [B, T, bins], latent [B, T / 2, size]) → how far below, noise and what is added, one behind
    the other, [B, T, 3 * bins]."""

    def __init__(self, network: WaveformCodecNetwork) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(self, coded: Tensor, latent: Tensor) -> Tensor:
        return torch.cat(list(self.decoder(coded, latent)), 2)


class Both(nn.Module):
    """Both at once, for a graph of which one half or the other is run."""

    def __init__(self, network: WaveformCodecNetwork) -> None:
        super().__init__()
        self.encodes, self.decodes = Encodes(network), Decodes(network)

    def forward(self, coefficients: Tensor, quantised: Tensor, coded: Tensor, latent: Tensor) -> tuple[Tensor, Tensor]:
        return self.encodes(coefficients, quantised), self.decodes(coded, latent)
