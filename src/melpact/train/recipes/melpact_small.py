"""melpact's own small vocoder: a network that corrects the mel's inversion, by spectral losses and loudness, and if asked
for against a small multi-period discriminator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt
from torch import Tensor

from melpact.contract.filterbank import filterbank
from melpact.corpus.crops import Weigh
from melpact.nn.discriminators.periods import MultiPeriodDiscriminator, PeriodDiscriminatorConfig
from melpact.nn.generators.melpact_small import MelpactSmall
from melpact.nn.losses.adversarial import least_squares_discriminator, least_squares_generator
from melpact.nn.losses.feature_matching import feature_matching
from melpact.nn.losses.loudness import LoudnessLoss
from melpact.nn.losses.spectral import SpectralLoss
from melpact.nn.torch_runtime import seeded
from melpact.train.recipes import Recipe
from melpact.train.recipes._vocoding import PLAYER, SMALL, VocoderTraining, alone, level_db, source, voice
from melpact.train.settings import Optimiser
from melpact.train.task import Batch, Data, Limit, Step, Task


class SmallTraining(VocoderTraining):
    """Settings. Any other family can be trained in the same way, for comparison; the inversion is then left out.

    Args:
        convergence_weight, log_weight, mel_weight, loudness_weight, added_weight: of the losses.
        adversarial_weight, matching_weight: of the multi-period discriminator's two losses; where the first is 0 there is no
            discriminator.
        periods, discriminator_optimiser: of that discriminator.
        first_scale: of the last layer's first weights; the debug twin's are large, so that it has something to unlearn.
        edge_frames: at either end of a crop that no loss looks at: the inversion does not know what lies beyond.
    """

    family: str = "melpact_small"
    optimiser: Optimiser = Optimiser(
        lr=1e-3, betas=(0.8, 0.99), schedule="exponential", warmup_steps=200, decay=0.94, decay_every=1000
    )
    batch_size: int = Field(default=12, gt=0)
    segment_frames: int = Field(default=64, gt=0)
    precision: Any = "bfloat16"
    clip_norm: float | None = 5.0
    convergence_weight: float = 4.0
    log_weight: float = 1.5
    mel_weight: float = 6.0
    loudness_weight: float = 20.0
    added_weight: float = 6.0
    adversarial_weight: NonNegativeFloat = 0.0
    matching_weight: NonNegativeFloat = 2.0
    periods: PeriodDiscriminatorConfig = PeriodDiscriminatorConfig(channels=(16, 64, 128, 128))
    discriminator_optimiser: Optimiser = Optimiser()
    augment: tuple[dict[str, Any], ...] = (
        {"name": "speed", "chance": 0.25},
        {"name": "equaliser", "chance": 0.25},
        {"name": "gain", "low_db": -15.0, "high_db": 3.0},
    )
    weigh: Weigh = "speaker"
    first_scale: float = 1.0
    edge_frames: NonNegativeInt = 4


def build(settings: SmallTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    own = voice(settings)
    if isinstance(own.network, MelpactSmall):
        own.network.bank.copy_(torch.tensor(filterbank(own.spec)))
        with torch.no_grad():
            own.network.out.weight.mul_(settings.first_scale)
    spectral, loudness = SpectralLoss(own.spec.sample_rate), LoudnessLoss(own.spec.sample_rate)
    edge = settings.edge_frames * own.spec.hop_length

    def pair(batch: Batch, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        made, real = own.sound(batch, generator), batch["audio"]
        return made[:, edge : made.shape[1] - edge], real[:, edge : real.shape[1] - edge]

    def losses(made: Tensor, real: Tensor) -> dict[str, Tensor]:
        away, heard = spectral.to(made.device)(made, real), loudness.to(made.device)(made, real)
        return {**away._asdict(), "loudness": heard.both, "added": heard.added, "level_db": level_db(made) - level_db(real)}

    weights = {"convergence": settings.convergence_weight, "log_magnitude": settings.log_weight, "mel": settings.mel_weight,
               "loudness": settings.loudness_weight, "added": settings.added_weight, "level_db": 0.0}  # fmt: skip
    task = alone(settings, own, data, source(settings, data), lambda batch, by: losses(*pair(batch, by)), weights)
    if settings.adversarial_weight == 0:
        return task
    with seeded(settings.seed + 1):
        periods = MultiPeriodDiscriminator(settings.periods)

    def judging(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        with torch.no_grad():
            made, real = pair(batch, generator)
        return {"periods": least_squares_discriminator(periods(real).logits, periods(made).logits)}

    def speaking(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        made, real = pair(batch, generator)
        said = periods(made)
        with torch.no_grad():
            true = periods(real)
        against = {"periods": least_squares_generator(said.logits), "periods_maps": feature_matching(true.maps, said.maps)}
        return {**losses(made, real), **against}

    judged = {**weights, "periods": settings.adversarial_weight, "periods_maps": settings.matching_weight}
    return replace(
        task,
        players={**task.players, "periods": periods},
        turns=(
            Step("discriminators", ("periods",), judging, {"periods": 1.0}),
            Step(PLAYER, (PLAYER,), speaking, judged),
        ),
        optimisers={**task.optimisers, "periods": settings.discriminator_optimiser},
        limits=(*task.limits, Limit("discriminators/periods", "the discriminator of periods has won", low=1e-3)),
    )


PLUGIN = Recipe(
    title="melpact's own small vocoder: corrects the mel's inversion, by spectral losses and loudness",
    settings=SmallTraining,
    build=build,
    debug=SmallTraining(
        **SMALL,
        preset="small",
        optimiser=Optimiser(lr=5e-3, schedule="cosine"),
        precision="float32",
        edge_frames=2,
        first_scale=300.0,
        start_iterations=4,
        augment=(),
    ),
    source="melpact; start from an inversion after Lv et al. 2024, FreeV",
)
