"""The multi-scale complex STFT discriminator: real and imaginary parts as two channels, so that phase is seen.

Source: Défossez et al. 2022, "High Fidelity Neural Audio Compression" (EnCodec), section 3.4 and figure 2.
"""

from __future__ import annotations

import torch
from pydantic import Field as Bounded
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.discriminators.judgement import Judgement, Norm, Stack, judged
from melpact.nn.mel_spectrum import CentredSpectrum, batch_of_samples


class ComplexStftDiscriminatorConfig(Record):
    """Sizes; the defaults are EnCodec's at 24 kHz. Kernels are (over time, over frequency).

    Args:
        n_ffts: windows and transforms, one per scale; the hop is a quarter of each.
        kernel_size: (3, 9); the paper says 3 × 8, which cannot be padded alike on both sides.
        dilations: over time, of the convolutions that step by two over frequency.
    """

    n_ffts: tuple[PositiveInt, ...] = Bounded(default=(2048, 1024, 512, 256, 128), min_length=1)
    channels: PositiveInt = 32
    kernel_size: tuple[PositiveInt, PositiveInt] = (3, 9)
    dilations: tuple[PositiveInt, ...] = (1, 2, 4)
    last_kernel_size: PositiveInt = 3
    leaky_relu_slope: float = Bounded(default=0.2, ge=0, lt=1)
    norm: Norm = "weight"

    @model_validator(mode="after")
    def _check(self) -> ComplexStftDiscriminatorConfig:
        if any(n % 4 for n in self.n_ffts):
            raise ValueError("n_ffts are multiples of four: the hop is a quarter")
        if any(kernel % 2 == 0 for kernel in (*self.kernel_size, self.last_kernel_size)):
            raise ValueError("kernel sizes (kernel_size, last_kernel_size) are odd: both sides are padded alike")
        return self

    @classmethod
    def small(cls) -> ComplexStftDiscriminatorConfig:
        """Sizes for a CPU and for tests."""
        return cls(n_ffts=(256, 128, 64), channels=4)


class ComplexStftDiscriminator(nn.Module):
    """Samples [B, N] → `Judgement`, one part per scale.

    The transform is centred under a periodic Hann window and divided by the window's Euclidean norm: [B, 2, frames, bins].

    Raises:
        AudioTooShort: fewer samples than the mirroring needs.
    """

    def __init__(self, config: ComplexStftDiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ComplexStftDiscriminatorConfig()
        self.spectra = nn.ModuleList(CentredSpectrum(n_fft, n_fft // 4, n_fft) for n_fft in config.n_ffts)
        self.parts = nn.ModuleList(self._stack(config) for _ in config.n_ffts)

    @staticmethod
    def _stack(config: ComplexStftDiscriminatorConfig) -> Stack:
        (time, frequency), width, small = config.kernel_size, config.channels, config.last_kernel_size
        layers = [nn.Conv2d(2, width, (time, frequency), padding=(time // 2, frequency // 2))]
        for dilation in config.dilations:
            edge = (dilation * (time // 2), frequency // 2)
            layers.append(nn.Conv2d(width, width, (time, frequency), (1, 2), edge, (dilation, 1)))
        layers.append(nn.Conv2d(width, 1, small, padding=small // 2))
        return Stack(layers, config.leaky_relu_slope, config.norm)

    def forward(self, samples: Tensor) -> Judgement:
        x = batch_of_samples(samples, samples.dtype)
        said = []
        for spectrum, part in zip(self.spectra, self.parts, strict=True):
            transform = spectrum(x).transpose(1, 2) / torch.linalg.vector_norm(spectrum.window)
            said.append(part(torch.stack([transform.real, transform.imag], 1).to(x.dtype)))
        return judged(said)
