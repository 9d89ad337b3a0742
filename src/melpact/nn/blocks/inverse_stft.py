"""The inverse short-time Fourier transform as matrix products and shifted sums, so that a graph can hold it.

No complex numbers and no library transform: the layer exports to ONNX with a dynamic length. A sample depends only on the
frames over it. Long transforms are two rounds of short ones (Cooley and Tukey 1965), an eighth of the arithmetic at 1024.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from melpact.nn.blocks.reach import Span

Padding = Literal["center", "same"]
_LONG = 256
"""Transforms of this length and more are done in two rounds."""


def inverse_basis(n_fft: int) -> NDArray[np.float64]:
    """The windowed inverse transform, [2·(n_fft/2 + 1), n_fft]: real parts times cosines, imaginary parts times minus sines.

    The bins between 0 and n_fft/2 count twice (their mirror images); the imaginary parts of those two count nothing. The
    window is the periodic Hann window.
    """
    n = np.arange(n_fft)
    k = np.arange(n_fft // 2 + 1)[:, None]
    twice = np.where((k == 0) | (k == n_fft // 2), 1.0, 2.0)
    angle = 2 * np.pi * ((k * n) % n_fft) / n_fft
    cosines, sines = twice * np.cos(angle), -twice * np.sin(angle)
    sines[0] = sines[-1] = 0.0
    return np.concatenate([cosines, sines]) * hann(n_fft) / n_fft


def hann(n_fft: int) -> NDArray[np.float64]:
    """The periodic Hann window, [n_fft]."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)


class _Direct(nn.Module):
    """Real and imaginary parts [B, T, bins] → windowed frames [B, T, n_fft], by one product."""

    basis: Tensor

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.register_buffer("basis", torch.tensor(inverse_basis(n_fft), dtype=torch.get_default_dtype()), persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        return torch.cat([real, imaginary], dim=-1) @ self.basis


class _InTwo(nn.Module):
    """The same with n_fft = rows · columns: bin columns·a + b and sample c + rows·d turn by a·c/rows + b·c/n_fft +
    b·d/columns; the sum over a is the first round, the one over b the second.
    """

    first: Tensor
    twiddle: Tensor
    second: Tensor
    window: Tensor

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.bins = n_fft // 2 + 1
        self.rows = next(size for size in range(round(math.sqrt(n_fft)), 0, -1) if n_fft % size == 0)
        self.columns = n_fft // self.rows
        self.above = -(-self.bins // self.columns)
        a, b, c, d = (np.arange(count) for count in (self.above, self.columns, self.rows, self.columns))
        cos, sin = _turns(np.outer(a, c), self.rows)
        first = np.block([[cos, sin], [-sin, cos]])
        twiddle = np.stack(_turns(np.outer(b, c), n_fft))
        cos, sin = _turns(np.outer(b, d), self.columns)
        second = np.concatenate([cos, -sin])
        tables = {"first": first, "twiddle": twiddle, "second": second, "window": 2 * hann(n_fft) / n_fft}
        for name, table in tables.items():
            self.register_buffer(name, torch.tensor(table, dtype=torch.get_default_dtype()), persistent=False)
        halves = torch.ones(self.bins, dtype=torch.get_default_dtype())
        halves[0] = halves[-1] = 0.5
        self.register_buffer("halves", halves, persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        batch, count = real.shape[0], real.shape[1]
        parts = torch.stack([real * self.halves, imaginary * self.halves], dim=2)
        parts = functional.pad(parts, (0, self.above * self.columns - self.bins))
        parts = parts.reshape(batch, count, 2 * self.above, self.columns).transpose(2, 3)
        re, im = (parts @ self.first).chunk(2, dim=3)
        cos, sin = self.twiddle[0], self.twiddle[1]
        turned = torch.cat([re * cos - im * sin, re * sin + im * cos], dim=2)
        frames = (turned.transpose(2, 3) @ self.second).transpose(2, 3).reshape(batch, count, self.rows * self.columns)
        return frames * self.window


def _turns(numerator: NDArray[np.int64], denominator: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine and sine of 2π numerator / denominator."""
    angle = 2 * np.pi * (numerator % denominator) / denominator
    return np.cos(angle), np.sin(angle)


class InverseSTFT(nn.Module):
    """Real and imaginary parts [B, n_fft/2 + 1, T] → samples [B, T·hop_length], overlap-added over the summed squared
    windows.

    `center`: frame t is centred on sample t·hop_length, as in `torch.istft`, which ends a hop earlier; the last hop is made
    here, too, from the frames that reach it. `same`: frame t is centred on sample t·hop_length + hop_length/2, so that it
    stands for its own hop (Siuzdak, "Vocos", 2023, section 3.3).
    """

    squares: Tensor

    def __init__(self, n_fft: int, hop_length: int, padding: Padding) -> None:
        super().__init__()
        if n_fft % hop_length or n_fft % 2 or n_fft < 4 * hop_length:
            raise ValueError(f"n_fft {n_fft} must be even and a multiple of the hop {hop_length}, at least four of it")
        self.n_fft, self.hop_length, self.padding = n_fft, hop_length, padding
        self.trim = n_fft // 2 if padding == "center" else (n_fft - hop_length) // 2
        self.inverse = _InTwo(n_fft) if n_fft >= _LONG else _Direct(n_fft)
        self.register_buffer("squares", torch.tensor(hann(n_fft) ** 2, dtype=torch.get_default_dtype()), persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor) -> Tensor:
        frames: Tensor = self.inverse(real.transpose(1, 2), imaginary.transpose(1, 2))
        envelope = self._overlap_add(torch.ones_like(frames[:1, :, :1]) * self.squares)
        end = self.trim + frames.shape[1] * self.hop_length
        return self._overlap_add(frames)[:, self.trim : end] / envelope[:, self.trim : end]

    def _overlap_add(self, frames: Tensor) -> Tensor:
        """[B, T, n_fft] → [B, (T - 1)·hop_length + n_fft], summed hop by hop in one fixed order."""
        parts = self.n_fft // self.hop_length
        total: Tensor | None = None
        for part in range(parts):
            piece = frames[:, :, part * self.hop_length : (part + 1) * self.hop_length]
            shifted = functional.pad(piece, (0, 0, part, parts - 1 - part))
            total = shifted if total is None else total + shifted
        assert total is not None
        return total.flatten(1)


def frames_read(samples: Span, n_fft: int, hop_length: int, padding: Padding) -> Span:
    """The spectrum's frames that these samples read; the window's first sample is zero and reads nothing."""
    trim = n_fft // 2 if padding == "center" else (n_fft - hop_length) // 2
    return samples.transposed(n_fft - 1, hop_length, trim - 1)
