"""The speech model: tokens, how long each lasts, and who speaks → codes and a mel, then against a discriminator of mels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor

from melpact.core.errors import TrainingError
from melpact.models.speech.facts import Facts
from melpact.models.speech.facts import read as read_speaker
from melpact.nn.discriminators.mels import MelDiscriminator, MelDiscriminatorConfig
from melpact.nn.losses.adversarial import hinge_discriminator, hinge_generator
from melpact.nn.losses.feature_matching import feature_matching
from melpact.nn.speech.aligner import SLOT_FRAMES
from melpact.nn.speech.network import DURATIONS, STEP_SLOTS, Heard, SpeechConfig, SpeechNetwork, losses
from melpact.nn.torch_runtime import seeded
from melpact.text.languages import resolved
from melpact.train.alignment import EVEN, Alignment, even
from melpact.train.recipes import Recipe
from melpact.train.recipes._speaking import ReadTraining, sized, weights
from melpact.train.recipes._teaching import METRIC, Speech, View
from melpact.train.settings import Optimiser
from melpact.train.spoken import Line, Readable, Spoken, readable
from melpact.train.task import Batch, Data, Limit, Step, Task
from melpact.train.voiced import ear, voices_of

PLAYER, JUDGE = "speech", "discriminator"
VOICES = "voices.safetensors"
"""Kept beside the samples."""
NAMED = "voices"
_MOST_NAMED = 64
"""Voices that come with an exported speaker, at most: those that say most."""


class SpeechTraining(ReadTraining):
    """Settings.

    Args:
        alignment: a `.alignment` file: when each token is said; "even": all of one length, for want of one.
        voice: the encoder that says who speaks: "" for the one that comes with the package, a graph of its kind, or
            "moments" for want of one.
        base: a `.speech` file that the training begins from: sizes, weights and statistics are taken over. Empty: afresh.
        sizes: of the network, where they are not its own defaults.
        optimiser: of the network. discriminator_optimiser: of the discriminator. discriminator: its sizes.
        adversarial_from: the first step at which the discriminator takes part; from then on the codes mean what they mean.
        value_weight, difference_weight: of the mel's error and of its differences along bands and frames. codes_weight,
            pace_weight: of the codes' and the durations' likelihood. adversarial_weight, matching_weight: against the
            discriminator.
        judged_frames: that the discriminator sees of an item.
        unsaid: how often the decoder gets no codes. moved, moved_items: how often a code is off by one, and of how many
            items. unknown: how often the prior lacks the text of a beginning.
        surest: the share of utterances that is kept, by how sure the alignment is of them.
    """

    steps: PositiveInt = 20_000
    ema_decay: float = 0.999
    validate_every: PositiveInt = 1000
    save_every: PositiveInt = 500
    best_by: str = METRIC
    metrics: tuple[str, ...] = (METRIC,)
    alignment: str = ""
    voice: str = ""
    base: str = ""
    sizes: dict[str, Any] = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser(
        lr=1.2e-3, betas=(0.9, 0.98), weight_decay=0.01, schedule="cosine", warmup_steps=200, last=0.02
    )
    discriminator_optimiser: Optimiser = Optimiser(lr=3e-4, betas=(0.5, 0.99), schedule="constant")
    discriminator: MelDiscriminatorConfig = MelDiscriminatorConfig()
    adversarial_from: NonNegativeInt = 12_000
    value_weight: float = Field(default=1.0, ge=0)
    difference_weight: float = Field(default=0.5, ge=0)
    codes_weight: float = Field(default=0.35, ge=0)
    pace_weight: float = Field(default=0.15, ge=0)
    adversarial_weight: float = Field(default=0.06, ge=0)
    matching_weight: float = Field(default=0.3, ge=0)
    judged_frames: PositiveInt = 48
    unsaid: float = Field(default=0.12, ge=0, le=1)
    moved: float = Field(default=0.08, ge=0, le=1)
    moved_items: float = Field(default=0.5, ge=0, le=1)
    unknown: float = Field(default=0.12, ge=0, le=1)
    surest: float = Field(default=0.98, gt=0, le=1)


def build(settings: SpeechTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel, alignment, voices and data that do not fit together.
    """
    read, spec = readable(data), settings.spec
    every, held = list(read.lines()), list(read.validation_lines(max(2, settings.validation_lines)))
    alignment, hears = _alignment(settings, read, [*every, *held]), ear(settings.voice)
    base = _base(settings, hears.fingerprint)
    voices = voices_of([*every, *held], hears, spec, read.read_fingerprint, read.kept(VOICES))
    lines = [line for line in every if line.name in alignment.durations and voices.knows(line)]
    lines = _surest(lines, alignment, settings.surest)
    languages = tuple(base.languages if base is not None else sorted({line.language for line in lines}))
    number = {name: index for index, name in enumerate(languages)}
    strange = sorted({line.language for line in lines} - number.keys())
    if strange:
        raise TrainingError("does not know the languages of the corpus", where=settings.base, got=", ".join(strange),
                            wanted=", ".join(languages))  # fmt: skip
    weighed = weights(lines, settings.weigh)

    def told(line: Line, rng: np.random.Generator | None) -> Mapping[str, NDArray[Any]]:
        return {
            "durations": alignment.durations[line.name], "language": np.array(number[line.language], np.int64),
            "voice": voices.of(line, rng),
        }  # fmt: skip

    batches = Spoken(
        lines, spec, batch=settings.batch_size, seed=settings.seed, most_frames=settings.segment_frames,
        fingerprint=f"{read.read_fingerprint} {alignment.fingerprint} {voices.fingerprint}",
        weigh=lambda line: weighed[line.name], extra=lambda index, rng: told(batches.lines[index], rng),
    )  # fmt: skip
    fixed = {"n_mels": spec.n_mels, "languages": languages, "voice": hears.size}
    sizes = dict(base.sizes) if base is not None else settings.sizes
    with seeded(settings.seed):
        network = SpeechNetwork(sized(SpeechConfig, sizes, fixed))
        judge = MelDiscriminator(settings.discriminator.model_copy(update={"style": 0}))
    statistics = batches.statistics() if base is None else base.statistics
    own = Speech(network.train(), statistics)
    seen = [line for line in held if line.name in alignment.durations and voices.knows(line) and line.language in number]
    view = View(own, spec, seen, lambda line: told(line, None))

    numbers = network.config.numbers

    def teaching(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        heard = own.heard(batch)
        return losses(network(heard, **_drawn(settings, heard, numbers, generator)), heard)

    def judging(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        heard = own.heard(batch)
        drawn = _drawn(settings, heard, numbers, generator)
        with torch.no_grad():
            made = network(heard, **drawn).mel.float()
        true, said = _pieces(heard, made, drawn["unsaid"], settings.judged_frames, generator)
        return {"hinge": hinge_discriminator(judge(true).logits, judge(said).logits)}

    def speaking(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        heard = own.heard(batch)
        network.posterior.requires_grad_(False)
        drawn = _drawn(settings, heard, numbers, generator)
        made = network(heard, **drawn)
        true, said = _pieces(heard, made.mel.float(), drawn["unsaid"], settings.judged_frames, generator)
        fooled = judge(said)
        with torch.no_grad():
            real = judge(true)
        return {
            **losses(made, heard), "adversarial": hinge_generator(fooled.logits),
            "matching": feature_matching(real.maps, fooled.maps),
        }  # fmt: skip

    asked = {name: float(getattr(settings, f"{name}_weight")) for name in ("value", "difference", "codes", "pace")}
    against = {name: float(getattr(settings, f"{name}_weight")) for name in ("adversarial", "matching")}
    begins = settings.adversarial_from
    late = begins < settings.steps
    names, usual = _named(lines, languages)
    return Task(
        players={PLAYER: network, JUDGE: judge},
        turns=(
            Step("discriminator", (JUDGE,), judging, {"hinge": 1.0}, begins=begins),
            Step("opposed", (PLAYER,), speaking, {**asked, **against}, begins=begins),
            Step("speech", (PLAYER,), teaching, asked, ends=begins if late else None),
        ),
        source=batches,
        optimisers={PLAYER: settings.optimiser, JUDGE: settings.discriminator_optimiser},
        averaged=(PLAYER,),
        measure=view.measure,
        measures={METRIC: False},
        examine=view.examine,
        limits=(Limit("discriminator/hinge", "the discriminator has won", low=1e-3),),
        spec=spec,
        statistics={**statistics.tensors(), NAMED: np.stack([voices.mean(name) for name in names])},
        facts={PLAYER: {
            "player": PLAYER, "sizes": network.config.model_dump(mode="json"), "encoder": hears.fingerprint,
            "durations": list(DURATIONS), "reach_slots": network.decoder.reach, "voices": names, "usual": usual,
            "languages": [[name, resolved(name)] for name in languages],
        }},
        item_frames=float(np.mean([line.n_samples for line in batches.lines])) / spec.hop_length,
    )  # fmt: skip


def _alignment(settings: SpeechTraining, read: Readable, lines: Sequence[Line]) -> Alignment:
    if settings.alignment == EVEN:
        return even(lines, settings.spec, read.read_fingerprint)
    if not settings.alignment:
        raise TrainingError(
            "needs to know when each sound is said", where="alignment", wanted="a .alignment file",
            next="melpact train speech makes it, or: melpact train aligner; melpact train export RUN -o X.alignment",
        )  # fmt: skip
    found = Alignment.load(settings.alignment)
    found.check(read.read_fingerprint, settings.alignment)
    if found.spec != settings.spec:
        raise TrainingError("is of another mel", where=settings.alignment, got=found.spec.diff(settings.spec).summary())
    return found


def _base(settings: SpeechTraining, voice: str) -> Facts | None:
    if not settings.base:
        return None
    found, _ = read_speaker(settings.base)
    if found.spec != settings.spec:
        raise TrainingError("makes another mel", where=settings.base, got=found.spec.diff(settings.spec).summary())
    if found.encoder != voice:
        raise TrainingError(
            "was trained with another voice encoder", where=settings.base, got=voice, wanted=found.encoder,
            next="Name its own: --set voice=GRAPH",
        )  # fmt: skip
    return found


def _surest(lines: list[Line], alignment: Alignment, share: float) -> list[Line]:
    """So many of the lines, those of which the alignment is surest."""
    ranked = sorted(lines, key=lambda line: -alignment.fits[line.name])
    kept = {line.name for line in ranked[: max(1, round(share * len(ranked)))]}
    return [line for line in lines if line.name in kept]


def _named(lines: Sequence[Line], languages: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The speakers who say most, the first the one who says most; and of every language the one who says most in it."""
    said: dict[tuple[str, str], int] = {}
    total: dict[str, int] = {}
    for line in lines:
        who = line.speaker or line.name
        said[who, line.language] = said.get((who, line.language), 0) + line.n_samples
        total[who] = total.get(who, 0) + line.n_samples
    spoken = {language for _, language in said}
    usual = {
        language: max((n, who) for (who, own), n in sorted(said.items()) if own == language)[1]
        for language in languages
        if language in spoken
    }
    most = sorted(total, key=lambda who: (-total[who], who))[:_MOST_NAMED]
    return list(dict.fromkeys([*most, *usual.values()])), usual


def _drawn(settings: SpeechTraining, heard: Heard, numbers: int, generator: torch.Generator) -> dict[str, Tensor]:
    """What of an item is kept from which part of the network."""
    items, steps = len(heard.mel), heard.mel.shape[2] // (SLOT_FRAMES * STEP_SLOTS)

    def chance(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, device=generator.device).to(heard.mel.device)

    sign = (chance(items, steps, numbers) < 0.5).float() * 2 - 1
    off = (chance(items, steps, numbers) < settings.moved).float() * sign
    return {
        "unsaid": (chance(items) < settings.unsaid).float(),
        "moved": off * (chance(items) < settings.moved_items).float().view(-1, 1, 1),
        "unknown": (chance(items) * heard.n_slots * 0.6).long() * (chance(items) < settings.unknown).long(),
    }


def _pieces(
    heard: Heard, made: Tensor, unsaid: Tensor, frames: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """A piece of every item that has codes, true and made: [B, n_mels, frames] each, 0 behind an item's end."""
    kept = torch.nonzero(unsaid < 0.5)[:, 0] if bool((unsaid < 0.5).any()) else torch.arange(len(unsaid))
    drawn = torch.rand(len(unsaid), generator=generator, device=generator.device).to(made.device)
    room = (heard.n_slots * SLOT_FRAMES - frames).clamp(min=0)
    there = torch.arange(made.shape[2], device=made.device) < SLOT_FRAMES * heard.n_slots.unsqueeze(1)
    pieces = []
    for values in (heard.mel, made):
        padded = torch.nn.functional.pad(values * there.unsqueeze(1), (0, max(0, frames - made.shape[2])))
        rows = [padded[index, :, int(first) : int(first) + frames] for index, first in enumerate((drawn * room).long())]
        pieces.append(torch.stack([rows[int(index)] for index in kept]))
    return pieces[0], pieces[1]


PLUGIN = Recipe(
    title="the speech model: tokens, durations and a voice to codes and a mel",
    settings=SpeechTraining,
    build=build,
    debug=SpeechTraining(
        steps=20,
        batch_size=4,
        segment_frames=160,
        sizes={
            "width": 32, "text_blocks": 1, "voice_width": 8, "numbers": 2, "levels": 4, "prior": 32, "inner": 8, "pace": 16,
            "decoder": 32, "decoder_blocks": 1, "encoder": 16, "encoder_blocks": 1,
        },
        discriminator=MelDiscriminatorConfig.small(),
        adversarial_from=15,
        adversarial_weight=0.01,
        matching_weight=0.01,
        judged_frames=16,
        voice="moments",
        alignment=EVEN,
        validation_lines=4,
        log_every=5,
        save_every=10,
        validate_every=20,
        surest=1.0,
        optimiser=Optimiser(lr=5e-3, betas=(0.9, 0.98), schedule="constant"),
    ),
    source="measured on held-out sentences by a recogniser, against vocoded recordings and shuffled texts",
    trains="speech",
)  # fmt: skip
