"""A refiner's network with its inputs by position, without those that it does not take: as runtimes and graphs want it."""

from __future__ import annotations

from torch import Tensor, nn

from melpact.nn.refiners.mel_refiner import MelRefiner


class InOrder(nn.Module):
    """(x, cond, level[, f0][, voice]) → residual; which of the last two there are is the network's own."""

    def __init__(self, network: MelRefiner) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, cond: Tensor, level: Tensor, *more: Tensor) -> Tensor:
        sizes = self.network.config
        f0 = more[0] if sizes.f0 else None
        voice = more[-1] if sizes.voice_size else None
        residual: Tensor = self.network(x, cond, level, f0, voice)
        return residual
