"""The one-dimensional ConvNeXt block whose normalised values a condition scales and shifts.

Sources: the block is that of Siuzdak 2023, "Vocos", section 3.2; the modulation by scale and shift that of Perez et al.
2018, "FiLM: Visual reasoning with a general conditioning layer", section 2, on the normalised values as in Peebles and Xie
2023, "Scalable diffusion models with transformers", section 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from melpact.nn.blocks.convnext import EPS


class ModulatedBlock(nn.Module):
    """x + γ · W2 gelu(W1 (norm(depthwise(x)) · (1 + scale) + shift)), [B, T, width]; scale and shift [B, 1, width]."""

    def __init__(self, width: int, inside: int, layer_scale: float, kernel_size: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(width, width, kernel_size, padding=kernel_size // 2, groups=width)
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.pwconv1 = nn.Linear(width, inside)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(inside, width)
        self.gamma = nn.Parameter(torch.full((width,), layer_scale))

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        y = self.norm(self.dwconv(x.transpose(1, 2)).transpose(1, 2))
        y = self.pwconv2(self.act(self.pwconv1(y * (1 + scale) + shift)))
        return x + self.gamma * y
