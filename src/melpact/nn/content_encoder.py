"""The network that says what is spoken: a mel to features that are much the same whoever speaks.

What its input is divided by, what it learns from and what its features are used for is not known here.

Sources: distilling a recogniser's encoder into speech units for conversion as van Niekerk et al. 2022, "A comparison of
discrete and soft speech units for improved voice conversion", section 2; the block is that of Siuzdak 2023, "Vocos",
section 3.2.
"""

from __future__ import annotations

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.blocks.convnext import KERNEL_SIZE, ConvNeXtBlock
from melpact.nn.blocks.reach import samples_of_frame

STRIDE = 2
"""Frames that the network computes as one step."""
STEM_KERNEL, STEM_PADDING = 4, 1
INIT_STD = 0.02


class ContentEncoderConfig(Record):
    """Sizes.

    Args:
        size: features of a frame. width: channels of every block. blocks: how many. expansion: by which a block widens them
            inside.
    """

    n_mels: PositiveInt
    size: PositiveInt = 96
    width: PositiveInt = 192
    blocks: PositiveInt = 6
    expansion: float = Field(default=3.0, gt=0)


class ContentEncoder(nn.Module):
    """Centred mel [B, n_mels, T], about of variance 1 → features [B, size, T], in steps of two frames from the first on."""

    def __init__(self, config: ContentEncoderConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.stem = nn.Conv1d(config.n_mels, width, STEM_KERNEL, stride=STRIDE, padding=STEM_PADDING)
        self.stem_norm = nn.LayerNorm(width, eps=1e-6)
        inside = round(width * config.expansion)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, inside, 1 / config.blocks) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.out = nn.Linear(width, STRIDE * config.size)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=INIT_STD)
                nn.init.zeros_(module.bias)

    def forward(self, mel: Tensor) -> Tensor:
        frames = mel.shape[2]
        x = self.stem(torch.nn.functional.pad(mel, (0, 1)))
        x = self.stem_norm(x.transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        made: Tensor = self.out(self.norm(x.transpose(1, 2)))
        return made.reshape(made.shape[0], -1, self.config.size).transpose(1, 2)[:, :, :frames]


def receptive_field(config: ContentEncoderConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame of any place depends on, at most."""
    left, right = 0, 0
    for at in range(STRIDE):
        first, last = samples_of_frame(1)
        span = type(samples_of_frame(1))(first + at, last + at).held(STRIDE)
        for _ in range(config.blocks):
            span = span.conv(KERNEL_SIZE)
        span = span.conv(STEM_KERNEL, stride=STRIDE, padding=STEM_PADDING)
        left, right = max(left, first + at - span.first), max(right, span.last - first - at)
    return left, right
