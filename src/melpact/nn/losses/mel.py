"""The mel losses: mean absolute difference of mels, in one description or in several at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from melpact.contract.spec import MelSpec
from melpact.core.errors import SpecError
from melpact.nn.losses.pairs import same_shape
from melpact.nn.mel import MelSpectrogram

_WINDOWS_AND_BANDS = ((32, 5), (64, 10), (128, 20), (256, 40), (512, 80), (1024, 160), (2048, 320))


class MultiResolutionMelLoss(nn.Module):
    """Samples [B, N] of generator and recording → mean over descriptions of the mean |mel - mel'|; 0 on identical samples.

    In the unit of each description's values: a log10 mel weighs 2.3 times less than the same in ln. With one description
    it is HiFi-GAN's mel loss (Kong, Kim and Bae 2020, "HiFi-GAN", equation 3, weighed by 45 there); with those of
    `codec_scales` the Descript codec's (Kumar et al. 2023, "High-Fidelity Audio Compression with Improved RVQGAN",
    section "Loss functions"), which sums where this takes the mean.

    Gradients on silence: see `MelSpectrogram`.

    Args:
        specs: the descriptions, all of one sample rate.

    Raises:
        SpecError: none, or several sample rates.
        ContractError: two batches of different shape.
    """

    def __init__(self, specs: Sequence[MelSpec]) -> None:
        super().__init__()
        rates = sorted({spec.sample_rate for spec in specs})
        if len(rates) != 1:
            raise SpecError(
                "the descriptions of a mel loss share one sample rate",
                got=", ".join(map(str, rates)) or "no description",
                wanted="one rate in Hz",
            )
        self.mels = nn.ModuleList(MelSpectrogram(spec) for spec in specs)

    def forward(self, generated: Tensor, real: Tensor) -> Tensor:
        same_shape(generated, real)
        return torch.stack([(mel(generated) - mel(real)).abs().mean() for mel in self.mels]).mean()


def codec_scales(sample_rate: int) -> tuple[MelSpec, ...]:
    """The seven descriptions of the Descript codec's loss at a rate in Hz: windows 32 to 2048, 5 to 320 bands, hops of a
    quarter window, log10 of the magnitude clamped at 1e-5.

    Source: Kumar et al. 2023, "High-Fidelity Audio Compression with Improved RVQGAN", section "Loss functions".
    """
    from melpact.contract.dialect import dialect

    first = dialect("dac_loss_44k:2048").spec
    return tuple(
        first.replace_quietly(
            sample_rate=sample_rate,
            bank_sample_rate=sample_rate,
            f_max=sample_rate / 2,
            n_fft=window,
            win_length=window,
            hop_length=window // 4,
            n_mels=bands,
        )
        for window, bands in _WINDOWS_AND_BANDS
    )
