"""The converter: what is spoken, its pitch and loudness, and frames and style of a target → the target's mel, by a GAN."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt, ValidationError
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

from melpact.bench.score import Score
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError, TrainingError
from melpact.models.convert.content import Listener, listener
from melpact.models.convert.gan_inputs import Pool, per_db, pitch_given
from melpact.models.convert.lines import Lines
from melpact.models.convert.shipped import CONTENT, content_file
from melpact.nn.content_encoder import ContentEncoder, ContentEncoderConfig
from melpact.nn.converters.voice_changer import Converting, VoiceChangerConfig, receptive_field
from melpact.nn.discriminators.mels import MelDiscriminator, MelDiscriminatorConfig
from melpact.nn.losses.adversarial import hinge_discriminator, hinge_generator
from melpact.nn.losses.feature_matching import feature_matching
from melpact.nn.torch_runtime import seeded
from melpact.normalise.band_statistics import Statistics
from melpact.normalise.centring import loud_mean, raised
from melpact.train.conversing import APART, Conversing, said
from melpact.train.recipes import Recipe
from melpact.train.recipes._base import Base
from melpact.train.recipes._refining import unscaled
from melpact.train.recipes._vocoding import described
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Data, Limit, Step, Task

PLAYER, JUDGE = "converter", "discriminator"
METRIC = "converted_mae"
TEMPERATURE = 12.0
"""What cosines between styles are multiplied by before they name a voice."""
_COUNTED = 32
"""Batches whose mels are counted for the statistics."""
_ALIKE = 11
"""Frames that are averaged before what is said in another voice is held against frames picked of it."""
_MOVED = (3.0, 1.12)
"""Semitones and formants by which whoever speaks the validation's sounds is moved before he is brought back."""


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


class Hearing:
    """The content encoder as a loss: what is said in a mel at level 0, without its own weights learning.

    Args:
        heard: on torch, with weights of its own.
    """

    def __init__(self, heard: Listener) -> None:
        self.spec = heard.spec
        with seeded(0):
            network = ContentEncoder(ContentEncoderConfig(**heard.sizes))
        network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in heard.weights.items()})
        self.network = network.eval().requires_grad_(False)
        self.scale = torch.from_numpy(np.array(heard.scale))[:, None]

    def __call__(self, mels: Tensor) -> Tensor:
        """Values before scaling [B, n_mels, T] → features [B, D, T]."""
        known = [raised(one, self.spec) for one in mels.detach().float().cpu().numpy()]
        least = torch.tensor([one.min() for one in known]).to(mels)[:, None, None]
        mean = torch.from_numpy(np.stack([loud_mean(one) for one in known])).to(mels)[:, :, None]
        self.network.to(mels.device)
        made: Tensor = self.network((torch.maximum(mels, least) - mean) / self.scale.to(mels))
        return made


@dataclass(frozen=True, eq=False)
class Changing:
    """A network with what its numbers mean.

    Attributes:
        voices: whose its styles are, in their order; `learning`: how many of them are in the data. The others stand still.
    """

    network: Converting
    spec: MelSpec
    statistics: Statistics
    heard: Listener
    voices: tuple[str, ...]
    learning: int

    def normalised(self, values: Tensor) -> Tensor:
        """Values before scaling at level 0, [B, n_mels, T], with mean 0 and standard deviation 1 in every band."""
        return (values - self._row(self.statistics.mean, values)) / self._row(self.statistics.std, values)

    def restored(self, values: Tensor) -> Tensor:
        """The inverse."""
        return values * self._row(self.statistics.std, values) + self._row(self.statistics.mean, values)

    def spread(self, like: Tensor) -> Tensor:
        """Standard deviations [n_mels, 1]."""
        return self._row(self.statistics.std, like)

    def style(self, batch: Batch, who: str, learnt: float, generator: torch.Generator) -> Tensor:
        """[B, style]: of references, or for a share of the items the ones learnt for their voices."""
        made = self.network.reference(self.normalised(batch[f"{who}reference"]), batch[f"{who}heard"].float())
        drawn = torch.rand(made.shape[0], 1, generator=generator, device=generator.device).to(made.device) < learnt
        styles: Tensor = torch.where(drawn, self.network.of(batch[f"{who}voice"]).to(made), made)
        return styles

    def changed(self, content: Tensor, batch: Batch, who: str, style: Tensor) -> Tensor:
        """What a voice ("" the own one, "other_" the other) makes of a content; normalised."""
        moved, picked = self.normalised(batch[f"{who}moved"]), self.normalised(batch[f"{who}picked"])
        made: Tensor = self.network.changer(content, moved, picked, batch[f"{who}pitch"], batch["energy"], style)
        return made.float()

    def named(self, styles: Tensor) -> Tensor:
        """Logits of voices [B, voices] by styles [B, style]."""
        own = self.network.styles
        known = functional.normalize(torch.cat([own[: self.learning], own[self.learning :].detach()]), dim=1)
        return TEMPERATURE * functional.normalize(styles.float(), dim=1) @ known.T

    def style_of_made(self, mels: Tensor, sounds: Tensor) -> Tensor:
        """The style of what was made, normalised, [B, n_mels, T]; the reference encoder does not learn from it."""
        still = {name: value.detach() for name, value in self.network.reference.named_parameters()}
        made: Tensor = functional_call(self.network.reference, still, (mels, sounds.float()))
        return made

    def _row(self, values: NDArray[np.float32], like: Tensor) -> Tensor:
        return torch.from_numpy(np.array(values)).to(like)[:, None]


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


def hearing(settings: ConverterTraining, spec: MelSpec) -> Listener:
    """The content encoder of the settings, on torch.

    Raises:
        MelpactError: none, or one of another mel.
    """
    with seeded(0):
        heard = listener(content_file(".content") if settings.content == CONTENT else settings.content)
    if heard.spec != spec:
        raise TrainingError("the content encoder takes another mel", where="content", got=heard.spec.diff(spec).summary())
    if not heard.weights:
        raise TrainingError("a graph has no weights to learn through", where="content", wanted="NAME.content")
    return heard


def changing(settings: ConverterTraining, batches: Conversing, heard: Listener) -> Changing:
    """The network of the settings: its fresh weights drawn with their seed, and the statistics of what it will learn from;
    or those of the converter that it begins from.

    Raises:
        TrainingError: sizes that are none, or not those of that converter.
    """
    spec = batches.spec
    if settings.base:
        base = Base.load(settings.base, heard)
        network = base.network(batches, heard)
        kept = network.config.model_dump(mode="json")
        if any(kept.get(name) != size for name, size in settings.sizes.items()):
            raise TrainingError("a converter keeps its sizes", where="sizes", got=settings.sizes, next="Leave them out")
        network.reference.requires_grad_(not settings.still_reference)
        voices = base.voices(batches.names)
        return Changing(network.train(), spec, base.facts.statistics, heard, voices, batches.voices)
    try:
        sizes = VoiceChangerConfig(**{"n_mels": spec.n_mels, "content": heard.size, **settings.sizes})
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(str(first["msg"]), where=f"sizes.{'.'.join(map(str, first['loc']))}") from None
    with seeded(settings.seed):
        network = Converting(sizes, batches.voices)
    mels = (mel for step in range(_COUNTED) for mel in batches.batch_at(step, rank=0, world=1)["mel"])
    return Changing(network.train(), spec, Statistics.measure(mels, spec), heard, batches.names, batches.voices)


def measuring(settings: ConverterTraining, own: Changing, data: Data) -> Callable[[], Mapping[str, Mapping[str, Score]]]:
    """Who is moved in pitch and vocal tract and brought back to himself: mean error of the mel where it sounds, dB.

    Of each sound of the validation list the second half is converted, the first is what its speaker is known by. The null
    moves moments only, or takes the picked frames as they are, whichever is nearer.

    Raises:
        TrainingError: nothing to validate on.
    """
    items, nulls, picks = [], [], []
    decibel = per_db(own.spec)
    for _, audio in data.validation(settings.validation_mels):
        try:
            samples = audio.mono().samples[0]
            true, far = said(samples, own.spec, own.heard), said(samples, own.spec, own.heard, *_MOVED)
        except MelpactError:
            continue
        half = true.frames // 2
        know, say = slice(0, half - APART), slice(half, min(true.frames, far.frames))
        sounding = true.sounds[know]
        if half <= APART or sounding.sum() < 8 or true.sounds[say].sum() < 8:
            continue
        mels, contents = (np.asarray(x[:, know][:, sounding], np.float32) for x in (true.mel, true.content))
        pool = Pool(mels, contents, true.share[know][sounding])
        content = far.content[:, say].astype(np.float32)
        clean, where = true.mel[:, say].astype(np.float32), true.sounds[say]
        near = Lines.of(far.kinds, [(pool.kinds, 1.0)])(far.mel[:, say].astype(np.float32), far.share[say])
        picked = pool.picked(content)
        given: dict[str, NDArray[Any]] = {
            "picked": picked, "moved": near, "pitch": pitch_given(true.f0_hz[say], own.spec), "energy": far.energy[:, say],
            "reference": pool.mels, "heard": np.ones(pool.mels.shape[1], np.bool_),
        }  # fmt: skip
        items.append((content, clean, where, given))
        nulls.append(float(np.abs(near - clean)[:, where].mean() / decibel))
        picks.append(float(np.abs(picked - clean)[:, where].mean() / decibel))
    if not items:
        raise TrainingError("there is nothing to validate on", got="no sounds, or none long enough",
                            next="Mark some in the corpus: melpact corpus split")  # fmt: skip

    @torch.no_grad()
    def measured() -> Mapping[str, Mapping[str, Score]]:
        device = next(own.network.parameters()).device
        errors = []
        for content, clean, where, given in items:
            batch = {name: torch.from_numpy(np.ascontiguousarray(one))[None].to(device) for name, one in given.items()}
            style = own.network.reference(own.normalised(batch["reference"]), batch["heard"].float())
            made = own.restored(own.changed(torch.from_numpy(content)[None].to(device), batch, "", style))[0].cpu().numpy()
            errors.append(float(np.abs(made - clean)[:, where].mean() / decibel))
        value = float(np.mean(errors))
        null, anchor = min((float(np.mean(nulls)), "moments moved"), (float(np.mean(picks)), "the picked frames alone"))
        score = Score(
            value=value, unit="dB", null=null, null_anchor=anchor, ceiling=0.0, ceiling_anchor="as he spoke",
            skill=(null - value) / null, n=len(errors),
        )  # fmt: skip
        return {"brought back": {METRIC: score}}

    return measured


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
