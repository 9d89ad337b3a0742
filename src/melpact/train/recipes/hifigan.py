"""HiFi-GAN's training, for a generator of any family: multi-period and multi-scale discriminators, least squares, feature
matching and a mel loss."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor

from melpact.nn.discriminators.periods import MultiPeriodDiscriminator, PeriodDiscriminatorConfig
from melpact.nn.discriminators.scales import MultiScaleDiscriminator, ScaleDiscriminatorConfig
from melpact.nn.losses.adversarial import least_squares_discriminator, least_squares_generator
from melpact.nn.losses.feature_matching import feature_matching
from melpact.nn.losses.mel import MultiResolutionMelLoss
from melpact.nn.torch_runtime import seeded
from melpact.train.recipes import Recipe
from melpact.train.recipes._vocoding import (
    PLAYER,
    QUIET_DB,
    SMALL,
    VocoderTraining,
    examples,
    level_db,
    loss_spec,
    source,
    voice,
)
from melpact.train.settings import Optimiser
from melpact.train.task import Batch, Data, Limit, Step, Task


class HifiGanTraining(VocoderTraining):
    """Settings; the defaults are the published ones of 22.05 kHz.

    Args:
        mel_weight, matching_weight: of the two losses beside the adversarial one, which weighs 1.
        loss_dialect: the mel of the mel loss; empty: the one that the vocoder takes.
        discriminator_optimiser: of both discriminators.
        periods, scales: sizes of the discriminators.
    """

    segment_frames: int = Field(default=32, gt=0)
    weight_norm: bool = True
    mel_weight: float = 45.0
    matching_weight: float = 2.0
    loss_dialect: str = "hifigan_22k_loss"
    discriminator_optimiser: Optimiser = Optimiser()
    periods: PeriodDiscriminatorConfig = PeriodDiscriminatorConfig()
    scales: ScaleDiscriminatorConfig = ScaleDiscriminatorConfig()


def build(settings: HifiGanTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    own = voice(settings)
    with seeded(settings.seed + 1):
        periods, scales = MultiPeriodDiscriminator(settings.periods), MultiScaleDiscriminator(settings.scales)
    mel_loss = MultiResolutionMelLoss([loss_spec(settings.loss_dialect, own.spec)])

    def judging(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        with torch.no_grad():
            made = own.sound(batch, generator)
        real = batch["audio"]
        return {
            "periods": least_squares_discriminator(periods(real).logits, periods(made).logits),
            "scales": least_squares_discriminator(scales(real).logits, scales(made).logits),
        }

    def speaking(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        made, real = own.sound(batch, generator), batch["audio"]
        heard = {"periods": periods(made), "scales": scales(made)}
        with torch.no_grad():
            true = {"periods": periods(real), "scales": scales(real)}
        return {
            **{name: least_squares_generator(said.logits) for name, said in heard.items()},
            **{f"{name}_maps": feature_matching(true[name].maps, said.maps) for name, said in heard.items()},
            "mel": mel_loss.to(made.device)(made, real),
            "level_db": level_db(made) - level_db(real),
        }

    matching = settings.matching_weight
    weights = {"periods": 1.0, "scales": 1.0, "periods_maps": matching, "scales_maps": matching,
               "mel": settings.mel_weight, "level_db": 0.0}  # fmt: skip
    judges = ("periods", "scales")
    return Task(
        players={PLAYER: own.network, "periods": periods, "scales": scales},
        turns=(
            Step("discriminators", judges, judging, dict.fromkeys(judges, 1.0)),
            Step("generator", (PLAYER,), speaking, weights),
        ),
        source=source(settings, data),
        optimisers={PLAYER: settings.optimiser, **dict.fromkeys(judges, settings.discriminator_optimiser)},
        averaged=(PLAYER,),
        validate=examples(own, data, settings.validation_sounds),
        limits=(
            Limit("generator/level_db", "the generator has fallen silent", low=QUIET_DB),
            *(Limit(f"discriminators/{one}", f"the discriminator of {one} has won", low=1e-3) for one in judges),
        ),
        spec=own.spec,
        facts=own.facts,
    )


PLUGIN = Recipe(
    title="a generator of any family against multi-period and multi-scale discriminators",
    settings=HifiGanTraining,
    build=build,
    debug=HifiGanTraining(
        **SMALL,
        preset="small",
        optimiser=Optimiser(lr=2e-3),
        periods=PeriodDiscriminatorConfig.small(),
        scales=ScaleDiscriminatorConfig.small(),
    ),
    source="Kong, Kim and Bae 2020, HiFi-GAN, sections 2 and 3",
)
