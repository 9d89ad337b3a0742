"""What a discriminator says, and the stack of convolutions that every one of them ends in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations

Norm = Literal["weight", "spectral", "none"]


class Judgement(NamedTuple):
    """Of each sub-discriminator, in order: its logits [B, positions] and its feature maps, the logits' last.

    Nothing is averaged: a loss takes the mean.
    """

    logits: list[Tensor]
    maps: list[list[Tensor]]


def normed(layer: nn.Module, norm: Norm) -> nn.Module:
    """A layer with weight normalisation (Salimans and Kingma 2016), spectral normalisation (Miyato et al. 2018) or none."""
    if norm == "none":
        return layer
    wrap: Callable[[nn.Module], nn.Module]
    wrap = parametrizations.weight_norm if norm == "weight" else parametrizations.spectral_norm
    return wrap(layer)


class Stack(nn.Module):
    """Convolutions with leaky ReLUs between them, the last without: x → (logits [B, positions], feature maps)."""

    def __init__(self, layers: Sequence[nn.Module], slope: float, norm: Norm) -> None:
        super().__init__()
        self.slope = slope
        self.layers = nn.ModuleList(normed(layer, norm) for layer in layers)

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps: list[Tensor] = []
        for layer in self.layers[:-1]:
            x = functional.leaky_relu(layer(x), self.slope)
            maps.append(x)
        x = self.layers[-1](x)
        return x.flatten(1), [*maps, x]


def judged(parts: Sequence[tuple[Tensor, list[Tensor]]]) -> Judgement:
    """What several sub-discriminators said, as one judgement."""
    return Judgement([logits for logits, _ in parts], [maps for _, maps in parts])
