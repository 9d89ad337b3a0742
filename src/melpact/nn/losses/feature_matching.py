"""The distance between what discriminators see in a recording and in the generator's samples."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from melpact.core.errors import ContractError


def feature_matching(real: Sequence[Sequence[Tensor]], generated: Sequence[Sequence[Tensor]]) -> Tensor:
    """Σ over discriminators and layers of the mean absolute difference of their feature maps; 0 on identical maps.

    No gradient flows into the recording's side. HiFi-GAN weighs it by 2 beside the generator's objective.

    Source: Kumar et al. 2019, "MelGAN", equation 3; Kong, Kim and Bae 2020, "HiFi-GAN", equation 4.

    Args:
        real: feature maps of the recording, a list per discriminator.
        generated: those of the generator's samples, of the same shapes.

    Raises:
        ContractError: the two do not have the same discriminators, layers and shapes, or there are none.
    """
    shapes = [[[tuple(m.shape) for m in maps] for maps in side] for side in (real, generated)]
    if shapes[0] != shapes[1] or not any(shapes[0]):
        raise ContractError(
            "the feature maps do not come from the same layers on sounds of one length",
            got=f"{shapes[0]} and {shapes[1]}",
            wanted="the same shapes on both sides",
        )
    pairs = [(r, g) for ours, theirs in zip(real, generated, strict=True) for r, g in zip(ours, theirs, strict=True)]
    return torch.stack([(r.detach() - g).abs().mean() for r, g in pairs]).sum()
