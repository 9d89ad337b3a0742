"""The short-time Fourier transform of `MelSpectrogram`, of the losses and of the discriminators, with exact tables.

Padding of tensors lives here, too; what a mel does with a spectrum is in `mel`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from melpact.core.errors import AudioError, AudioTooShort

Mirror = Literal["reflect", "symmetric"]


class Tables(nn.Module):
    """A module with constant tables as buffers: outside the state dict, on the module's device, in its dtype.

    The tables are kept in float64, too, and made anew from there whenever the module's dtype changes: `.double()` of a
    module that was made in float32 has tables exact to float64. 16-bit floats are too coarse for a table and for a
    spectrum; a module in bfloat16 or float16 computes in float32 and gives float32.
    """

    def __init__(self, **tables: NDArray[np.float64]) -> None:
        super().__init__()
        self._exact = {name: np.array(table, np.float64) for name, table in tables.items()}
        for name, table in self._exact.items():
            self.register_buffer(name, torch.tensor(table, dtype=torch.get_default_dtype()), persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)
        for name, table in self._exact.items():
            moved = getattr(self, name)
            dtype = torch.float64 if moved.dtype == torch.float64 else torch.float32
            setattr(self, name, moved if moved.is_meta else torch.tensor(table, dtype=dtype, device=moved.device))
        return self


class Spectrum(Tables):
    """The windowed transform of frames, of a signal that is already padded.

    Args:
        window: [frame_length], float64; a frame shorter than `n_fft` is followed by zeros.
        n_fft: points of the transform.
        hop_length: samples from frame to frame.
    """

    window: Tensor

    def __init__(self, window: NDArray[np.float64], n_fft: int, hop_length: int) -> None:
        super().__init__(window=window)
        self.n_fft, self.hop_length = n_fft, hop_length
        self._wide: Tensor | None = None

    def frames(self, padded: Tensor) -> Tensor:
        """[B, N] → a view [B, frames, frame_length]."""
        return padded.unfold(-1, self.window.shape[0], self.hop_length)

    def transform(self, frames: Tensor) -> Tensor:
        """[B, frames, frame_length], in the module's dtype or in float64 → complex [B, n_fft / 2 + 1, frames]."""
        window = self.window if frames.dtype == self.window.dtype else self._wide_window(frames.device)
        return torch.fft.rfft(frames * window, self.n_fft).transpose(-1, -2)

    def _wide_window(self, device: torch.device) -> Tensor:
        if self._wide is None or self._wide.device != device:
            self._wide = torch.tensor(self._exact["window"], device=device)
        return self._wide

    def forward(self, padded: Tensor) -> Tensor:
        return self.transform(self.frames(padded))


class CentredSpectrum(Spectrum):
    """The transform with a periodic Hann window, as losses and discriminators use it.

    Args:
        n_fft: points of the transform.
        hop_length: samples from frame to frame.
        win_length: samples under the window, centred in the frame.
        same: mirror (n_fft - hop_length) / 2 samples at each end, so that every hop has a frame, instead of n_fft / 2.
    """

    def __init__(self, n_fft: int, hop_length: int, win_length: int, same: bool = False) -> None:
        left = (n_fft - win_length) // 2
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
        super().__init__(np.pad(hann, (left, n_fft - win_length - left)), n_fft, hop_length)
        self.edge = (n_fft - hop_length) // 2 if same else n_fft // 2

    def forward(self, samples: Tensor) -> Tensor:
        """[B, N] → complex [B, n_fft / 2 + 1, frames].

        Raises:
            AudioTooShort: N does not reach the mirrored edge.
        """
        x = batch_of_samples(samples, self.window.dtype)
        if x.shape[-1] <= self.edge:
            raise AudioTooShort(
                "the samples are too short for mirrored padding", got=x.shape[-1], wanted=f"more than {self.edge}"
            )
        with full_precision(x.device):
            return super().forward(padded(x, self.edge, self.edge, "reflect"))


def full_precision(device: torch.device) -> AbstractContextManager[object]:
    """A context that automatic mixed precision does not reach into."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)


def batch_of_samples(samples: Tensor, dtype: torch.dtype) -> Tensor:
    """Samples [B, N] in that dtype.

    Raises:
        AudioError: other axes, or integers, whose full scale nobody said.
    """
    if samples.ndim != 2 or not samples.is_floating_point():
        raise AudioError(
            "samples come as a batch of floats in [-1, 1]",
            got=f"{samples.dtype} {list(samples.shape)}",
            wanted="float32 or float64 [B, N]",
        )
    return samples.to(dtype)


def padded(x: Tensor, left: int, right: int, mirror: Mirror | None, value: float = 0.0) -> Tensor:
    """[B, N] → [B, left + N + right]: mirrored at the outermost sample ("reflect"), behind it ("symmetric"), or `value`."""
    if left == 0 and right == 0:
        return x
    if mirror is None:
        return nn.functional.pad(x, (left, right), value=value)
    skip, count = int(mirror == "reflect"), x.shape[-1]
    if max(left, right) + skip > count:
        turning = np.pad(np.arange(count), (left, right), mode=mirror)
        return x[..., torch.from_numpy(turning).to(x.device)]
    head = x[..., skip : skip + left].flip(-1)
    tail = x[..., count - skip - right : count - skip].flip(-1)
    return torch.cat([head, x, tail], dim=-1)


def finite_root(x: Tensor) -> Tensor:
    """√x of numbers ≥ 0, with gradient 0 instead of infinity where x is 0."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, torch.ones_like(x)).sqrt(), torch.zeros_like(x))
