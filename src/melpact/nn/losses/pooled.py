"""The multi-resolution distance of mels: mean absolute differences of values, of their slopes, and of local means."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor
from torch.nn import functional

SCALES = ((2, 1), (4, 2), (8, 4))
"""Frames and bands that are taken together."""


class PooledDistance(NamedTuple):
    """Scalars, 0 on identical mels."""

    value: Tensor
    slope: Tensor
    pooled: Tensor


def pooled_distance(made: Tensor, true: Tensor, weights: Tensor | None = None) -> PooledDistance:
    """Of mels [B, T, n_mels].

    `value` is the mean of |made - true|, `slope` that of the differences between neighbouring frames and bands, `pooled` the
    mean over `SCALES` of that of local means: what a pointwise error leaves of a slow offset weighs there as at any scale.
    The idea of several resolutions is that of Kumar et al. 2023, "High-Fidelity Audio Compression with Improved RVQGAN",
    section "Loss functions", on the mel in place of the sound.

    Args:
        weights: of each value, of the mels' shape and with mean 1.
    """
    away = made - true
    heard = away if weights is None else away * weights
    slope = 0.5 * (away.diff(dim=1).abs().mean() + away.diff(dim=2).abs().mean())
    means = [functional.avg_pool2d(heard.unsqueeze(1), scale, ceil_mode=True).abs().mean() for scale in SCALES]
    return PooledDistance(heard.abs().mean(), slope, sum(means[1:], means[0]) / len(means))
