"""Mirrored edges for inputs of any length, also inside an exported graph."""

from __future__ import annotations

import torch
from torch import Tensor


def mirrored(x: Tensor, edge: int) -> Tensor:
    """[..., N] → [..., edge + N + edge]: mirrored at the outermost values, which do not repeat.

    Where there is nothing left to mirror (N <= edge, where reflection is not defined) the farthest value is held.
    """
    if edge == 0:
        return x
    steps = torch.arange(edge, device=x.device)
    last = x.shape[-1] - 1
    left = (edge - steps).clamp(max=last)
    right = (last - 1 - steps).clamp(min=0)
    return torch.cat([x.index_select(-1, left), x, x.index_select(-1, right)], dim=-1)
