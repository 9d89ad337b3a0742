"""The converter: what is spoken, its pitch and loudness, and frames and style of a target → the target's mel, by a GAN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor
from torch.nn import functional

from melpact.models.convert.shipped import CONTENT
from melpact.nn.converters.voice_changer import receptive_field
from melpact.nn.discriminators.mels import MelDiscriminator, MelDiscriminatorConfig
from melpact.nn.losses.adversarial import hinge_discriminator, hinge_generator
from melpact.nn.losses.feature_matching import feature_matching
from melpact.nn.torch_runtime import seeded
from melpact.train.conversing import Conversing
from melpact.train.recipes import Recipe
from melpact.train.recipes._converting import METRIC, Hearing, changing, hearing, measuring
from melpact.train.recipes._refining import unscaled
from melpact.train.recipes._vocoding import described
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Data, Limit, Step, Task

PLAYER, JUDGE = "converter", "discriminator"
_ALIKE = 11
"""Frames that are averaged before what is said in another voice is held against frames picked of it."""


class ConverterTraining(Training):
    """Settings.

    Args:
        dialect: the mel that it makes: a name, or a description as JSON. Its scaling is not looked at.
        content: the encoder that says what is spoken: a `.content` file, or the name of the one that comes with the package.
        sizes: of the network, where they are not its own defaults.
        base: a `.converter` file that the training begins from: its sizes, weights and statistics are taken over, and the
            styles of its voices are kept. Empty: a fresh network. still_reference: the reference encoder does not learn.
        optimiser: of generator, reference encoder and styles. discriminator_optimiser: of the discriminator.
        discriminator: its sizes; a style of 0 asks only whether a mel is one, not whose.
        adversarial_from: the first step at which the discriminator takes part and voices are exchanged.
        value_weight, difference_weight: of the error of what is said in one's own voice (identity) and of its differences
            along bands and frames. alike_weight: of how what is said in another voice differs, on a mean over
            neighbouring frames and but for its loudness, from the frames picked of that voice. naming_weight: of telling
            whose a reference is.
        adversarial_weight, matching_weight: against the discriminator. speaker_weight: of the style of what was exchanged.
            spoken_weight: of its content. cycle_weight: of what it comes to when it is exchanged back.
        reference_frames: frames that a style is made of, at most.
        learnt_styles: how often a style is the one learnt for a voice, and not that of a reference.
        variants, semitones, formant, unmoved: other speakers made of every speaker; see `train.conversing`.
        balance, most_s: how much of whom is heard. pool: frames to pick from, fewest and most.
        validation_mels: how many are converted at validation.
    """

    steps: PositiveInt = 6000
    batch_size: PositiveInt = 8
    segment_frames: PositiveInt = 128
    clip_norm: float | None = 1.0
    ema_decay: float = 0.998
    validate_every: PositiveInt = 500
    save_every: PositiveInt = 250
    best_by: str = METRIC
    metrics: tuple[str, ...] = (METRIC,)
    dialect: str = "hifigan_22k"
    content: str = CONTENT
    sizes: dict[str, Any] = Field(default_factory=dict)
    base: str = ""
    still_reference: bool = False
    optimiser: Optimiser = Optimiser(
        lr=1e-3, betas=(0.8, 0.99), weight_decay=0.01, schedule="cosine", warmup_steps=100, last=0.02
    )
    discriminator_optimiser: Optimiser = Optimiser(
        lr=3e-4, betas=(0.5, 0.99), weight_decay=0.0, schedule="cosine", warmup_steps=50, last=0.1
    )
    discriminator: MelDiscriminatorConfig = MelDiscriminatorConfig()
    adversarial_from: NonNegativeInt = 2500
    value_weight: float = Field(default=1.0, ge=0)
    difference_weight: float = Field(default=0.5, ge=0)
    alike_weight: float = Field(default=1.0, ge=0)
    naming_weight: float = Field(default=0.1, ge=0)
    adversarial_weight: float = Field(default=0.1, ge=0)
    matching_weight: float = Field(default=1.0, ge=0)
    speaker_weight: float = Field(default=0.5, ge=0)
    spoken_weight: float = Field(default=0.5, ge=0)
    cycle_weight: float = Field(default=0.5, ge=0)
    reference_frames: PositiveInt = 192
    learnt_styles: float = Field(default=0.3, ge=0, le=1)
    variants: PositiveInt = 4
    semitones: float = Field(default=5.0, ge=0)
    formant: float = Field(default=0.17, ge=0)
    unmoved: float = Field(default=0.6, ge=0, le=1)
    balance: float = Field(default=0.5, ge=0, le=1)
    most_s: float = Field(default=300.0, gt=0)
    pool: tuple[PositiveInt, PositiveInt] = (300, 3000)
    validation_mels: PositiveInt = 16


def build(settings: ConverterTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel, content encoder and data that do not fit together.
    """
    spec = unscaled(described(settings.dialect))
    heard = hearing(settings, spec)
    batches = Conversing(
        data.utterances(), spec, heard, frames=settings.segment_frames, reference=settings.reference_frames,
        batch=settings.batch_size, seed=settings.seed, variants=settings.variants, semitones=settings.semitones,
        formant=settings.formant, unmoved=settings.unmoved, balance=settings.balance, most_s=settings.most_s,
        pool=settings.pool,
    )  # fmt: skip
    own = changing(settings, batches, heard)
    with seeded(settings.seed + 1):
        judge = MelDiscriminator(settings.discriminator.model_copy(update={"style": own.network.config.style}))
    ear = Hearing(heard)

    def rebuilding(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        style = own.style(batch, "", settings.learnt_styles, generator)
        made, clean = own.changed(batch["content"], batch, "", style), own.normalised(batch["mel"])
        away = made - clean
        told = own.network.reference(own.normalised(batch["reference"]), batch["heard"].float())
        other = own.style(batch, "other_", settings.learnt_styles, generator)
        far = own.restored(own.changed(batch["content"], batch, "other_", other)) - batch["other_picked"]
        far = (far - far.mean(1, keepdim=True)) / own.spread(far) * batch["sounds"].unsqueeze(1)
        with torch.no_grad():
            bypass = (own.normalised(batch["moved"]) - clean).abs().mean()
        return {
            "value": away.abs().mean(),
            "difference": 0.5 * (away.diff(dim=1).abs().mean() + away.diff(dim=2).abs().mean()),
            "alike": functional.avg_pool1d(far, _ALIKE, 1, _ALIKE // 2).abs().mean(),
            "naming": functional.cross_entropy(own.named(told), batch["voice"]),
            "bypass": bypass,
        }

    def judging(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        with torch.no_grad():
            style = own.style(batch, "", settings.learnt_styles, generator)
            other = own.style(batch, "other_", settings.learnt_styles, generator)
            half = len(style) // 2
            made = torch.cat([own.changed(batch["content"], batch, "", style)[:half],
                              own.changed(batch["content"], batch, "other_", other)[half:]])  # fmt: skip
            whose = torch.cat([style[:half], other[half:]])
        real = judge(own.normalised(batch["mel"]), style.detach())
        return {"hinge": hinge_discriminator(real.logits, judge(made, whose.detach()).logits)}

    def exchanging(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        style = own.style(batch, "", settings.learnt_styles, generator)
        other = own.style(batch, "other_", settings.learnt_styles, generator)
        half = len(style) // 2
        rebuilt = own.changed(batch["content"], batch, "", style)
        made = own.changed(batch["content"], batch, "other_", other)
        clean = own.normalised(batch["mel"])
        said = judge(torch.cat([rebuilt[:half], made[half:]]), torch.cat([style[:half], other[half:]]).detach())
        same = judge(rebuilt[:half], style[:half].detach())
        with torch.no_grad():
            true = judge(clean[:half], style[:half].detach())
        there = batch["sounds"].to(made.dtype)
        spoken = ear(own.restored(made))
        again = own.changed(_centred(spoken, there), batch, "", style)
        whose = own.style_of_made(made, batch["sounds"])
        return {
            "adversarial": hinge_generator(said.logits),
            "matching": feature_matching(true.maps, same.maps),
            "speaker": functional.cross_entropy(own.named(whose), batch["other_voice"]),
            "spoken": _angle(_centred(spoken, there), _centred(batch["content"], there), there),
            "cycle": (again - clean).abs().mean(),
        }

    weights = {"value": settings.value_weight, "difference": settings.difference_weight, "alike": settings.alike_weight,
               "naming": settings.naming_weight, "bypass": 0.0}  # fmt: skip
    asked = ("adversarial", "matching", "speaker", "spoken", "cycle")
    exchanged = {name: float(getattr(settings, f"{name}_weight")) for name in asked}
    begins = settings.adversarial_from
    return Task(
        players={PLAYER: own.network, JUDGE: judge},
        turns=(
            Step("discriminator", (JUDGE,), judging, {"hinge": 1.0}, begins=begins),
            Step("exchange", (PLAYER,), exchanging, exchanged, begins=begins),
            Step("rebuild", (PLAYER,), rebuilding, weights),
        ),
        source=batches,
        optimisers={PLAYER: settings.optimiser, JUDGE: settings.discriminator_optimiser},
        averaged=(PLAYER,),
        measure=measuring(settings, own, data),
        measures={METRIC: False},
        limits=(Limit("discriminator/hinge", "the discriminator has won", low=1e-3),),
        spec=spec,
        statistics=own.statistics.tensors(),
        facts={PLAYER: {
            "player": PLAYER, "sizes": own.network.config.model_dump(mode="json"),
            "receptive_field": list(receptive_field(own.network.config)), "content": heard.fingerprint,
            "voices": list(own.voices),
        }},
    )  # fmt: skip


def _centred(features: Tensor, there: Tensor) -> Tensor:
    """Features [B, D, T] with mean 0 over the frames [B, T] that sound."""
    share = (there / there.sum(1, keepdim=True).clamp(min=1)).unsqueeze(1)
    return features - (features * share).sum(2, keepdim=True)


def _angle(made: Tensor, wanted: Tensor, there: Tensor) -> Tensor:
    """The mean of one minus the cosine over the frames that sound."""
    angle = 1 - functional.cosine_similarity(made, wanted, dim=1)
    return (angle * there).sum() / there.sum().clamp(min=1)


PLUGIN = Recipe(
    title="the converter: what is spoken and a target's frames to the target's mel, against a discriminator of mels",
    settings=ConverterTraining,
    build=build,
    debug=ConverterTraining(
        steps=20,
        batch_size=8,
        segment_frames=16,
        reference_frames=16,
        sizes={"width": 64, "blocks": 2, "style": 8, "reference_width": 16, "output_scale": 3.0},
        discriminator=MelDiscriminatorConfig.small(),
        adversarial_from=4,
        adversarial_weight=0.02,
        naming_weight=0.3,
        learnt_styles=0.0,
        pool=(16, 64),
        variants=1,
        validation_mels=1,
        log_every=5,
        save_every=10,
        validate_every=20,
        optimiser=Optimiser(lr=5e-3, betas=(0.9, 0.98), schedule="constant"),
    ),
    source="measured on held-out speakers against moments moved and the picked frames themselves",
    trains="converter",
)
