"""The one-dimensional ConvNeXt block: depthwise convolution, layer norm, pointwise expansion, scaled residual.

Sources: Liu et al., "A ConvNet for the 2020s" (2022), section 2; its one-dimensional form in Siuzdak, "Vocos" (2023),
section 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

KERNEL_SIZE = 7
EPS = 1e-6


class ConvNeXtBlock(nn.Module):
    """x + γ · W2 gelu(W1 norm(depthwise(x))), [B, dim, T] → [B, dim, T]."""

    def __init__(self, dim: int, intermediate_dim: int, layer_scale: float) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(dim, dim, KERNEL_SIZE, padding=KERNEL_SIZE // 2, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.pwconv1 = nn.Linear(dim, intermediate_dim)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(intermediate_dim, dim)
        self.gamma = nn.Parameter(torch.full((dim,), layer_scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.dwconv(x).transpose(1, 2))
        y = self.gamma * self.pwconv2(self.act(self.pwconv1(y)))
        return x + y.transpose(1, 2)
