"""The same analysis for FFT sizes without codelets (a prime factor above 7): scipy's FFT over blocks of frames.

Each frame is computed alone, so its bits do not depend on its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from melpact.features.lanes import LanePlan

_BLOCK_FRAMES = 64


class FallbackEngine:
    """Drop-in for `LaneEngine`, float64 inside."""

    def __init__(self, plan: LanePlan) -> None:
        self._plan = plan
        self._window = np.asarray(plan.window, np.float64)
        self._bank = np.asarray(plan.bank, np.float64)

    def run(
        self,
        padded: NDArray[np.float32],
        n_frames: int,
        out: NDArray[np.float32],
        threads: int = 1,
        rest: NDArray[np.float32] | None = None,
    ) -> None:
        """See `LaneEngine.run`; `threads` is accepted and not used.

        Raises:
            AxisError: unusable arrays.
        """
        from scipy.fft import rfft

        from melpact.features.lanes import check_arrays

        plan = self._plan
        check_arrays(plan, padded, n_frames, out, rest)
        if n_frames == 0:
            return
        view, beyond = (
            np.lib.stride_tricks.sliding_window_view(samples, plan.frame_length)[:: plan.hop_length]
            for samples in (padded, padded if rest is None else rest)
        )
        for first in range(0, n_frames, _BLOCK_FRAMES):
            last = min(first + _BLOCK_FRAMES, n_frames)
            frames = view[first:last].astype(np.float64)
            if rest is not None:
                frames += beyond[first:last]
            if plan.remove_dc:
                frames -= frames.mean(axis=1, keepdims=True)
            if plan.frame_preemphasis:
                frames -= plan.frame_preemphasis * np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
            transform = rfft(frames * self._window, plan.n_fft, axis=1)
            spectrum = transform.real**2 + transform.imag**2
            if plan.epsilon_kind == "inside":
                spectrum += plan.epsilon
            elif plan.epsilon_kind == "clamp":
                np.maximum(spectrum, plan.epsilon, out=spectrum)
            if plan.power == 1:
                spectrum = np.sqrt(spectrum)
            if plan.epsilon_kind == "outside":
                spectrum += plan.epsilon
            mel = np.einsum("mk,tk->mt", self._bank, spectrum)
            if plan.floor_kind == "clamp":
                np.maximum(mel, plan.floor, out=mel)
            elif plan.floor_kind == "add":
                mel += plan.floor
            if plan.log_gain is not None:
                with np.errstate(divide="ignore"):  # ln(0) is -inf where there is no floor
                    mel = plan.log_gain * np.log(mel) - plan.shift
            out[:, first:last] = mel * plan.scale + plan.offset
