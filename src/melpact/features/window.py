"""Analysis windows in float64, and the bound that a window puts on an STFT."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec


@lru_cache(maxsize=64)
def _window(kind: str, length: int, periodic: bool) -> NDArray[np.float64]:
    n = np.arange(length)
    denominator = max(length if periodic else length - 1, 1)
    turn = 2 * np.pi * n / denominator
    if kind == "ones":
        w = np.ones(length)
    elif kind == "hamming":
        w = 0.54 - 0.46 * np.cos(turn)
    elif kind == "blackman":
        w = 0.42 - 0.5 * np.cos(turn) + 0.08 * np.cos(2 * turn)
    else:
        w = 0.5 - 0.5 * np.cos(turn)
        if kind == "povey":
            w = w**0.85
    w.flags.writeable = False
    return w


def window(spec: MelSpec) -> NDArray[np.float64]:
    """The window as one frame sees it: float64 [frame_length], zero-padded on both sides where it is centred in n_fft."""
    w = _window(spec.window, spec.win_length, spec.window_periodic)
    if spec.frame_length == spec.win_length:
        return w
    left = (spec.n_fft - spec.win_length) // 2
    return np.pad(w, (left, spec.n_fft - spec.win_length - left))


def stft_bound(spec: MelSpec) -> float:
    """The largest |STFT| of any signal in [-1, 1]: the sum of the window times the waveform scale.

    Reached by a constant signal at bin 0; a full-scale sine reaches half of it.
    """
    return float(window(spec).sum()) * spec.waveform_scale
