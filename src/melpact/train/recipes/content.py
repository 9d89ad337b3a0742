"""The content encoder: a mel to what a teacher hears in it, whoever speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, ValidationError
from torch import Tensor
from torch.nn import functional

from melpact.audio.audio import Audio
from melpact.bench.score import Score
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.corpus.crops import Crops, Weigh
from melpact.features.analysis import extract
from melpact.nn.content_encoder import ContentEncoder, ContentEncoderConfig, receptive_field
from melpact.nn.torch_runtime import seeded
from melpact.normalise.centring import centred
from melpact.train.recipes import Recipe
from melpact.train.recipes._refining import unscaled
from melpact.train.recipes._vocoding import changes, described
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Data, Source, Step, Task
from melpact.train.taught import CEPSTRA, Cepstra, Taught, Teacher, Teaching, times

PLAYER = "content"
METRIC = "content_error"
_COUNTED = 16
"""Batches whose mels are counted for the scale of the input."""


class ContentTraining(Training):
    """Settings.

    Args:
        dialect: the mel that it takes: a name, or a description as JSON. Its scaling is not looked at.
        teacher: file of what a teacher hears in the corpus (benchmarks.content_teacher makes one); "cepstra": the mel's own
            cepstrum, for want of one.
        sizes: of the network, where they are not its own defaults; the bands are those of the mel.
        augment: changes to the sounds, while what is to be heard stays; none may move anything in time.
        warp: by how much the bands are stretched or squeezed at most, as a share (Jaitly and Hinton 2013, "Vocal tract
            length perturbation improves speech recognition").
        level_jitter: standard deviation of what is added to each band's mean, in the unit of the scaled input: a mean of a
            crop is not that of an utterance.
        angle_weight: of one minus the cosine between the features and those wanted; the squared error weighs 1.
        weigh: what all have the same chance of being drawn: every second ("duration"), speaker, language or utterance.
        validation_mels: of how many the error is measured at validation.
    """

    steps: PositiveInt = 2000
    batch_size: PositiveInt = 8
    segment_frames: PositiveInt = 192
    clip_norm: float | None = 1.0
    ema_decay: float = 0.995
    validate_every: PositiveInt = 500
    save_every: PositiveInt = 250
    best_by: str = METRIC
    metrics: tuple[str, ...] = (METRIC,)
    dialect: str = "hifigan_22k"
    teacher: str = CEPSTRA
    sizes: dict[str, Any] = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser(
        lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01, schedule="cosine", warmup_steps=100, last=0.01
    )
    augment: tuple[dict[str, Any], ...] = (
        {"name": "pitch_shift", "semitones": 5.0, "chance": 0.25},
        {"name": "formant_shift", "semitones": 3.0, "chance": 0.25},
        {"name": "noise", "chance": 0.3},
    )
    warp: float = Field(default=0.12, ge=0, lt=0.5)
    level_jitter: float = Field(default=0.15, ge=0)
    angle_weight: float = Field(default=0.5, ge=0)
    weigh: Weigh = "duration"
    validation_mels: PositiveInt = 24


@dataclass(frozen=True)
class Encoder:
    """A network with what its numbers mean.

    Attributes:
        scale: by which centred values are divided, float32 [n_mels].
    """

    network: ContentEncoder
    spec: MelSpec
    scale: NDArray[np.float32]

    def given(self, mels: Tensor) -> Tensor:
        """What the network takes of mels before scaling [B, n_mels, T]; on the CPU, without gradients."""
        made = np.stack([centred(one, self.spec) for one in mels.cpu().numpy()])
        return (torch.from_numpy(made) / torch.from_numpy(self.scale)[:, None]).to(mels.device)


def build(settings: ContentTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel, teacher and data that do not fit together.
    """
    spec = unscaled(described(settings.dialect))
    batches, teaching = source(settings, data, spec)
    own = encoder(settings, batches, teaching.size, spec)

    def hearing(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        given = warped(own.given(batch["mel"]), settings.warp, generator)
        drawn = torch.randn(given.shape[:2], generator=generator, device=generator.device).to(given)
        made = own.network(given + settings.level_jitter * drawn[:, :, None]).float()
        return distance(made, batch["wanted"], batch["known"])

    weights = {"square": 1.0, "angle": settings.angle_weight}
    about = {"player": PLAYER, "sizes": own.network.config.model_dump(mode="json"),
             "receptive_field": list(receptive_field(own.network.config)), "teacher": dict(teaching.facts)}  # fmt: skip
    return Task(
        players={PLAYER: own.network},
        turns=(Step(PLAYER, (PLAYER,), hearing, weights),),
        source=batches,
        optimisers={PLAYER: settings.optimiser},
        averaged=(PLAYER,),
        measure=measuring(settings, own, teaching, data),
        measures={METRIC: False},
        spec=spec,
        statistics={"scale": own.scale, "basis": teaching.basis},
        facts={PLAYER: about},
    )


def source(settings: ContentTraining, data: Data, spec: MelSpec) -> tuple[Source, Teaching]:
    """The batches that the settings ask for, and their teacher.

    Raises:
        MelpactError: data that does not fit, no such teacher, or one of another corpus.
    """
    crops = data.crops(
        spec, frames=settings.segment_frames, batch=settings.batch_size, seed=settings.seed,
        augment=changes(settings.augment), weigh=settings.weigh,
    )  # fmt: skip
    if settings.teacher == CEPSTRA:
        size = int(settings.sizes.get("size", ContentEncoderConfig(n_mels=spec.n_mels).size))
        teaching: Teaching = Cepstra(spec, min(size, spec.n_mels))
        return Taught(crops, teaching), teaching
    if not isinstance(crops, Crops):
        raise TrainingError("a teacher's file goes with a packed corpus", where="teacher", got=settings.teacher)
    heard = Teacher.load(settings.teacher)
    return Taught(heard.only(crops), heard), heard


def encoder(settings: ContentTraining, batches: Source, size: int, spec: MelSpec) -> Encoder:
    """The network of the settings, its fresh weights drawn with their seed, and the scale of what it will see.

    Raises:
        TrainingError: sizes that are none.
    """
    try:
        sizes = ContentEncoderConfig(**{"n_mels": spec.n_mels, **settings.sizes, "size": size})
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(str(first["msg"]), where=f"sizes.{'.'.join(map(str, first['loc']))}") from None
    with seeded(settings.seed):
        network = ContentEncoder(sizes)
    mels = [mel for step in range(_COUNTED) for mel in batches.batch_at(step, rank=0, world=1)["mel"]]
    spread = np.mean([centred(mel, spec).var(1) for mel in mels], 0) ** 0.5
    return Encoder(network.train(), spec, np.maximum(spread, 1e-3).astype(np.float32))


def warped(mels: Tensor, most: float, generator: torch.Generator) -> Tensor:
    """Each mel [B, n_mels, T] with its bands stretched or squeezed by a factor of 1 ± `most`, and a little curved."""
    if most == 0:
        return mels
    batch, bands, _ = mels.shape
    drawn = (2 * torch.rand(batch, 2, generator=generator, device=generator.device) - 1).to(mels)
    place = torch.arange(bands, device=mels.device, dtype=mels.dtype)
    bent = torch.sin(torch.pi * place / bands) * 0.25 * most * bands
    where = place * (1 + most * drawn[:, :1]) + drawn[:, 1:] * bent
    where = where.clamp(0, bands - 1)
    low = where.floor().clamp(max=bands - 2)
    index = low.long()[:, :, None].expand_as(mels)
    below, above = mels.gather(1, index), mels.gather(1, index + 1)
    return below + (where - low)[:, :, None] * (above - below)


def distance(made: Tensor, wanted: Tensor, known: Tensor) -> dict[str, Tensor]:
    """Mean squared error and mean of one minus the cosine, over the frames [B, T] of which something is known."""
    there = known.to(made.dtype)
    frames = there.sum().clamp(min=1)
    square = ((made - wanted) ** 2).mean(1)
    angle = 1 - functional.cosine_similarity(made, wanted, dim=1)
    return {"square": (square * there).sum() / frames, "angle": (angle * there).sum() / frames}


def measuring(
    settings: ContentTraining, own: Encoder, teaching: Teaching, data: Data
) -> Callable[[], Mapping[str, Mapping[str, Score]]]:
    """One minus the cosine to the teacher's features on the validation list; the null says the mean at every frame.

    Raises:
        TrainingError: there is nothing to validate on, or the teacher has heard none of it.
    """
    items = []
    for name, audio in data.validation(settings.validation_mels):
        mel = extract(audio, own.spec).values
        found = _heard(teaching, name, audio, mel, own.spec)
        if found is not None:
            items.append((mel, *found))
    if not items:
        raise TrainingError(
            "there is nothing to validate on", got="no sounds, or none that the teacher has heard",
            next="Mark some in the corpus (melpact corpus split), and let the teacher hear them",
        )  # fmt: skip

    @torch.no_grad()
    def measured() -> Mapping[str, Mapping[str, Score]]:
        device = next(own.network.parameters()).device
        errors = []
        for mel, wanted, known in items:
            made = own.network(own.given(torch.tensor(mel)[None].to(device))).float().cpu()
            errors.append(float(distance(made, torch.from_numpy(wanted)[None], torch.from_numpy(known)[None])["angle"]))
        value = float(np.mean(errors))
        score = Score(
            value=value, unit="1 - cosine", null=1.0, null_anchor="nothing said", ceiling=0.0, ceiling_anchor="the teacher",
            skill=1 - value, n=len(errors),
        )  # fmt: skip
        return {"held out": {METRIC: score}}

    return measured


def _heard(
    teaching: Teaching, name: str, audio: Audio, mel: NDArray[np.float32], spec: MelSpec
) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
    if isinstance(teaching, Teacher) and name not in teaching.features:
        return None
    return teaching.taught(name, mel, times(spec, 0, mel.shape[1]))


PLUGIN = Recipe(
    title="the content encoder: a mel to what is spoken, whoever speaks",
    settings=ContentTraining,
    build=build,
    debug=ContentTraining(
        steps=20,
        batch_size=4,
        segment_frames=16,
        sizes={"size": 8, "width": 32, "blocks": 2},
        validation_mels=1,
        log_every=5,
        save_every=10,
        validate_every=20,
        augment=(),
        warp=0.02,
        level_jitter=0.02,
        optimiser=Optimiser(lr=1e-2, betas=(0.9, 0.98), schedule="constant"),
    ),
    source="measured on held-out speakers: sentences read by two of them, and whose voice it is",
    trains="content",
)
