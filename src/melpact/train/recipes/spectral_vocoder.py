"""A vocoder of any family by spectral losses alone: magnitudes at several resolutions, and mels.

No discriminator, so that a step costs a fraction of what it costs with one.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from melpact.nn.losses.mel import MultiResolutionMelLoss
from melpact.nn.losses.stft import MultiResolutionStftLoss, StftLossConfig
from melpact.train.recipes import Recipe
from melpact.train.recipes._vocoding import SMALL, VocoderTraining, alone, level_db, loss_spec, source, voice
from melpact.train.settings import Optimiser
from melpact.train.task import Batch, Data, Task


class SpectralTraining(VocoderTraining):
    """Settings.

    Args:
        stft: resolutions of the STFT loss.
        stft_weight, mel_weight: of the two losses.
        loss_dialects: mels of the mel loss; empty: the one that the vocoder takes.
    """

    family: str = "vocos"
    optimiser: Optimiser = Optimiser(lr=5e-4, betas=(0.9, 0.99), schedule="cosine", warmup_steps=500)
    segment_frames: int = 64
    clip_norm: float | None = 10.0
    stft: StftLossConfig = StftLossConfig(
        n_ffts=(512, 1024, 2048), hop_lengths=(128, 256, 512), win_lengths=(512, 1024, 2048)
    )
    stft_weight: float = 1.0
    mel_weight: float = 1.0
    loss_dialects: tuple[str, ...] = ("hifigan_22k_loss",)


def build(settings: SpectralTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    own = voice(settings)
    stft = MultiResolutionStftLoss(settings.stft)
    mel = MultiResolutionMelLoss([loss_spec(name, own.spec) for name in settings.loss_dialects or ("",)])

    def speaking(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        made, real = own.sound(batch, generator), batch["audio"]
        away = stft.to(made.device)(made, real)
        return {
            "convergence": away.convergence,
            "log_magnitude": away.log_magnitude,
            "mel": mel.to(made.device)(made, real),
            "level_db": level_db(made) - level_db(real),
        }

    weights = {"convergence": settings.stft_weight, "log_magnitude": settings.stft_weight, "mel": settings.mel_weight,
               "level_db": 0.0}  # fmt: skip
    return alone(settings, own, data, source(settings, data), speaking, weights)


PLUGIN = Recipe(
    title="a generator of any family by STFT and mel losses alone",
    settings=SpectralTraining,
    build=build,
    debug=SpectralTraining(
        **SMALL,
        preset="small",
        optimiser=Optimiser(lr=2e-3, schedule="cosine"),
    ),
    source="Yamamoto, Song and Kim 2020, Parallel WaveGAN, section 2.2, without its discriminator",
)
