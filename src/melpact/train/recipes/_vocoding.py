"""What all recipes of vocoders share: the generator of any family, its inputs, and the sounds of the validation list."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.core.records import digest
from melpact.corpus.augment import augmentation
from melpact.corpus.crops import Augmentation, Weigh
from melpact.features.analysis import extract
from melpact.nn.torch_runtime import TorchRuntime, seeded
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Data, Example, Limit, Losses, Source, Step, Task
from melpact.vocoders.families import Family, family
from melpact.vocoders.neural.vocoder import NeuralVocoder

PLAYER = "generator"
QUIET_DB = -70.0
PREDICTED = "predicted"
"""The group of validation sounds that are made from predicted mels."""

SMALL: Mapping[str, Any] = MappingProxyType(
    {
        "steps": 20, "batch_size": 4, "segment_frames": 16, "validation_sounds": 1, "log_every": 5, "save_every": 10,
        "validate_every": 20, "metrics": ("mel_mae",), "best_by": "mel_mae",
    }
)  # fmt: skip
"""What the debug twins have in common."""


class VocoderTraining(Training):
    """Settings of every recipe that trains a vocoder.

    Args:
        family: of vocoders, as `melpact.vocoders.families` lists them.
        preset: published sizes of that family, or "small"; None: its first. The bands are always those of the mel.
        sizes: changes of single sizes.
        dialect: the mel that it takes: a name, or a description as JSON.
        weight_norm: train the convolutions' weights as direction and length (Salimans and Kingma 2016); folded at export.
        optimiser: of the generator.
        augment: changes to the sounds, each a name of `melpact.corpus.augment` with its settings: {"name": "gain", …}.
        weigh: what all have the same chance of being drawn: every second ("duration"), speaker, language or utterance.
        start_iterations: of fast Griffin-Lim where the family corrects the inversion, in training and in use afterwards;
            None: the family's own.
        predicted_ratio: the share of items that come with a predicted mel, where there are such mels.
        validation_sounds: how many are made at validation.
    """

    family: str = "hifigan"
    preset: str | None = None
    sizes: dict[str, Any] = Field(default_factory=dict)
    dialect: str = "hifigan_22k"
    weight_norm: bool = False
    optimiser: Optimiser = Optimiser()
    augment: tuple[dict[str, Any], ...] = ()
    weigh: Weigh = "duration"
    start_iterations: NonNegativeInt | None = None
    predicted_ratio: float = Field(default=0.5, ge=0, le=1)
    validation_sounds: PositiveInt = 16


@dataclass(frozen=True)
class Voice:
    """A generator with what is needed to feed it and to write it down.

    Attributes:
        network: with fresh weights. maker: the same network as a vocoder, for use under evaluation.
    """

    network: nn.Module
    maker: NeuralVocoder
    spec: MelSpec

    @property
    def facts(self) -> dict[str, Any]:
        """What an export needs to know."""
        return {"vocoder": {"player": PLAYER, "family": self.maker.family, "sizes": dict(self.maker.config)}}

    def sound(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Samples [B, N] from the batch's mel and whatever else the family takes."""
        samples: Tensor = self.network(*self._inputs(batch, generator))
        return samples.float()

    def _inputs(self, batch: Batch, generator: torch.Generator) -> list[Tensor]:
        mel = batch["mel"]
        known = dict(batch)
        if "noise" in self.maker.inputs:
            shape = (mel.shape[0], self.maker.noise_channels, mel.shape[2])
            known["noise"] = torch.randn(shape, generator=generator, device=mel.device)
        missing = [name for name in self.maker.inputs if name not in known]
        if missing:
            raise TrainingError(
                f"a {family(self.maker.family).title} is driven by more than the mel, which the data does not have",
                got=", ".join(missing),
                next="Train another family",
            )
        return [known[name] for name in self.maker.inputs]


@dataclass(frozen=True)
class Begun:
    """A source of crops with the spectrum of each mel's inversion beside it: "start" [B, 2 * bins, frames]."""

    crops: Source
    spec: MelSpec
    iterations: int

    @property
    def batch(self) -> int:
        """Items of a step."""
        return self.crops.batch

    @property
    def fingerprint(self) -> str:
        """Of the crops and of what begins them."""
        return digest({"crops": self.crops.fingerprint, "iterations": self.iterations})

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        """As the crops', with "start"."""
        found = dict(self.crops.batch_at(step, rank=rank, world=world))
        found["start"] = np.stack([self._estimate(values) for values in found["mel"]])
        return found

    def _estimate(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        from melpact.vocoders.griffin_lim.estimate import estimate

        return estimate(Mel(values, self.spec), iterations=self.iterations)


def voice(settings: VocoderTraining) -> Voice:
    """The generator of the settings, its fresh weights drawn with their seed.

    Raises:
        ContractError: sizes that contradict themselves or the mel. TrainingError: no such preset.
    """
    kind, spec = family(settings.family), spec_of(settings)
    with seeded(settings.seed):
        maker = NeuralVocoder.fresh(settings.family, _sizes(kind, settings, spec), spec, seed=settings.seed)
    if not isinstance(maker.runtime, TorchRuntime):
        raise TypeError("a fresh vocoder runs on torch")
    network = maker.runtime.network.train()
    if settings.weight_norm:
        for module in list(network.modules()):
            if isinstance(module, nn.Conv1d | nn.ConvTranspose1d | nn.Conv2d):
                parametrizations.weight_norm(module)
    return Voice(network, maker, spec)


def spec_of(settings: VocoderTraining) -> MelSpec:
    """The description that the settings name, or hold as JSON."""
    return described(settings.dialect)


def described(text: str) -> MelSpec:
    """The description of that name, or in that JSON."""
    return MelSpec(**json.loads(text)) if text.lstrip().startswith("{") else dialect(text).spec


def source(settings: VocoderTraining, data: Data) -> Source:
    """The batches that the settings ask for.

    Raises:
        MelpactError: data that does not fit, or no such augmentation.
    """
    kind, spec = family(settings.family), spec_of(settings)
    crops = data.crops(
        spec,
        frames=settings.segment_frames,
        batch=settings.batch_size,
        seed=settings.seed,
        augment=changes(settings.augment),
        weigh=settings.weigh,
    )
    if "start" not in kind.inputs:
        return crops
    return Begun(crops, spec, kind.sizes(_sizes(kind, settings, spec)).start_iterations)


def changes(named: Sequence[Mapping[str, Any]]) -> list[Augmentation]:
    """Augmentations from their settings, each with its "name".

    Raises:
        MelpactError: no such augmentation, or no such setting of it.
    """
    rest = [{key: value for key, value in one.items() if key != "name"} for one in named]
    return [augmentation(str(one.get("name", "")), **values) for one, values in zip(named, rest, strict=True)]


def examples(voice: Voice, data: Data, n: int) -> Callable[[], Sequence[Example]]:
    """Makes the sounds of the validation list; their mels are computed once.

    Raises:
        TrainingError: there is nothing to validate on.
    """
    sounds = list(data.validation(n))
    if not sounds:
        raise TrainingError("the data has no part to validate on", next="Mark it in the corpus: melpact corpus split")
    items = [("", name, audio, extract(audio, voice.spec)) for name, audio in sounds]
    given = [(name, audio, mel) for name, audio in sounds if (mel := data.predicted(name)) is not None]
    items += [(PREDICTED, name, audio, cut(mel, audio.n_samples)) for name, audio, mel in given]

    def made() -> list[Example]:
        if isinstance(voice.maker.runtime, TorchRuntime):
            voice.maker.runtime.device = str(next(voice.network.parameters()).device)
        audios = voice.maker.batch([mel for *_, mel in items])
        return [Example(name, audio, own, mel, group) for (group, name, audio, mel), own in zip(items, audios, strict=True)]

    return made


def cut(mel: Mel, n_samples: int) -> Mel:
    """The frames of a mel that `n_samples` samples stand for."""
    return Mel(np.ascontiguousarray(mel.values[:, : mel.spec.frames(n_samples)]), mel.spec)


def alone(
    settings: VocoderTraining, own: Voice, data: Data, batches: Source, losses: Losses, weights: Mapping[str, float]
) -> Task:
    """A task of one player, the generator, that no other judges; "level_db" is among its losses."""
    return Task(
        players={PLAYER: own.network},
        turns=(Step(PLAYER, (PLAYER,), losses, weights),),
        source=batches,
        optimisers={PLAYER: settings.optimiser},
        averaged=(PLAYER,),
        validate=examples(own, data, settings.validation_sounds),
        limits=(Limit(f"{PLAYER}/level_db", "the generator has fallen silent", low=QUIET_DB),),
        spec=own.spec,
        facts=own.facts,
    )


def level_db(samples: Tensor) -> Tensor:
    """RMS level of samples in dB of full scale; -100 for silence."""
    return 10 * torch.log10(samples.detach().float().square().mean() + 1e-10)


def loss_spec(name: str, spec: MelSpec) -> MelSpec:
    """The mel that a loss looks at: a dialect by name, or the vocoder's own where the name is empty.

    Raises:
        TrainingError: it is of another sample rate.
    """
    found = dialect(name).spec if name else spec
    if found.sample_rate != spec.sample_rate:
        raise TrainingError(
            "the loss looks at a mel of another sample rate than the vocoder's",
            where=name,
            got=f"{found.sample_rate} Hz",
            wanted=f"{spec.sample_rate} Hz",
            next="Name one of that rate, or an empty one for the vocoder's own mel",
        )
    return found


def _sizes(kind: Family, settings: VocoderTraining, spec: MelSpec) -> Mapping[str, Any]:
    """The preset's sizes for the mel's bands, with the changes."""
    presets = {**kind.presets, "small": kind.small}
    name = settings.preset if settings.preset is not None else next(iter(presets))
    if name not in presets:
        raise TrainingError(f"{kind.title} has no such sizes", where="preset", got=name, wanted=", ".join(presets))
    sizes = {**presets[name], "n_mels": spec.n_mels, **settings.sizes}
    if settings.start_iterations is not None and "start" in kind.inputs:
        sizes["start_iterations"] = settings.start_iterations
    return sizes
