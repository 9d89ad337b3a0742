"""Whether weights are those of a network, told in words before torch is asked. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import ContractError


def check_weights(title: str, weights: Mapping[str, NDArray[np.float32]], network: Any, where: object) -> None:
    """Refuse what `load_state_dict` would refuse.

    Args:
        title: what the network is called. network: a `torch.nn.Module`.

    Raises:
        ContractError: a tensor is missing, surplus, of another shape, or holds NaN or infinity.
    """
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    missing, surplus = sorted(set(wanted) - set(weights)), sorted(set(weights) - set(wanted))
    if missing or surplus:
        parts = [f"{len(names)} {word} ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})"
                 for names, word in ((missing, "missing"), (surplus, "surplus")) if names]  # fmt: skip
        raise ContractError(
            f"the weights are not those of a {title} of these sizes",
            where=where,
            got=", ".join(parts),
            wanted=f"{len(wanted)} tensors",
            next="Take the configuration that belongs to the checkpoint",
        )
    for name, shape in wanted.items():
        if weights[name].shape != shape:
            raise ContractError(
                f"the weights are not those of a {title} of these sizes",
                where=where,
                got=f"{name} of shape {list(weights[name].shape)}",
                wanted=f"{list(shape)}",
                next="Take the configuration that belongs to the checkpoint",
            )
        if not np.isfinite(weights[name]).all():
            raise ContractError("the weights hold values that are not numbers", where=where, got=name)
