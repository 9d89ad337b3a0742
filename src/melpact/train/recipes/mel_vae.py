"""The variational autoencoder of mels, at a rate that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor

from melpact.corpus.crops import Weigh
from melpact.nn.autoencoders.mel_vae import kl_nats
from melpact.nn.discriminators.mels import MelDiscriminator, MelDiscriminatorConfig
from melpact.nn.losses.adversarial import hinge_discriminator, hinge_generator
from melpact.nn.losses.feature_matching import feature_matching
from melpact.nn.losses.pooled import pooled_distance
from melpact.nn.torch_runtime import seeded
from melpact.train.recipes import Recipe
from melpact.train.recipes._autoencoding import METRIC, PLAYER, coding, facts_of, measuring
from melpact.train.recipes._refining import unscaled
from melpact.train.recipes._vocoding import changes, described
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Data, Step, Task

JUDGE = "discriminator"


class MelVaeTraining(Training):
    """Settings.

    Args:
        dialect: the mel: a name, or a description as JSON.
        base: file of a VAE that the training begins from, with its sizes and statistics; empty: afresh.
        sizes: of the network, where they are not its own defaults; the bands are always those of the mel.
        optimiser: of the network.
        bits_per_s: the rate that is aimed at, as KL divergence from N(0, 1): the rate's weight rises while it is exceeded
            and falls while it is not reached. None: the weight stays.
        kl_weight: of a nat per value of the mel, at the beginning.
        free_bits: bits of each value of the latent, as a mean over the batch, below which there is nothing to be saved
            (Kingma et al. 2016, "Improving Variational Inference with Inverse Autoregressive Flow", section C.8).
        value_weight, slope_weight, pooled_weight: of the mel's error, of that of its slopes, and of that of local means.
        loudness_share: how far values weigh by the loudness of what they stand for: 0 all alike, 1 by it alone.
        matching_weight, adversarial_weight: of a discriminator's features and of its judgement; both 0: there is none.
        adversarial_from: the step at which it begins. discriminator: its sizes. discriminator_optimiser: its own.
        augment: changes to the sounds, as every recipe takes them.
        weigh: what all have the same chance of being drawn: every second ("duration"), speaker, language or utterance.
        validation_mels: how many are rebuilt at validation; validation_frames: of each, at most.
    """

    steps: PositiveInt = 2000
    batch_size: PositiveInt = 8
    segment_frames: PositiveInt = 96
    clip_norm: float | None = 1.0
    ema_decay: float = Field(default=0.995, ge=0, lt=1)
    validate_every: PositiveInt = 250
    save_every: PositiveInt = 250
    best_by: str = METRIC
    metrics: tuple[str, ...] = (METRIC,)
    dialect: str = "hifigan_22k"
    base: str = ""
    sizes: dict[str, Any] = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser(
        lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01, schedule="cosine", warmup_steps=100, last=0.01
    )
    bits_per_s: float | None = Field(default=2000.0, gt=0)
    kl_weight: float = Field(default=0.05, gt=0)
    free_bits: float = Field(default=0.0, ge=0)
    value_weight: float = Field(default=1.0, ge=0)
    slope_weight: float = Field(default=0.5, ge=0)
    pooled_weight: float = Field(default=0.5, ge=0)
    loudness_share: float = Field(default=0.3, ge=0, le=1)
    matching_weight: float = Field(default=0.0, ge=0)
    adversarial_weight: float = Field(default=0.0, ge=0)
    adversarial_from: NonNegativeInt = 1000
    discriminator: MelDiscriminatorConfig = MelDiscriminatorConfig()
    discriminator_optimiser: Optimiser = Optimiser(lr=1e-3, betas=(0.5, 0.9), schedule="constant")
    augment: tuple[dict[str, Any], ...] = ({"name": "gain"},)
    weigh: Weigh = "duration"
    validation_mels: PositiveInt = 24
    validation_frames: PositiveInt = 256


def build(settings: MelVaeTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    spec = described(settings.dialect)
    batches = data.crops(
        unscaled(spec), frames=settings.segment_frames, batch=settings.batch_size, seed=settings.seed,
        augment=changes(settings.augment), weigh=settings.weigh,
    )  # fmt: skip
    own = coding(settings, batches)
    judged = settings.matching_weight > 0 or settings.adversarial_weight > 0
    with seeded(settings.seed + 1):
        judge = MelDiscriminator(settings.discriminator.model_copy(update={"style": 0}))

    def drawn(clean: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Rebuilt mel, posterior: drawn with the posterior's own noise, which quantisation puts in its place in use."""
        mean, log_variance = own.network.encode(clean)
        noise = torch.randn(mean.shape, generator=generator, device=generator.device).to(mean)
        return own.network.decode(mean + torch.exp(0.5 * log_variance) * noise).float(), mean, log_variance

    def rebuilding(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        values = batch["mel"]
        clean = own.normalised(values)
        made, mean, log_variance = drawn(clean, generator)
        nats = kl_nats(mean.float(), log_variance.float())
        least = settings.free_bits * 0.6931471805599453
        paid = nats if least == 0 else nats.mean((0, 2), keepdim=True).clamp(min=least) * nats.shape[0] * nats.shape[2]
        rate = own.bits_per_s(nats, values.shape[2])
        excess = rate / settings.bits_per_s - 1.0 if settings.bits_per_s else torch.zeros_like(rate)
        weights = own.loudness(values, settings.loudness_share)
        away = pooled_distance(made[:, 0], clean[:, 0], weights)
        return {
            "value": away.value, "slope": away.slope, "pooled": away.pooled,
            "kl": own.player.kl_weight.detach() * paid.sum() / clean.numel(),
            "price": own.player.control(excess), "bits_per_s": rate.detach(), "kl_weight": own.player.kl_weight.detach(),
            "mae": own.mae(made[:, 0], clean[:, 0]),
        }  # fmt: skip

    def judging(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        clean = own.normalised(batch["mel"])
        with torch.no_grad():
            made = drawn(clean, generator)[0]
        return {"hinge": hinge_discriminator(judge(_bands(clean)).logits, judge(_bands(made)).logits)}

    def deceiving(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        clean = own.normalised(batch["mel"])
        said = judge(_bands(drawn(clean, generator)[0]))
        with torch.no_grad():
            true = judge(_bands(clean))
        return {"matching": feature_matching(true.maps, said.maps), "adversarial": hinge_generator(said.logits)}

    weights = {
        "value": settings.value_weight, "slope": settings.slope_weight, "pooled": settings.pooled_weight, "kl": 1.0,
        "price": 1e-3, "bits_per_s": 0.0, "kl_weight": 0.0, "mae": 0.0,
    }  # fmt: skip
    begins = settings.adversarial_from
    turns: tuple[Step, ...] = (Step("rebuild", (PLAYER,), rebuilding, weights),)
    if judged:
        asked = {"matching": settings.matching_weight, "adversarial": settings.adversarial_weight}
        turns = (
            Step(JUDGE, (JUDGE,), judging, {"hinge": 1.0}, begins=begins),
            Step("deceive", (PLAYER,), deceiving, asked, begins=begins),
            *turns,
        )
    return Task(
        players={PLAYER: own.player, **({JUDGE: judge} if judged else {})},
        turns=turns,
        source=batches,
        optimisers={PLAYER: settings.optimiser, **({JUDGE: settings.discriminator_optimiser} if judged else {})},
        averaged=(PLAYER,),
        measure=measuring(settings, own, data),
        measures={METRIC: False},
        spec=spec,
        statistics=own.statistics.tensors(),
        facts={PLAYER: {"player": PLAYER, **facts_of(own).config()}},
    )


def _bands(mel: Tensor) -> Tensor:
    """[B, 1, T, n_mels] as discriminators take mels, [B, n_mels, T]."""
    return mel[:, 0].transpose(1, 2)


PLUGIN = Recipe(
    title="the mel VAE: a mel to a small latent of a given rate, and back",
    settings=MelVaeTraining,
    build=build,
    debug=MelVaeTraining(
        steps=20,
        batch_size=4,
        segment_frames=16,
        sizes={"channels": [16, 16], "latent_channels": 4},
        bits_per_s=4000.0,
        validation_mels=1,
        log_every=5,
        save_every=10,
        validate_every=20,
        augment=(),
        optimiser=Optimiser(lr=1e-2, betas=(0.9, 0.98), schedule="constant"),
    ),
    source="measured on held-out speakers against each mel's own mean, at equal rate",
    trains="vae",
)
