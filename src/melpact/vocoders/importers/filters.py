"""Mel filters that a checkpoint holds beside its weights: evidence of the mel it was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import filterbank
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError

_TOLERANCE = 2e-3
"""Of the filters' peak: torchaudio's bins lie up to 9e-4 beside the definition's where the rate is odd."""


def check_filters(theirs: NDArray[Any], spec: MelSpec, name: str, where: Path) -> None:
    """Refuse a description whose filters are not those of the checkpoint.

    Args:
        theirs: [n_mels, bins]. name: the tensor's.

    Raises:
        ContractError.
    """
    bank = filterbank(spec)
    off = float(np.abs(theirs - bank).max() / bank.max()) if theirs.shape == bank.shape else np.inf
    if not off <= _TOLERANCE:
        raise ContractError(
            "the mel filters in the checkpoint are not those of the description",
            where=where,
            got=f"{name}, {theirs.shape[0]} filters of {theirs.shape[-1]} bins"
            + (f", {off:.2g} of the peak away" if np.isfinite(off) else ""),
            wanted=f"{spec.n_mels} filters of {spec.n_bins} bins, scale {spec.mel_scale}, norm {spec.mel_norm}, "
            f"{spec.f_min:g} to {spec.f_max:g} Hz at {spec.sample_rate} Hz",
            next="Take the configuration that belongs to the checkpoint",
        )
