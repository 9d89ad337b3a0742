"""The refiner of one pass: the network says at once what is to be added to the mel."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor

from melpact.models.refine.settings import Refining
from melpact.train.recipes import Recipe
from melpact.train.recipes._refining import SMALL, RefinerTraining, corrector, source, task
from melpact.train.task import Batch, Data, Task


class RefinerCnnTraining(RefinerTraining):
    """Settings.

    Args:
        difference_weight: of the error of the differences between neighbouring frames and between neighbouring bands; the
            error of the values weighs 1.
    """

    difference_weight: float = Field(default=0.5, ge=0)


def build(settings: RefinerCnnTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    batches, mixture = source(settings, data)
    own = corrector(settings, batches, mixture)

    def refine(given: Tensor, noise: Tensor | None = None) -> Tensor:
        nothing = torch.zeros_like(given)
        return given + own.network(nothing, given, nothing.new_zeros(given.shape[0])).float()

    def correcting(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        given, clean = own.pair(batch)
        made = refine(given)
        away = own.share(given, clean, settings.balance) * (made - clean)
        return {
            "value": away.abs().mean(),
            "difference": 0.5 * (away.diff(dim=1).abs().mean() + away.diff(dim=2).abs().mean()),
            "mae": own.mae(made, clean),
            "bypass": own.mae(given, clean),
        }

    weights = {"value": 1.0, "difference": settings.difference_weight, "mae": 0.0, "bypass": 0.0}
    return task(settings, "cnn", own, batches, data, correcting, weights, refine, Refining(strength=1.0))


PLUGIN = Recipe(
    title="the one-pass refiner: a damaged mel to a better one",
    settings=RefinerCnnTraining,
    build=build,
    debug=RefinerCnnTraining(**SMALL),
    source="measured on held-out speakers against doing nothing and a calibration of each band",
    trains="refiner",
)
