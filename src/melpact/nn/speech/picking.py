"""One of several levels, drawn from what a network holds likely: temperature, top-p, top-k, and what was worn out.

A pure function of tensors, so that an exported graph draws as torch does; chance comes in as numbers.
Sources: Holtzman et al. 2020, "The curious case of neural text degeneration", section 3.1 (top-p); Fan et al. 2018,
"Hierarchical neural story generation", section 5.1 (top-k).
"""

from __future__ import annotations

import torch
from torch import Tensor

_COLD = 1e-3


def picked(logits: Tensor, chance: Tensor, temperature: Tensor, top_p: Tensor, top_k: Tensor) -> Tensor:
    """One index of each row.

    Args:
        logits: [B, L].
        chance: [B], even in [0, 1).
        temperature: scalar; 0 gives the likeliest. top_p: the likeliest that hold this share together stay.
        top_k: so many of the likeliest stay; 0: all.

    Returns:
        int64 [B].
    """
    levels = logits.shape[1]
    ranked, order = torch.topk(logits, levels, dim=1)
    shares = torch.softmax(ranked / temperature.clamp(min=_COLD), 1)
    before = torch.cumsum(shares, 1) - shares
    rank = torch.arange(levels, device=logits.device).to(logits.dtype)
    kept = (before < top_p) & ((rank < top_k) | (top_k < 1)) & ((rank < 1) | (temperature >= _COLD))
    shares = shares * kept.to(shares.dtype)
    summed = torch.cumsum(shares, 1)
    index = (summed <= chance.unsqueeze(1) * summed[:, -1:]).to(torch.int64).sum(1, keepdim=True).clamp(max=levels - 1)
    index = torch.minimum(index, kept.to(torch.int64).sum(1, keepdim=True) - 1)
    return order.gather(1, index).squeeze(1)
