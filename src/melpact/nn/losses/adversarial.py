"""Least-squares and hinge objectives over the logits of several discriminators.

Logits are lists, one tensor of any shape per discriminator; each counts by its mean, and the discriminators are summed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from melpact.core.errors import ContractError


def least_squares_discriminator(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """Σ E[(D(x) - 1)²] + E[D(G)²]; 0 where every real logit is 1 and every generated one 0.

    Source: Mao et al. 2017, "Least Squares Generative Adversarial Networks", equation 2, without its factor 1/2, as in
    Kong, Kim and Bae 2020, "HiFi-GAN", equation 1.

    Args:
        real: logits of the recording.
        generated: logits of the generator's (detached) samples.

    Raises:
        ContractError: not as many of one as of the other, or none.
    """
    _same_count(real, generated)
    return _sum([(r - 1).square().mean() + g.square().mean() for r, g in zip(real, generated, strict=True)])


def least_squares_generator(generated: Sequence[Tensor]) -> Tensor:
    """Σ E[(D(G) - 1)²]; 0 where every logit is 1.

    Source: HiFi-GAN, equation 2 (Mao et al. 2017, equation 2, without its factor 1/2).
    """
    return _sum([(g - 1).square().mean() for g in generated])


def hinge_discriminator(real: Sequence[Tensor], generated: Sequence[Tensor]) -> Tensor:
    """Σ E[max(0, 1 - D(x))] + E[max(0, 1 + D(G))]; 0 where real logits reach 1 and generated ones -1.

    Source: Lim and Ye 2017, "Geometric GAN", section 3; Kumar et al. 2019, "MelGAN", equation 1 (which writes min for max).

    Raises:
        ContractError: not as many of one as of the other, or none.
    """
    _same_count(real, generated)
    parts = [functional.relu(1 - r).mean() + functional.relu(1 + g).mean() for r, g in zip(real, generated, strict=True)]
    return _sum(parts)


def hinge_generator(generated: Sequence[Tensor]) -> Tensor:
    """Σ E[-D(G)], without a lower bound: it is minus the logits.

    Source: Lim and Ye 2017, "Geometric GAN", section 3; MelGAN, equation 2.
    """
    return _sum([-g.mean() for g in generated])


def _sum(parts: list[Tensor]) -> Tensor:
    if not parts:
        raise ContractError("there are no logits to judge by", wanted="one tensor per discriminator")
    return torch.stack(parts).sum()


def _same_count(real: Sequence[Tensor], generated: Sequence[Tensor]) -> None:
    if len(real) != len(generated):
        raise ContractError(
            "real and generated logits come from different discriminators",
            got=f"{len(real)} and {len(generated)}",
            wanted="as many of each",
        )
