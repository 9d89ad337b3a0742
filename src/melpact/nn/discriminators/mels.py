"""The multi-scale discriminator of mels: pictures of bands and frames at several resolutions, and whose they should be.

Hinge objectives belong to it (`losses.adversarial`): no sigmoid at its end, spectral and no batch normalisation within.

Sources: several scales as Kumar et al. 2019, "MelGAN", section 2.2; the condition as an inner product with what the picture
comes to, Miyato and Koyama 2018, "cGANs with projection discriminator", equation 3; spectral normalisation, Miyato et al.
2018, "Spectral normalization for generative adversarial networks".
"""

from __future__ import annotations

from itertools import pairwise

from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.discriminators.judgement import Judgement, Norm, Stack, judged, normed


class MelDiscriminatorConfig(Record):
    """Sizes.

    Args:
        scales: how many; each sees the mel at half the resolution of the one before, in bands and frames.
        channels: of the first convolution, doubled by each of the `strided` ones that step by two.
        style: numbers of a voice's style; 0: it is not asked whose voice it is.
    """

    scales: PositiveInt = 2
    channels: PositiveInt = 24
    strided: PositiveInt = 3
    kernel_size: PositiveInt = 5
    style: NonNegativeInt = 0
    leaky_relu_slope: float = Field(default=0.2, ge=0, lt=1)
    norm: Norm = "spectral"

    @classmethod
    def small(cls) -> MelDiscriminatorConfig:
        """Sizes for tests."""
        return cls(channels=4, strided=2)


class MelDiscriminator(nn.Module):
    """Mels [B, n_mels, T], normalised, and styles [B, style] → `Judgement`, one part per scale."""

    def __init__(self, config: MelDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.parts = nn.ModuleList(self._stack(config) for _ in range(config.scales))
        wide = config.channels * 2**config.strided
        asked = config.scales if config.style else 0
        self.voices = nn.ModuleList(normed(nn.Linear(config.style, wide, bias=False), config.norm) for _ in range(asked))

    @staticmethod
    def _stack(config: MelDiscriminatorConfig) -> Stack:
        edge = config.kernel_size // 2
        widths = [config.channels * 2**i for i in range(config.strided + 1)]
        layers = [nn.Conv2d(1, widths[0], config.kernel_size, padding=edge)]
        layers += [nn.Conv2d(a, b, config.kernel_size, 2, edge) for a, b in pairwise(widths)]
        layers += [nn.Conv2d(widths[-1], widths[-1], 3, padding=1), nn.Conv2d(widths[-1], 1, 3, padding=1)]
        return Stack(layers, config.leaky_relu_slope, config.norm)

    def forward(self, mels: Tensor, styles: Tensor | None = None) -> Judgement:
        picture = mels.unsqueeze(1)
        parts: list[tuple[Tensor, list[Tensor]]] = []
        for index, part in enumerate(self.parts):
            logits, maps = part(picture)
            if styles is not None and self.voices:
                alike = (self.voices[index](styles) * maps[-2].mean((2, 3))).sum(1, keepdim=True)
                logits = logits + alike / maps[-2].shape[1] ** 0.5
            parts.append((logits, maps))
            picture = functional.avg_pool2d(picture, 2, ceil_mode=True)
        return judged(parts)
