"""Generator and reference encoder as one network, which a graph can hold: each has inputs and an output of its own."""

from __future__ import annotations

from torch import Tensor, nn

from melpact.nn.converters.voice_changer import Converting


class Both(nn.Module):
    """(content, moved, picked, pitch, energy, style; mels, sounds) → what the generator makes of the first six, and the
    style that the reference encoder takes from the last two."""

    def __init__(self, network: Converting) -> None:
        super().__init__()
        self.changer, self.reference = network.changer, network.reference

    def forward(
        self,
        content: Tensor,
        moved: Tensor,
        picked: Tensor,
        pitch: Tensor,
        energy: Tensor,
        style: Tensor,
        mels: Tensor,
        sounds: Tensor,
    ) -> tuple[Tensor, Tensor]:
        return self.changer(content, moved, picked, pitch, energy, style), self.reference(mels, sounds)
