"""What training a converter needs beside its recipe: the encoder as a loss, the network with what its numbers mean, and the
measure of a validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

from melpact.bench.score import Score
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError, TrainingError
from melpact.features.active import per_db
from melpact.models.convert.content import Listener, listener
from melpact.models.convert.gan_inputs import Pool, pitch_given
from melpact.models.convert.lines import Lines
from melpact.models.convert.shipped import CONTENT, content_file
from melpact.nn.content_encoder import ContentEncoder, ContentEncoderConfig
from melpact.nn.converters.voice_changer import Converting, VoiceChangerConfig
from melpact.nn.torch_runtime import seeded
from melpact.normalise.band_statistics import Statistics
from melpact.normalise.centring import loud_mean, raised
from melpact.train.conversing import APART, Conversing, said
from melpact.train.recipes._base import Base
from melpact.train.task import Batch, Data

if TYPE_CHECKING:
    from melpact.train.recipes.converter import ConverterTraining

METRIC = "converted_mae"
TEMPERATURE = 12.0
"""What cosines between styles are multiplied by before they name a voice."""
_COUNTED = 32
"""Batches whose mels are counted for the statistics."""
_MOVED = (3.0, 1.12)
"""Semitones and formants by which whoever speaks the validation's sounds is moved before he is brought back."""


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
