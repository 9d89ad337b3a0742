"""melpact's own small vocoder: a network that corrects the mel's inversion, by spectral losses and loudness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt
from torch import Tensor

from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.records import digest
from melpact.corpus.crops import Weigh
from melpact.nn.generators.melpact_small import MelpactSmall
from melpact.nn.losses.loudness import LoudnessLoss
from melpact.nn.losses.spectral import SpectralLoss
from melpact.train.recipes import Recipe
from melpact.train.recipes._vocoding import SMALL, VocoderTraining, alone, level_db, source, voice
from melpact.train.settings import Optimiser
from melpact.train.task import Batch, Data, Source, Task


class SmallTraining(VocoderTraining):
    """Settings. Any other family can be trained in the same way, for comparison; the inversion is then left out.

    Args:
        convergence_weight, log_weight, mel_weight, loudness_weight, added_weight: of the losses.
        start_iterations: of the inversion; in use they are 32 (`melpact.vocoders.griffin_lim.estimate`).
        first_scale: of the last layer's first weights; the debug twin's are large, so that it has something to unlearn.
        edge_frames: at either end of a crop that no loss looks at: the inversion does not know what lies beyond.
    """

    family: str = "melpact_small"
    optimiser: Optimiser = Optimiser(
        lr=1e-3, betas=(0.8, 0.99), schedule="exponential", warmup_steps=200, decay=0.94, decay_every=1000
    )
    batch_size: int = Field(default=12, gt=0)
    segment_frames: int = Field(default=64, gt=0)
    precision: Any = "bfloat16"
    clip_norm: float | None = 5.0
    convergence_weight: float = 4.0
    log_weight: float = 1.5
    mel_weight: float = 6.0
    loudness_weight: float = 20.0
    added_weight: float = 6.0
    augment: tuple[dict[str, Any], ...] = (
        {"name": "speed", "chance": 0.25},
        {"name": "equaliser", "chance": 0.25},
        {"name": "gain", "low_db": -15.0, "high_db": 3.0},
    )
    weigh: Weigh = "speaker"
    start_iterations: NonNegativeInt = 32
    first_scale: float = 1.0
    edge_frames: NonNegativeInt = 4


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


def build(settings: SmallTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    own = voice(settings)
    if isinstance(own.network, MelpactSmall):
        own.network.bank.copy_(torch.tensor(filterbank(own.spec)))
        with torch.no_grad():
            own.network.out.weight.mul_(settings.first_scale)
    spectral, loudness = SpectralLoss(own.spec.sample_rate), LoudnessLoss(own.spec.sample_rate)
    edge = settings.edge_frames * own.spec.hop_length

    def speaking(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        made, real = own.sound(batch, generator), batch["audio"]
        made, real = made[:, edge : made.shape[1] - edge], real[:, edge : real.shape[1] - edge]
        away, heard = spectral.to(made.device)(made, real), loudness.to(made.device)(made, real)
        return {**away._asdict(), "loudness": heard.both, "added": heard.added, "level_db": level_db(made) - level_db(real)}

    weights = {"convergence": settings.convergence_weight, "log_magnitude": settings.log_weight, "mel": settings.mel_weight,
               "loudness": settings.loudness_weight, "added": settings.added_weight, "level_db": 0.0}  # fmt: skip
    batches: Source = source(settings, data)
    if "start" in own.maker.inputs:
        batches = Begun(batches, own.spec, settings.start_iterations)
    return alone(settings, own, data, batches, speaking, weights)


PLUGIN = Recipe(
    title="melpact's own small vocoder: corrects the mel's inversion, by spectral losses and loudness",
    settings=SmallTraining,
    build=build,
    debug=SmallTraining(
        **SMALL,
        preset="small",
        optimiser=Optimiser(lr=5e-3, schedule="cosine"),
        precision="float32",
        edge_frames=2,
        first_scale=300.0,
        start_iterations=4,
        augment=(),
    ),
    source="melpact; start from an inversion after Lv et al. 2024, FreeV",
)
