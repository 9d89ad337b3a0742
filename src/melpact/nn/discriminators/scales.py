"""The multi-scale discriminator: samples, and what is left of them after averaging once and twice.

Source: Kumar et al. 2019, "MelGAN", section 2.2; sizes of Kong, Kim and Bae 2020, "HiFi-GAN", section 2.3 and appendix A.
"""

from __future__ import annotations

from pydantic import Field as Bounded
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.discriminators.judgement import Judgement, Norm, Stack, judged
from melpact.nn.mel_spectrum import batch_of_samples


class ScaleDiscriminatorConfig(Record):
    """Sizes; the defaults are HiFi-GAN's.

    Args:
        scales: how many; each averages the samples of the one before.
        channels: of each convolution but the last, which has one; so `kernel_sizes`, `strides` and `groups`.
        first_norm: of the scale that sees the samples themselves (HiFi-GAN: spectral).
    """

    scales: PositiveInt = 3
    channels: tuple[PositiveInt, ...] = Bounded(default=(128, 128, 256, 512, 1024, 1024, 1024), min_length=1)
    kernel_sizes: tuple[PositiveInt, ...] = (15, 41, 41, 41, 41, 41, 5)
    strides: tuple[PositiveInt, ...] = (1, 2, 2, 4, 4, 1, 1)
    groups: tuple[PositiveInt, ...] = (1, 4, 16, 16, 16, 16, 1)
    last_kernel_size: PositiveInt = 3
    pooling_kernel_size: PositiveInt = 4
    pooling_stride: PositiveInt = 2
    leaky_relu_slope: float = Bounded(default=0.1, ge=0, lt=1)
    first_norm: Norm = "spectral"
    norm: Norm = "weight"

    @model_validator(mode="after")
    def _check(self) -> ScaleDiscriminatorConfig:
        if not len(self.channels) == len(self.kernel_sizes) == len(self.strides) == len(self.groups):
            raise ValueError("channels, kernel_sizes, strides and groups must be of one length")
        if any(kernel % 2 == 0 for kernel in (*self.kernel_sizes, self.last_kernel_size)):
            raise ValueError("kernel sizes (kernel_sizes, last_kernel_size) are odd: both sides are padded alike")
        before = 1
        for channels, groups in zip(self.channels, self.groups, strict=True):
            if before % groups or channels % groups:
                raise ValueError(f"{groups} groups do not divide a convolution from {before} to {channels} channels")
            before = channels
        return self

    @classmethod
    def small(cls) -> ScaleDiscriminatorConfig:
        """Sizes for a CPU and for tests."""
        return cls(scales=3, channels=(4, 8, 8), kernel_sizes=(15, 21, 5), strides=(1, 4, 1), groups=(1, 4, 1))


class MultiScaleDiscriminator(nn.Module):
    """Samples [B, N] → `Judgement`, one part per scale.

    Spectral normalisation refines its estimate with every forward pass in training; `.eval()` holds it still.
    """

    def __init__(self, config: ScaleDiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or ScaleDiscriminatorConfig()
        norms = [config.first_norm, *[config.norm] * (config.scales - 1)]
        self.parts = nn.ModuleList(self._stack(config, norm) for norm in norms)
        self.pool = nn.AvgPool1d(config.pooling_kernel_size, config.pooling_stride, config.pooling_kernel_size // 2)

    @staticmethod
    def _stack(config: ScaleDiscriminatorConfig, norm: Norm) -> Stack:
        layers, before = [], 1
        for channels, kernel, stride, groups in zip(
            config.channels, config.kernel_sizes, config.strides, config.groups, strict=True
        ):
            layers.append(nn.Conv1d(before, channels, kernel, stride, kernel // 2, groups=groups))
            before = channels
        layers.append(nn.Conv1d(before, 1, config.last_kernel_size, padding=config.last_kernel_size // 2))
        return Stack(layers, config.leaky_relu_slope, norm)

    def forward(self, samples: Tensor) -> Judgement:
        x, said = batch_of_samples(samples, samples.dtype).unsqueeze(1), []
        for i, part in enumerate(self.parts):
            x = self.pool(x) if i else x
            said.append(part(x))
        return judged(said)
