"""iSTFTNet: HiFi-GAN's first upsamplings, and a small inverse STFT in place of the others.

Source: Kaneko et al. 2022, "iSTFTNet: Fast and Lightweight Mel-Spectrogram Vocoder Incorporating Inverse Short-Time Fourier
Transform", section 2. The phase is the sine of the network's output, as in the first public implementation.
"""

from __future__ import annotations

import math

import torch
from pydantic import PositiveInt, model_validator
from torch import Tensor
from torch.nn import functional

from melpact.nn.blocks.hifigan_trunk import Trunk, TrunkConfig, trunk_names, trunk_reads
from melpact.nn.blocks.inverse_stft import InverseSTFT, frames_read
from melpact.nn.blocks.reach import Span, samples_of_frame


class IstftNetConfig(TrunkConfig):
    """HiFi-GAN's sizes and the two of the inverse STFT, in its own samples."""

    gen_istft_n_fft: PositiveInt
    gen_istft_hop_size: PositiveInt

    @model_validator(mode="after")
    def _check_transform(self) -> IstftNetConfig:
        n_fft, hop_length = self.gen_istft_n_fft, self.gen_istft_hop_size
        if n_fft % hop_length or n_fft % 2 or n_fft < 4 * hop_length:
            raise ValueError("gen_istft_n_fft must be even and a multiple of gen_istft_hop_size, at least four of it")
        return self


class IstftNet(Trunk):
    """mel [B, n_mels, T] → samples [B, T * hop], not bounded."""

    config: IstftNetConfig

    def __init__(self, config: IstftNetConfig) -> None:
        super().__init__(config, config.gen_istft_n_fft + 2)
        self.istft = InverseSTFT(config.gen_istft_n_fft, config.gen_istft_hop_size, "center")

    def forward(self, mel: Tensor) -> Tensor:
        x = functional.leaky_relu(self.features(mel))
        x = self.conv_post(functional.pad(x, (1, 0), mode="reflect"))
        log_magnitude, angle = x.chunk(2, dim=1)
        magnitude, phase = torch.exp(log_magnitude), torch.sin(angle)
        samples: Tensor = self.istft(magnitude * torch.cos(phase), magnitude * torch.sin(phase))
        return samples[:, : -self.config.gen_istft_hop_size]


def hop(config: IstftNetConfig) -> int:
    """Samples per frame: the product of the upsampling rates and the inverse STFT's hop."""
    return math.prod(config.upsample_rates) * config.gen_istft_hop_size


def receptive_field(config: IstftNetConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame's samples depend on, exactly."""
    spectra = frames_read(samples_of_frame(hop(config)), config.gen_istft_n_fft, config.gen_istft_hop_size, "center")
    padded = spectra.conv(config.kernel_size)
    return trunk_reads(Span(padded.first - 1, padded.last - 1), config)[0].around_frame()


def published_names(config: IstftNetConfig, layout: str) -> dict[str, str]:
    """Module path in a published layout → ours; "original" has HiFi-GAN's names."""
    if layout != "original":
        raise KeyError(layout)
    return trunk_names(config)
