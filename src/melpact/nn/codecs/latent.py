"""The latent of the waveform codec: finite scalar quantisation, and what each value costs after those before it.

Sources: Mentzer et al. 2024, "Finite Scalar Quantization: VQ-VAE Made Simple"; the distribution of a value is a logistic
one, integrated over its step (Salimans et al. 2017, "PixelCNN++", section 2.1).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

HIGHEST = 3
"""Values are the integers from -3 to 3."""
NARROWEST, WIDEST = -2.5, 1.0
"""Natural logarithms of a logistic distribution's scale."""
CENTRE = 4.0
"""Means lie within ± this."""


class Spread(NamedTuple):
    """Of each value: mean and natural logarithm of the scale."""

    mean: Tensor
    log_scale: Tensor


def quantised(free: Tensor) -> Tensor:
    """Any numbers → integers from -HIGHEST to HIGHEST; gradients pass as if nothing were rounded."""
    bounded = (HIGHEST + 0.49) * torch.tanh(free / HIGHEST)
    return bounded + (bounded.round() - bounded).detach()


class LatentPrior(nn.Module):
    """(values before [B, T, 2 * size], what else is known [B, T, context]) → `Spread` of the values [B, T, size]."""

    def __init__(self, size: int, context: int, width: int) -> None:
        super().__init__()
        self.size = size
        self.first = nn.Linear(2 * size + context, width)
        self.second = nn.Linear(width, width)
        self.out = nn.Linear(width, 2 * size)

    def forward(self, before: Tensor, known: Tensor) -> Spread:
        y = torch.relu(self.first(torch.cat([before, known], -1)))
        mean, scale = self.out(torch.relu(self.second(y))).float().chunk(2, -1)
        return Spread(mean.clamp(-CENTRE, CENTRE), scale.clamp(NARROWEST, WIDEST))


def bits(values: Tensor, said: Spread) -> Tensor:
    """What each value costs, in bits."""
    away, scale = values - said.mean, torch.exp(-said.log_scale)
    above, below = torch.sigmoid((away + 0.5) * scale), torch.sigmoid((away - 0.5) * scale)
    above = torch.where(values > HIGHEST - 0.5, torch.ones_like(above), above)
    below = torch.where(values < 0.5 - HIGHEST, torch.zeros_like(below), below)
    return -torch.log2((above - below).clamp(min=1e-5))


def before(values: Tensor) -> Tensor:
    """[B, T, size] → the two frames before each, [B, T, 2 * size]; zeros before the first."""
    frames = values.shape[1]
    return torch.cat([functional.pad(values, (0, 0, n, 0))[:, :frames] for n in (1, 2)], -1)
