"""What both recipes of refiners share: settings, frozen statistics, pairs of a damaged and a clean mel, and validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, ValidationError
from torch import Tensor

from melpact.bench.score import Score
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.corpus.crops import Weigh
from melpact.features.analysis import extract
from melpact.models.refine.noise import noise
from melpact.models.refine.settings import Refining
from melpact.nn.refiners.mel_refiner import MelRefiner, MelRefinerConfig, receptive_field
from melpact.nn.torch_runtime import seeded
from melpact.normalise.band_statistics import Statistics
from melpact.train.degraded import Degraded, Kind, Mixture
from melpact.train.pairs import Pairs
from melpact.train.recipes._vocoding import changes, described
from melpact.train.settings import Optimiser, Training
from melpact.train.task import Batch, Data, Losses, Source, Step, Task

PLAYER = "refiner"
ALL = "all"
"""The group of a validation that holds the means over all kinds of damage."""
CLEAN = "clean"
"""The group without any damage."""
_LEAST_DAMAGE = 0.05
"""Standard deviations that are added to how far an item's mel is damaged."""
_LIST_SEED = 1
_COUNTED = 64
"""Batches whose mels are counted for the statistics."""

_QUICK = ("band_blur", "codec_like", "low_rank", "missing_bands", "noise", "over_smoothed", "quantised", "time_blur")
KINDS: tuple[dict[str, Any], ...] = (*({"name": name} for name in _QUICK), {"name": "griffin_lim", "chance": 0.5})
"""All but another level: which one was meant cannot be known, and guessing would harm the mels that have the right one."""

SMALL: Mapping[str, Any] = MappingProxyType(
    {
        "steps": 20, "batch_size": 4, "segment_frames": 16, "sizes": {"width": 32, "blocks": 2, "features": 4},
        "validation_mels": 1, "log_every": 5, "save_every": 10, "validate_every": 20,
        "degradations": ({"name": "wrong_gain"},), "augment": (), "clean_ratio": 0.0,
        "optimiser": Optimiser(lr=1e-2, betas=(0.9, 0.98), schedule="constant"),
    }
)  # fmt: skip
"""What the debug twins have in common."""


class RefinerTraining(Training):
    """Settings of every recipe that trains a refiner.

    Args:
        dialect: the mel that it refines: a name, or a description as JSON.
        sizes: of the network, where they are not its own defaults; the bands are always those of the mel.
        optimiser: of the network.
        degradations: what is done to the mels, each {"name": …} with "low" and "high" (doses; from a mild to a gross one
            by default) and "chance" (relative; 1 by default).
        augment: changes to the sounds before, as every recipe takes them.
        clean_ratio: the share of items that nothing is done to. twice_ratio: the share that two things are done to.
        pairs: folders of predicted and of true mels, NAME.mel in both; empty: none.
        pairs_ratio: the share of items that are such pairs.
        balance: an item's loss is divided by this power of how far its damaged mel lies from the clean one: 0 lets gross
            damage decide, 1 lets all count alike.
        weigh: what all have the same chance of being drawn: every second ("duration"), speaker, language or utterance.
        validation_mels: how many are refined at validation; validation_frames: of each, at most.
    """

    steps: PositiveInt = 20_000
    segment_frames: PositiveInt = 128
    clip_norm: float | None = 1.0
    validate_every: PositiveInt = 1000
    best_by: str = "mel_mae"
    metrics: tuple[str, ...] = ("mel_mae",)
    dialect: str = "hifigan_22k"
    sizes: dict[str, Any] = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser(
        lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01, schedule="cosine", warmup_steps=200, last=0.01
    )
    degradations: tuple[dict[str, Any], ...] = KINDS
    augment: tuple[dict[str, Any], ...] = ({"name": "gain"},)
    clean_ratio: float = Field(default=0.08, ge=0, le=1)
    twice_ratio: float = Field(default=0.15, ge=0, le=1)
    pairs: tuple[str, ...] = Field(default=(), max_length=2)
    pairs_ratio: float = Field(default=0.5, ge=0, le=1)
    balance: float = Field(default=0.8, ge=0, le=1)
    weigh: Weigh = "duration"
    validation_mels: PositiveInt = 24
    validation_frames: PositiveInt = 256


@dataclass(frozen=True)
class Corrector:
    """A network with what its numbers mean.

    Attributes:
        network: with fresh weights. statistics: of the mels' values before scaling, frozen.
    """

    network: MelRefiner
    spec: MelSpec
    statistics: Statistics
    mixture: Mixture

    def normalised(self, values: Tensor) -> Tensor:
        """Values before scaling [B, n_mels, T] with mean 0 and standard deviation 1 in every band."""
        mean, std = self._numbers(values)
        return (values - mean) / std

    def restored(self, values: Tensor) -> Tensor:
        """The inverse of `normalised`, within floor and ceiling."""
        mean, std = self._numbers(values)
        floor, ceiling = (
            torch.from_numpy(np.array(one)).to(values)[:, None] for one in (self.statistics.floor, self.statistics.ceiling)
        )
        return (values * std + mean).clamp(floor, ceiling)

    def pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The damaged and the clean mel of a batch, normalised."""
        return self.normalised(batch["given"]), self.normalised(batch["mel"])

    def share(self, given: Tensor, clean: Tensor, balance: float) -> Tensor:
        """What each item's loss is multiplied by, [B, 1, 1]."""
        away = (given - clean).abs().mean((1, 2), keepdim=True)
        return (away + _LEAST_DAMAGE) ** -balance

    def mae(self, made: Tensor, clean: Tensor) -> Tensor:
        """Mean absolute difference of normalised mels, in the unit of the mel before scaling."""
        return ((made - clean).abs() * self._numbers(made)[1]).mean().detach()

    def facts(self, method: str, settings: Refining) -> dict[str, Any]:
        """What an export needs to know."""
        sizes = self.network.config
        return {
            "refiner": {
                "player": PLAYER, "method": method, "sizes": sizes.model_dump(mode="json"),
                "receptive_field": list(receptive_field(sizes)), "degradations": self.mixture.facts()["kinds"],
                "settings": settings.model_dump(mode="json"),
            }
        }  # fmt: skip

    def _numbers(self, like: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = (torch.from_numpy(np.array(one)).to(like) for one in (self.statistics.mean, self.statistics.std))
        return mean[:, None], std[:, None]


def source(settings: RefinerTraining, data: Data) -> tuple[Source, Mixture]:
    """The batches that the settings ask for: "mel" before its scaling, and "given", the same after what went wrong with it.

    Raises:
        MelpactError: data that does not fit, no such degradation, pairs that are none.
    """
    spec = described(settings.dialect)
    plain = unscaled(spec)
    crops = data.crops(
        plain, frames=settings.segment_frames, batch=settings.batch_size, seed=settings.seed,
        augment=changes(settings.augment), weigh=settings.weigh,
    )  # fmt: skip
    mixture = Mixture.of(settings.degradations, clean=settings.clean_ratio, twice=settings.twice_ratio)
    made: Source = Degraded(crops, plain, mixture, settings.seed)
    if settings.pairs:
        if len(settings.pairs) != 2:
            raise TrainingError("two folders make pairs", where="pairs", got=settings.pairs, wanted="[predicted, true]")
        made = Pairs(made, *settings.pairs, spec, settings.segment_frames, settings.pairs_ratio, settings.seed)
    return made, mixture


def corrector(settings: RefinerTraining, batches: Source, mixture: Mixture) -> Corrector:
    """The network of the settings, its fresh weights drawn with their seed, and the statistics of what it will learn from.

    Raises:
        TrainingError: sizes that are none.
    """
    spec = described(settings.dialect)
    try:
        sizes = MelRefinerConfig(**{"n_mels": spec.n_mels, **settings.sizes})
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(str(first["msg"]), where=f"sizes.{'.'.join(map(str, first['loc']))}") from None
    with seeded(settings.seed):
        network = MelRefiner(sizes)
    return Corrector(network.train(), spec, counted(batches, spec), mixture)


def counted(batches: Source, spec: MelSpec) -> Statistics:
    """The statistics of the clean mels of the first batches."""
    mels = (values for step in range(_COUNTED) for values in batches.batch_at(step, rank=0, world=1)["mel"])
    return Statistics.measure(mels, spec)


def unscaled(spec: MelSpec) -> MelSpec:
    """The description without what is done after its log: damage, statistics and network look at those values."""
    return spec.replace_quietly(scaling=NoScaling())


def task(
    settings: RefinerTraining,
    method: str,
    own: Corrector,
    batches: Source,
    data: Data,
    losses: Losses,
    weights: Mapping[str, float],
    refine: Callable[[Tensor, Tensor], Tensor],
    use: Refining,
) -> Task:
    """A task of one player.

    Args:
        refine: damaged mel and noise [B, n_mels, T], normalised → refined, as its user will have it.
        use: what a user gets who asks for nothing else.
    """
    return Task(
        players={PLAYER: own.network},
        turns=(Step(PLAYER, (PLAYER,), losses, weights),),
        source=batches,
        optimisers={PLAYER: settings.optimiser},
        averaged=(PLAYER,),
        measure=measuring(settings, own, data, refine),
        spec=own.spec,
        statistics=own.statistics.tensors(),
        facts=own.facts(method, use),
    )


def measuring(
    settings: RefinerTraining, own: Corrector, data: Data, refine: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[], Mapping[str, Mapping[str, Score]]]:
    """The mel's error per kind of damage on the validation list; its null is to leave the mel alone.

    Raises:
        TrainingError: there is nothing to validate on.
    """
    sounds = list(data.validation(settings.validation_mels))
    if not sounds:
        raise TrainingError("the data has no part to validate on", next="Mark it in the corpus: melpact corpus split")
    plain, clean = unscaled(own.spec), []
    for _, audio in sounds:
        mel = extract(audio, plain)
        clean.append(Mel(np.ascontiguousarray(mel.values[:, : settings.validation_frames]), plain))
    damaged: dict[str, list[Mel]] = {CLEAN: clean}
    for kind in own.mixture.kinds:
        damaged[kind.name] = spoilt(kind, clean)

    @torch.no_grad()
    def measured() -> Mapping[str, Mapping[str, Score]]:
        device = next(own.network.parameters()).device
        table: dict[str, Mapping[str, Score]] = {}
        rows: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        for name, given in damaged.items():
            made, null = [], []
            for mel, truth in zip(given, clean, strict=True):
                values = torch.tensor(mel.values)[None].to(device)
                still = torch.from_numpy(noise(0, 0, values.shape[2], own.spec.n_mels))[None].to(device)
                better = own.restored(refine(own.normalised(values), still)).cpu().numpy()[0]
                made.append(float(np.abs(better - truth.values).mean(dtype=np.float64)))
                null.append(float(np.abs(mel.values - truth.values).mean(dtype=np.float64)))
            rows.append((np.array(made), np.array(null)))
            table[name] = {"mel_mae": _score(*rows[-1])}
        harmed = rows[1:] or rows
        table[ALL] = {"mel_mae": _score(np.mean([made for made, _ in harmed], 0), np.mean([null for _, null in harmed], 0))}
        return table

    return measured


def _noise(frames: int, n_mels: int) -> NDArray[np.float32]:
    from melpact.models.refine.noise import noise

    return noise(0, 0, frames, n_mels)


def spoilt(kind: Kind, mels: Sequence[Mel]) -> list[Mel]:
    """The mels of the validation list after one kind of damage, always the same."""
    return [kind(mel, np.random.default_rng([_LIST_SEED, index, *kind.name.encode()])) for index, mel in enumerate(mels)]


def _score(made: NDArray[np.float64], null: NDArray[np.float64]) -> Score:
    value, bypass = float(made.mean()), float(null.mean())
    skill = (bypass - value) / bypass if bypass > 0 else None
    return Score(
        value=value, unit="mel's unit", null=bypass, null_anchor="left alone", ceiling=0.0, ceiling_anchor="the clean mel",
        skill=skill, n=len(made), reason=None if skill is not None else "there is nothing to be gained",
    )  # fmt: skip
