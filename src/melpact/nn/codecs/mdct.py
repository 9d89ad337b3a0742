"""The modified discrete cosine transform, samples to coefficients and back, with a sine window.

Sources: Princen, Johnson and Bradley 1987, "Subband/transform coding using filter bank designs based on time domain
aliasing cancellation"; orthonormal, so that squared errors of coefficients are those of samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from melpact.audio.mdct import basis
from melpact.nn.mel_spectrum import Tables


class Mdct(Tables):
    """Samples [B, (T + 1) * bins] ↔ coefficients [B, T, bins].

    Args:
        bins: coefficients of a frame, and the hop in samples.
    """

    table: Tensor

    def __init__(self, bins: int) -> None:
        exact: NDArray[np.float64] = basis(bins)
        super().__init__(table=exact)
        self.bins = bins

    def forward(self, samples: Tensor) -> Tensor:
        return samples.unfold(-1, 2 * self.bins, self.bins) @ self.table

    def inverse(self, coefficients: Tensor) -> Tensor:
        """[B, T, bins] → the samples [B, (T - 1) * bins] that two frames make together: all but the first and last hop."""
        frames = coefficients @ self.table.T
        ahead, behind = frames[..., : self.bins], frames[..., self.bins :]
        whole: Tensor = (ahead[:, 1:] + behind[:, :-1]).flatten(1)
        return whole
