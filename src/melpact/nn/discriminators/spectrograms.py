"""The multi-resolution spectrogram discriminator: magnitudes of several short-time transforms as pictures.

Source: Jang et al. 2021, "UnivNet", section 2.2; taken over by Lee et al. 2023, "BigVGAN".
"""

from __future__ import annotations

import torch
from pydantic import Field as Bounded
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.discriminators.judgement import Judgement, Norm, Stack, judged
from melpact.nn.mel_spectrum import CentredSpectrum, batch_of_samples


class SpectrogramDiscriminatorConfig(Record):
    """Sizes; the defaults are UnivNet's, for 24 kHz. Kernels and strides are (over frequency, over time).

    Args:
        n_ffts: with `hop_lengths` and `win_lengths`, the resolutions.
        channels: of every convolution but the last, which has one.
        strided: how many of the wide convolutions step by two over time.
    """

    n_ffts: tuple[PositiveInt, ...] = Bounded(default=(1024, 2048, 512), min_length=1)
    hop_lengths: tuple[PositiveInt, ...] = (120, 240, 50)
    win_lengths: tuple[PositiveInt, ...] = (600, 1200, 240)
    channels: PositiveInt = 32
    kernel_size: tuple[PositiveInt, PositiveInt] = (3, 9)
    strided: PositiveInt = 3
    last_kernel_size: PositiveInt = 3
    leaky_relu_slope: float = Bounded(default=0.2, ge=0, lt=1)
    norm: Norm = "weight"

    @model_validator(mode="after")
    def _check(self) -> SpectrogramDiscriminatorConfig:
        if not len(self.n_ffts) == len(self.hop_lengths) == len(self.win_lengths):
            raise ValueError("n_ffts, hop_lengths and win_lengths must be of one length")
        if any(w > n for w, n in zip(self.win_lengths, self.n_ffts, strict=True)):
            raise ValueError("a window (win_lengths) does not fit into its transform (n_ffts)")
        if any(kernel % 2 == 0 for kernel in (*self.kernel_size, self.last_kernel_size)):
            raise ValueError("kernel sizes (kernel_size, last_kernel_size) are odd: both sides are padded alike")
        return self

    @classmethod
    def small(cls) -> SpectrogramDiscriminatorConfig:
        """Sizes for a CPU and for tests."""
        return cls(n_ffts=(128, 256, 64), hop_lengths=(16, 32, 8), win_lengths=(80, 160, 40), channels=4)


class MultiResolutionDiscriminator(nn.Module):
    """Samples [B, N] → `Judgement`, one part per resolution.

    |STFT| under a periodic Hann window, mirrored by (n_fft - hop) / 2 at each end, [B, 1, n_fft / 2 + 1, frames]. It has
    the subgradient 0 where it is 0.

    Raises:
        AudioTooShort: fewer samples than the mirroring needs.
    """

    def __init__(self, config: SpectrogramDiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or SpectrogramDiscriminatorConfig()
        sizes = list(zip(config.n_ffts, config.hop_lengths, config.win_lengths, strict=True))
        self.spectra = nn.ModuleList(CentredSpectrum(n_fft, hop, win, same=True) for n_fft, hop, win in sizes)
        self.parts = nn.ModuleList(self._stack(config) for _ in sizes)

    @staticmethod
    def _stack(config: SpectrogramDiscriminatorConfig) -> Stack:
        edge = (config.kernel_size[0] // 2, config.kernel_size[1] // 2)
        width, small = config.channels, config.last_kernel_size
        layers = [nn.Conv2d(1, width, config.kernel_size, padding=edge)]
        layers += [nn.Conv2d(width, width, config.kernel_size, (1, 2), edge) for _ in range(config.strided)]
        layers += [nn.Conv2d(width, width, small, padding=small // 2), nn.Conv2d(width, 1, small, padding=small // 2)]
        return Stack(layers, config.leaky_relu_slope, config.norm)

    def forward(self, samples: Tensor) -> Judgement:
        x = batch_of_samples(samples, samples.dtype)
        pictures = [torch.abs(spectrum(x)).unsqueeze(1).to(x.dtype) for spectrum in self.spectra]
        return judged([part(picture) for part, picture in zip(self.parts, pictures, strict=True)])
