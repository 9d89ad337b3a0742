"""Location-variable convolution: every frame brings its own kernel, predicted from the mel.

Sources: Zeng et al. 2021, "LVCNet", section 2.1; Jang et al. 2021, "UnivNet", section 2.1 and figure 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def location_variable_convolution(x: Tensor, kernels: Tensor, biases: Tensor) -> Tensor:
    """Convolve the h samples of frame t with kernel t.

    Args:
        x: [B, C, T·h].
        kernels: [B, C, D, K, T], K odd.
        biases: [B, D, T].

    Returns:
        [B, D, T·h]; sample t·h + s of channel d is biases[d, t] + Σ_{c,k} kernels[c, d, k, t] · x[c, t·h + s + k - K//2],
        with zeros beyond the edges.
    """
    batch, channels, out_channels, kernel_size, frames = kernels.shape
    samples = x.shape[-1]
    padded = functional.pad(x, (kernel_size // 2, kernel_size // 2))
    windows = torch.stack([padded[..., k : k + samples] for k in range(kernel_size)], dim=2)
    windows = windows.reshape(batch, channels * kernel_size, frames, -1).transpose(1, 2)
    matrices = kernels.permute(0, 4, 2, 1, 3).reshape(batch, frames, out_channels, channels * kernel_size)
    y = matrices @ windows + biases.transpose(1, 2)[..., None]
    return y.transpose(1, 2).reshape(batch, out_channels, samples)


class KernelPredictor(nn.Module):
    """mel [B, n_mels, T] → kernels [B, layers, C, 2·C, K, T] and biases [B, layers, 2·C, T]."""

    INPUT_KERNEL_SIZE = 5

    def __init__(
        self,
        n_mels: int,
        hidden: int,
        conv_size: int,
        num_blocks: int,
        channels: int,
        kernel_size: int,
        layers: int,
        slope: float,
    ) -> None:
        super().__init__()
        self.shape = (layers, channels, 2 * channels, kernel_size)
        self.slope = slope
        padding = conv_size // 2
        self.input_conv = nn.Conv1d(n_mels, hidden, self.INPUT_KERNEL_SIZE, padding=self.INPUT_KERNEL_SIZE // 2)
        self.resblocks = nn.ModuleList(_Residual(hidden, conv_size, slope) for _ in range(num_blocks))
        self.kernel_conv = nn.Conv1d(hidden, layers * channels * 2 * channels * kernel_size, conv_size, padding=padding)
        self.bias_conv = nn.Conv1d(hidden, layers * 2 * channels, conv_size, padding=padding)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.leaky_relu(self.input_conv(mel), self.slope)
        for block in self.resblocks:
            x = block(x)
        layers, channels, out_channels, kernel_size = self.shape
        kernels = self.kernel_conv(x).reshape(x.shape[0], layers, channels, out_channels, kernel_size, x.shape[-1])
        return kernels, self.bias_conv(x).reshape(x.shape[0], layers, out_channels, x.shape[-1])


class _Residual(nn.Module):
    def __init__(self, channels: int, kernel_size: int, slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.conv1 = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)
        self.conv2 = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.leaky_relu(self.conv1(x), self.slope)
        return x + functional.leaky_relu(self.conv2(y), self.slope)
