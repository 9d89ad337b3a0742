"""The waveform codec: what its coefficients cost, and what is heard of them, learned side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, NonNegativeFloat, PositiveInt, ValidationError
from torch import Tensor

from melpact.contract import artifact
from melpact.contract.dialect import dialect
from melpact.core.errors import TrainingError
from melpact.corpus.crops import Weigh
from melpact.models.codec.waveform import side
from melpact.models.codec.waveform.facts import SUFFIX, learnt
from melpact.models.codec.waveform.side import Stream
from melpact.models.codec.waveform.steps import FRAMES_S, REFERENCE_HZ
from melpact.nn.codecs import coefficients, latent
from melpact.nn.codecs.coefficients import CoefficientPrior, PriorConfig
from melpact.nn.codecs.mdct import Mdct
from melpact.nn.codecs.waveform import WaveformCodecNetwork, WaveformConfig, coefficients_of
from melpact.nn.losses.loudness import LoudnessLoss
from melpact.nn.losses.spectral import SpectralLoss
from melpact.nn.torch_runtime import seeded
from melpact.train import checkpoint
from melpact.train.coded import METRIC, Checked, Coded, quantised
from melpact.train.recipes import Recipe
from melpact.train.recipes._codec_side import Beside
from melpact.train.recipes._vocoding import changes
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Data, Step, Task

PRIOR, SOUND = "prior", "sound"
RATE_HZ = 24000
DIALECT = "vocos_24k"
"""Only its hop decides how long a crop is."""
BESIDE = ("encoder.embed", "decoder.embed", "prior.first")
"""Layers of the network that see side streams."""


class CodecTraining(Training):
    """Settings.

    Args:
        sizes, prior_sizes: of the networks, where they are not their own defaults.
        turns: what is trained: the cost of coefficients ("prior"), what is heard of them ("sound"), or both.
        begin: checkpoints, or a .codec file, of which the players that are named here are taken: {"prior": FILE}.
        narrow_ratio: the share of items without anything above 8 kHz.
        few_ratio: the share of items of which only half the numbers of the latent are sent.
        careful, coarse: octaves of the step around a sound's level, between which it is drawn.
        following: by how much the step follows the level of a frame, drawn from 0 to this.
        latent_bits, latent_share, latent_most: bits that a latent may cost: the first, and so much of what the coefficients
            of its frames cost, at most the last. latent_pressure: of every bit below that.
        wave_weight, convergence_weight, log_weight, mel_weight, loudness_weight, added_weight, rate_weight: of the losses.
        side: streams (models.codec.waveform.side) that encoder, decoder and the latent's prior are told besides; what they
            cost is taken from the latent's bits. withheld_ratio: of the items, that each of them is kept from.
        validation_sounds: how many are coded at validation.
    """

    steps: PositiveInt = 6000
    batch_size: PositiveInt = 12
    segment_frames: PositiveInt = 120
    clip_norm: float | None = 5.0
    ema_decay: float = 0.995
    precision: Any = "bfloat16"
    validate_every: PositiveInt = 500
    save_every: PositiveInt = 250
    best_by: str = METRIC
    metrics: tuple[str, ...] = (METRIC,)
    sizes: dict[str, Any] = Field(default_factory=dict)
    prior_sizes: dict[str, Any] = Field(default_factory=dict)
    turns: tuple[Literal["prior", "sound"], ...] = ("prior", "sound")
    begin: dict[str, str] = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser(lr=1e-3, betas=(0.9, 0.98), schedule="cosine", warmup_steps=100, last=0.02)
    augment: tuple[dict[str, Any], ...] = ({"name": "speed", "chance": 0.25}, {"name": "equaliser", "chance": 0.25})
    weigh: Weigh = "speaker"
    narrow_ratio: float = Field(default=0.5, ge=0, le=1)
    few_ratio: float = Field(default=0.2, ge=0, le=1)
    careful: float = -5.5
    coarse: float = 2.0
    following: float = Field(default=0.6, ge=0, le=1)
    latent_bits: NonNegativeFloat = 10.0
    latent_share: NonNegativeFloat = 0.12
    latent_most: NonNegativeFloat = 26.0
    latent_pressure: NonNegativeFloat = 0.01
    wave_weight: NonNegativeFloat = 2.0
    convergence_weight: NonNegativeFloat = 2.0
    log_weight: NonNegativeFloat = 1.5
    mel_weight: NonNegativeFloat = 6.0
    loudness_weight: NonNegativeFloat = 20.0
    added_weight: NonNegativeFloat = 6.0
    rate_weight: NonNegativeFloat = 0.1
    side: tuple[Stream, ...] = ()
    withheld_ratio: float = Field(default=0.0, ge=0, lt=1)
    validation_sounds: PositiveInt = 12


def build(settings: CodecTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes and data that do not fit together.
    """
    if data.sample_rate != RATE_HZ:
        raise TrainingError(
            "the codec learns from sounds of another rate", got=f"{data.sample_rate} Hz", wanted=f"{RATE_HZ} Hz",
            next=f"Pack it at that rate: melpact corpus pack corpus.jsonl --rate {RATE_HZ} -o FOLDER",
        )  # fmt: skip
    try:
        sizes = WaveformConfig(**{**settings.sizes, "side": side.numbers(settings.side)})
        prior_sizes = PriorConfig(**settings.prior_sizes)
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(str(first["msg"]), where=f"sizes.{'.'.join(map(str, first['loc']))}") from None
    with seeded(settings.seed):
        prior, sound = CoefficientPrior(prior_sizes), WaveformCodecNetwork(sizes)
    players = {PRIOR: prior, SOUND: sound}
    for name, file in settings.begin.items():
        _begin(players, name, file)
    batches = data.crops(
        dialect(DIALECT).spec, frames=settings.segment_frames, batch=settings.batch_size, seed=settings.seed,
        augment=changes(settings.augment), weigh=settings.weigh,
    )  # fmt: skip
    told = Beside.of(batches, data.utterances(), settings.side, sizes.bins) if settings.side else None
    transform, spectral, loudness = Mdct(sizes.bins), SpectralLoss(RATE_HZ), LoudnessLoss(RATE_HZ)

    def drawn(batch: Batch, generator: torch.Generator) -> Coded:
        audio = batch["audio"].float()
        with torch.autocast(audio.device.type, enabled=False), torch.no_grad():
            moved = transform.to(audio.device)
            whole = audio[:, : audio.shape[1] // (2 * sizes.bins) * 2 * sizes.bins]
            true = moved(torch.nn.functional.pad(whole, (sizes.bins, 0))) / (RATE_HZ / REFERENCE_HZ) ** 0.5
            count, device = len(true), true.device
            chance = torch.rand(count, 3, generator=generator, device=device)
            narrow = (chance[:, 0] < settings.narrow_ratio)[:, None, None]
            known = ~(narrow & (torch.arange(sizes.bins, device=device) >= sizes.bins * 2 // 3))
            offset = settings.careful + (settings.coarse - settings.careful) * chance[:, 1]
            return quantised(true, known.float(), offset, settings.following * chance[:, 2])

    def costing(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        coded = drawn(batch, generator)
        said = prior(coded.values, coded.indices)
        with torch.autocast(coded.values.device.type, enabled=False):
            cost = coefficients.bits(coded.values, said, coded.known).mean()
        return {"bits": cost, "kbit_s": cost.detach() * FRAMES_S / 1000}

    def sounding(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        coded = drawn(batch, generator)
        device = coded.values.device
        few = torch.rand(len(coded.values), 1, 1, generator=generator, device=device) < settings.few_ratio
        kept = (~(few & (torch.arange(sizes.size, device=device) >= sizes.size // 2))).float()
        noise = torch.randint(0, 2, coded.values.shape, generator=generator, device=device).float() * 2 - 1
        beside, spent = told.given(batch, settings.withheld_ratio, generator) if told else (None, 0.0)
        values = sound.latent(coded.true, coded.values, kept, beside)
        cost = (latent.bits(values.float(), sound.spread(values, coded.values, beside)) * kept).sum(2).mean(1)
        filled = sound.decoder(coded.values, values, beside)
        with torch.autocast(device.type, enabled=False):
            made = coefficients_of(coded.values, filled, noise) * coded.known
            away = ((made - coded.true) * coded.step).square().sum((1, 2))
            power = (coded.true * coded.step).square().sum((1, 2)) + 1e-6
            heard = transform.inverse(made * coded.step * (RATE_HZ / REFERENCE_HZ) ** 0.5)
            real = transform.inverse(coded.true * coded.step * (RATE_HZ / REFERENCE_HZ) ** 0.5)
            spoken = 4.5 * 2 * (coded.values != 0).float().sum(2).mean(1)
            allowed = settings.latent_bits + settings.latent_share * spoken
            allowed = allowed.clamp(max=settings.latent_most) * torch.where(few[:, 0, 0], 0.6, 1.0) - spent
            spectra, loud = spectral.to(device)(heard, real), loudness.to(device)(heard, real)
            return {
                **spectra._asdict(), "loudness": loud.both, "added": loud.added, "wave": torch.sqrt(away / power).mean(),
                "rate": (torch.relu(cost - allowed) + settings.latent_pressure * cost).mean(),
                "latent_bits": cost.detach().mean(),
                "snr_db": 10 * torch.log10(power / away).mean().detach(),
            }  # fmt: skip

    weights = {"convergence": settings.convergence_weight, "log_magnitude": settings.log_weight, "mel": settings.mel_weight,
               "loudness": settings.loudness_weight, "added": settings.added_weight, "wave": settings.wave_weight,
               "rate": settings.rate_weight, "latent_bits": 0.0, "snr_db": 0.0}  # fmt: skip
    every = {
        PRIOR: Step(PRIOR, (PRIOR,), costing, {"bits": 0.05, "kbit_s": 0.0}),
        SOUND: Step(SOUND, (SOUND,), sounding, weights),
    }
    return Task(
        players=dict(players),
        turns=tuple(every[name] for name in settings.turns),
        source=told or batches,
        optimisers={name: settings.optimiser for name in players},
        averaged=(PRIOR, SOUND),
        measure=Checked(prior, sound, data, settings.validation_sounds, told.whole if told else None),
        measures={METRIC: False, "kbit_s": False, "snr_db": True},
        facts={"codec": {"prior": prior_sizes.model_dump(mode="json"), "sound": sizes.model_dump(mode="json")}},
    )


def _begin(players: Mapping[str, torch.nn.Module], name: str, file: str) -> None:
    if name not in players:
        raise TrainingError("there is no such player", where="begin", got=name, wanted=", ".join(players))
    from melpact.train.export import weights_in

    if Path(file).suffix == SUFFIX:
        weights = learnt(file)[1][name]
    else:
        weights = weights_in(artifact.read(Path(file), checkpoint.KIND), name)
    given = {key: torch.from_numpy(np.array(value, np.float32)) for key, value in weights.items()}
    players[name].load_state_dict(widened(given, players[name].state_dict()) if name == SOUND else given)


def widened(weights: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of a network without side streams for one with some: their columns, which are the last, begin as zeros."""
    made = dict(weights)
    for key in (f"{part}.weight" for part in BESIDE):
        more = wanted[key].shape[1] - made[key].shape[1] if key in made else 0
        if more > 0:
            made[key] = torch.nn.functional.pad(made[key], (0, more))
    return made


PLUGIN = Recipe(
    title="the waveform codec: what its coefficients cost, and what is heard of them",
    settings=CodecTraining,
    build=build,
    debug=CodecTraining(
        steps=20,
        batch_size=4,
        segment_frames=30,
        sizes={
            "encoder_width": 16,
            "encoder_blocks": 1,
            "decoder_width": 16,
            "decoder_blocks": 1,
            "prior_width": 8,
            "size": 4,
        },
        prior_sizes={"width": 4, "near": 4, "inside": 4, "summary": 4},
        optimiser=Optimiser(lr=1e-2, schedule="constant"),
        precision="float32",
        augment=(),
        narrow_ratio=1.0,
        few_ratio=0.0,
        careful=0.0,
        coarse=0.0,
        following=0.0,
        validation_sounds=1,
        log_every=5,
        save_every=10,
        validate_every=20,
    ),
    source="measured against Opus and Codec 2 on held-out speakers",
    trains="codec",
)
