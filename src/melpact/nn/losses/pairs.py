"""What every loss between two batches of samples asks of them."""

from __future__ import annotations

from torch import Tensor

from melpact.core.errors import ContractError


def same_shape(generated: Tensor, real: Tensor) -> None:
    """Refuse two batches of different shape, which would be stretched over each other.

    Raises:
        ContractError
    """
    if generated.shape != real.shape:
        raise ContractError(
            "generated samples and recording are not of one shape",
            got=f"{list(generated.shape)} and {list(real.shape)}",
            wanted="the same [B, N]",
        )
