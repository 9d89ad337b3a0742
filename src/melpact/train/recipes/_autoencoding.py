"""What training a mel VAE needs beside its recipe: the network with what its numbers mean, its rate, and the measure of a
validation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor, nn

from melpact.bench.score import Score
from melpact.contract.spec import MelSpec
from melpact.core.errors import TrainingError
from melpact.features.analysis import extract
from melpact.models.codec.vae.facts import Facts, read
from melpact.nn.autoencoders.mel_vae import MelVae, MelVaeConfig, kl_nats, receptive_fields
from melpact.nn.torch_runtime import seeded
from melpact.normalise.band_statistics import Statistics
from melpact.train.recipes._refining import counted, unscaled
from melpact.train.recipes._vocoding import described
from melpact.train.task import Data, Source

if TYPE_CHECKING:
    from melpact.train.recipes.mel_vae import MelVaeTraining

PLAYER = "vae"
METRIC = "rated_mae"
"""The mel's error times by how much the rate exceeds its target, where it does: a higher rate is no better model."""
_LOUDNESS_PER_DB = 0.023
"""Exponent of loudness per dB of power (Zwicker: 0.23 of ln power)."""
_PACE = 10.0
"""By how much faster the weight of the rate moves than a weight of the network."""


class Rated(nn.Module):
    """A network with the weight that its rate has in the loss, so that both are kept in a checkpoint."""

    def __init__(self, network: MelVae, kl_weight: float) -> None:
        super().__init__()
        self.network = network
        self.price = nn.Parameter(torch.tensor(math.log(kl_weight) / _PACE))

    @property
    def kl_weight(self) -> Tensor:
        """Of a nat per value of the mel."""
        return torch.exp(_PACE * self.price)

    def control(self, excess: Tensor) -> Tensor:
        """What moves the weight up while the rate is above its target (`excess` > 0), and down while it is below.

        The dual ascent of a Lagrangian: Boyd and Vandenberghe 2004, "Convex Optimization", section 5.2.
        """
        return -_PACE * self.price * excess.detach().clamp(-1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Coding:
    """A network with what its numbers mean.

    Attributes:
        statistics: of the mels' values before scaling, frozen; mean 0 and deviation 1 where the network takes
            them as they are.
    """

    player: Rated
    spec: MelSpec
    statistics: Statistics

    @property
    def network(self) -> MelVae:
        return self.player.network

    def normalised(self, values: Tensor) -> Tensor:
        """Values before scaling [B, n_mels, T] as the network takes them, [B, 1, T, n_mels]."""
        mean, std = self._numbers(values)
        return ((values - mean) / std).transpose(1, 2).unsqueeze(1)

    def restored(self, made: Tensor) -> Tensor:
        """The inverse, within floor and ceiling."""
        mean, std = self._numbers(made)
        floor, ceiling = (
            torch.from_numpy(np.array(one)).to(made)[:, None] for one in (self.statistics.floor, self.statistics.ceiling)
        )
        return (made[:, 0].transpose(1, 2) * std + mean).clamp(floor, ceiling)

    def bits_per_s(self, nats: Tensor, frames: int) -> Tensor:
        """Rate of KL divergences of a latent [B, …] that stands for `frames` of the mel."""
        seconds = frames * self.spec.hop_length / self.spec.sample_rate
        return nats.sum() / nats.shape[0] / math.log(2.0) / seconds

    def loudness(self, values: Tensor, share: float) -> Tensor | None:
        """Weights [B, T, n_mels] with mean 1 for values before scaling: `share` of them by loudness; None: all alike."""
        gain = self.spec.log_gain
        if share == 0:
            return None
        if gain is None:
            raise TrainingError("loudness weighs a logarithmic mel only", where="loudness_share", got="a mel without one")
        decibels = values.transpose(1, 2) / (gain * math.log(10) / 20 * self.spec.power)
        loud = torch.pow(10.0, _LOUDNESS_PER_DB * decibels)
        return 1.0 - share + share * loud / loud.mean((1, 2), keepdim=True)

    def mae(self, made: Tensor, clean: Tensor) -> Tensor:
        """Mean absolute difference of the network's mels [B, T, n_mels] in the unit of the mel before scaling."""
        return ((made - clean).abs() * self._numbers(made)[1][:, 0]).mean().detach()

    def _numbers(self, like: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = (torch.from_numpy(np.array(one)).to(like) for one in (self.statistics.mean, self.statistics.std))
        return mean[:, None], std[:, None]


def coding(settings: MelVaeTraining, batches: Source) -> Coding:
    """The network of the settings, its fresh weights drawn with their seed, and the statistics of what it will learn from;
    or those of the VAE that it begins from.

    Raises:
        TrainingError: sizes that are none, or not those of that VAE.
    """
    spec = described(settings.dialect)
    if settings.base:
        facts, weights = read(settings.base)
        if facts.spec != spec:
            raise TrainingError("makes another mel", where=settings.base, got=facts.spec.diff(spec).summary())
        if any(dict(facts.sizes).get(name) != size for name, size in settings.sizes.items()):
            raise TrainingError("a VAE keeps its sizes", where="sizes", got=settings.sizes, next="Leave them out")
        with seeded(settings.seed):
            network = MelVae(MelVaeConfig(**facts.sizes))
        network.load_state_dict({name: torch.from_numpy(np.array(value, np.float32)) for name, value in weights.items()})
        return Coding(Rated(network.train(), settings.kl_weight), spec, facts.statistics)
    with seeded(settings.seed):
        network = MelVae(sizes_of(settings, spec))
    return Coding(Rated(network.train(), settings.kl_weight), spec, counted(batches, spec))


def sizes_of(settings: MelVaeTraining, spec: MelSpec) -> MelVaeConfig:
    """Of a fresh network.

    Raises:
        TrainingError: sizes that are none, or crops that they do not divide.
    """
    try:
        sizes = MelVaeConfig(**{"n_mels": spec.n_mels, **settings.sizes})
    except ValidationError as error:
        first = error.errors()[0]
        raise TrainingError(str(first["msg"]), where=f"sizes.{'.'.join(map(str, first['loc']))}") from None
    if settings.segment_frames % sizes.stride[0]:
        wanted = f"a multiple of {sizes.stride[0]}"
        raise TrainingError("crops end within a frame of the latent", where="segment_frames", wanted=wanted)
    return sizes


def facts_of(own: Coding) -> Facts:
    """What a file says of the network."""
    sizes = own.network.config
    return Facts(own.spec, own.statistics, sizes.model_dump(mode="json"), receptive_fields(sizes))


def measuring(settings: MelVaeTraining, own: Coding, data: Data) -> Callable[[], Mapping[str, Mapping[str, Score]]]:
    """The mel's error on the validation list, from the mean of the posterior, beside that of each mel's own mean; and the
    rate by the KL divergence.

    Raises:
        TrainingError: there is nothing to validate on.
    """
    sounds = list(data.validation(settings.validation_mels))
    if not sounds:
        raise TrainingError("the data has no part to validate on", next="Mark it in the corpus: melpact corpus split")
    plain, step = unscaled(own.spec), own.network.config.stride[0]
    mels = [extract(audio, plain).values[:, : settings.validation_frames] for _, audio in sounds]
    mels = [np.ascontiguousarray(mel[:, : mel.shape[1] // step * step]) for mel in mels if mel.shape[1] >= step]
    nulls = np.array([np.abs(mel - mel.mean(1, keepdims=True)).mean(dtype=np.float64) for mel in mels])

    @torch.no_grad()
    def measured() -> Mapping[str, Mapping[str, Score]]:
        device = next(own.player.parameters()).device
        errors, rates = [], []
        for mel in mels:
            values = torch.from_numpy(mel)[None].to(device)
            made, mean, log_variance = own.network(own.normalised(values))
            errors.append(float((own.restored(made) - values).abs().mean(dtype=torch.float64)))
            rates.append(float(own.bits_per_s(kl_nats(mean, log_variance), mel.shape[1])))
        value, rate = np.array(errors), float(np.mean(rates))
        over = max(1.0, rate / settings.bits_per_s) if settings.bits_per_s else 1.0
        return {
            "held out": {
                "kl_bits_per_s": Score(value=rate, unit="bit/s", null=0.0, null_anchor="nothing sent", ceiling=None,
                                       ceiling_anchor=None, skill=None, n=len(rates), reason="a cost, no quality"),
                "mel_mae": _score(value, nulls), METRIC: _score(over * value, nulls),
            }
        }  # fmt: skip

    return measured


def _score(made: NDArray[np.float64], null: NDArray[np.float64]) -> Score:
    value, bypass = float(made.mean()), float(null.mean())
    return Score(
        value=value, unit="mel's unit", null=bypass, null_anchor="each mel's own mean", ceiling=0.0,
        ceiling_anchor="the mel itself", skill=(bypass - value) / bypass, n=len(made),
    )  # fmt: skip
