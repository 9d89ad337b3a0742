"""Statistics that belong to a checkpoint: mean and scale of every band, for vocoders that take standardised mels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.foreign import describe
from melpact.core.errors import ContractError, MissingFact
from melpact.vocoders.importers import Request
from melpact.vocoders.importers.reading import Weights, folder_of


def statistics(request: Request, kept: Weights, n_mels: int) -> tuple[Path | str, NDArray[Any], NDArray[Any]]:
    """(where, mean, scale), each [n_mels]: from the named file, else beside the checkpoint, else from `kept` inside it.

    Raises:
        MissingFact: there are none. ContractError: of another number of bands, or not usable.
    """
    path = request.stats or next(
        (folder_of(request) / n for n in ("stats.h5", "stats.npy") if (folder_of(request) / n).is_file()), None
    )
    where: Path | str
    mean: NDArray[Any]
    scale: NDArray[Any]
    if path is None:
        if len(kept) != 2:
            raise MissingFact(
                "takes standardised mels, and its statistics are not there",
                where=request.path,
                wanted="stats.h5 or stats.npy beside it",
                next="Name them: --stats FILE. Without them it makes noise",
            )
        where, mean, scale = "the checkpoint", kept["mean"], kept["scale"]
    else:
        where, arrays = path, describe(path).arrays
        if "mean" in arrays and "scale" in arrays:
            mean, scale = arrays["mean"], arrays["scale"]
        else:
            rows = next(iter(arrays.values()), np.zeros(0))
            if rows.ndim != 2 or rows.shape[0] != 2:
                raise ContractError(
                    "are no statistics", where=path, got=", ".join(arrays), wanted="mean and scale, or two rows"
                )
            mean, scale = rows[0], rows[1]
    if mean.shape != (n_mels,) or scale.shape != (n_mels,):
        raise ContractError(
            "the statistics are of another number of bands", where=where, got=list(mean.shape), wanted=f"[{n_mels}]"
        )
    if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):
        raise ContractError("the statistics are not usable: scales must be positive numbers", where=where)
    return where, mean, scale
