"""Noise that is a pure function of seed and frame, so that a window holds the numbers that the whole holds there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_FRAMES = 256
"""Frames that are drawn together, from a generator of their own. Another number would be other noise."""


def noise(seed: int, first_frame: int, n_frames: int, n_mels: int) -> NDArray[np.float32]:
    """Standard normal numbers of the frames from `first_frame` on, float32 [n_mels, n_frames]."""
    if n_frames == 0:
        return np.zeros((n_mels, 0), np.float32)
    first, last = first_frame // BLOCK_FRAMES, (first_frame + n_frames - 1) // BLOCK_FRAMES
    blocks = [
        np.random.default_rng([seed, index]).standard_normal((BLOCK_FRAMES, n_mels), np.float32)
        for index in range(first, last + 1)
    ]
    begin = first_frame - first * BLOCK_FRAMES
    return np.ascontiguousarray(np.concatenate(blocks)[begin : begin + n_frames].T)
