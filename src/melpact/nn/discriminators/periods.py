"""The multi-period discriminator: samples a period apart side by side.

Source: Kong, Kim and Bae 2020, "HiFi-GAN", section 2.3 and appendix A.
"""

from __future__ import annotations

from pydantic import Field as Bounded
from pydantic import PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.errors import AudioTooShort
from melpact.core.records import Record
from melpact.nn.discriminators.judgement import Judgement, Norm, Stack, judged
from melpact.nn.mel_spectrum import batch_of_samples, padded


class PeriodDiscriminatorConfig(Record):
    """Sizes; the defaults are the published ones.

    Args:
        periods: in samples, best pairwise prime, so that no two see the same samples.
        channels: of each convolution but the last, which has one.
        stride: over time, of all but the last two convolutions.
    """

    periods: tuple[PositiveInt, ...] = Bounded(default=(2, 3, 5, 7, 11), min_length=1)
    channels: tuple[PositiveInt, ...] = Bounded(default=(32, 128, 512, 1024, 1024), min_length=1)
    kernel_size: PositiveInt = 5
    stride: PositiveInt = 3
    last_kernel_size: PositiveInt = 3
    leaky_relu_slope: float = Bounded(default=0.1, ge=0, lt=1)
    norm: Norm = "weight"

    @model_validator(mode="after")
    def _check(self) -> PeriodDiscriminatorConfig:
        if self.kernel_size % 2 == 0 or self.last_kernel_size % 2 == 0:
            raise ValueError("kernel sizes (kernel_size, last_kernel_size) are odd: both sides are padded alike")
        return self

    @classmethod
    def small(cls) -> PeriodDiscriminatorConfig:
        """Sizes for a CPU and for tests."""
        return cls(periods=(2, 3, 5), channels=(4, 8, 8))


class MultiPeriodDiscriminator(nn.Module):
    """Samples [B, N] → `Judgement`, one part per period.

    The samples fold into [B, 1, ceil(N / period), period]; convolutions run over the first of the two axes only. Where a
    period does not divide N, the end is mirrored until it does.

    Raises:
        AudioTooShort: fewer samples than the mirroring needs.
    """

    def __init__(self, config: PeriodDiscriminatorConfig | None = None) -> None:
        super().__init__()
        self.config = config or PeriodDiscriminatorConfig()
        self.parts = nn.ModuleList(self._stack(self.config) for _ in self.config.periods)

    @staticmethod
    def _stack(config: PeriodDiscriminatorConfig) -> Stack:
        layers, before = [], 1
        for i, channels in enumerate(config.channels):
            stride = 1 if i == len(config.channels) - 1 else config.stride
            edge = (config.kernel_size // 2, 0)
            layers.append(nn.Conv2d(before, channels, (config.kernel_size, 1), (stride, 1), edge))
            before = channels
        layers.append(nn.Conv2d(before, 1, (config.last_kernel_size, 1), padding=(config.last_kernel_size // 2, 0)))
        return Stack(layers, config.leaky_relu_slope, config.norm)

    def forward(self, samples: Tensor) -> Judgement:
        x = batch_of_samples(samples, samples.dtype)
        return judged([part(folded(x, period)) for part, period in zip(self.parts, self.config.periods, strict=True)])


def folded(x: Tensor, period: int) -> Tensor:
    """[B, N] → [B, 1, ceil(N / period), period]; the end mirrored about the last sample up to a multiple of the period.

    Raises:
        AudioTooShort: N is not longer than what has to be mirrored.
    """
    missing = -x.shape[-1] % period
    if x.shape[-1] <= missing:
        raise AudioTooShort(
            f"the samples are too short to be folded by {period}", got=x.shape[-1], wanted=f"at least {missing + 1}"
        )
    return padded(x, 0, missing, "reflect").unflatten(-1, (-1, period)).unsqueeze(1)
