"""The diffusion refiner: flow matching from a mel under noise to the clean mel, told the damaged one.

The path starts at s·noise + (1 - s)·damaged for a strength s that is drawn, as a user may choose any, and leads along a
straight line to the clean mel; s = 1 is noise alone. The network says the clean mel.

Sources: Lipman et al. 2023, "Flow matching for generative modeling"; paths from other starts than noise: Tong et al. 2024,
"Improving and generalizing flow-based generative models with minibatch optimal transport", section 3; items without their
condition: Ho and Salimans 2022, "Classifier-free diffusion guidance".
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from melpact.models.refine.samplers import euler, schedule, start
from melpact.models.refine.settings import Refining
from melpact.train.recipes import Recipe
from melpact.train.recipes._refining import SMALL, RefinerTraining, corrector, source, task
from melpact.train.task import Batch, Data, Task


class RefinerDiffusionTraining(RefinerTraining):
    """Settings.

    Args:
        untold_ratio: the share of items without the damaged mel (zeros instead of it), for guidance.
        whole_ratio: the share of paths that start at noise alone; the others start at a strength drawn evenly.
        begin_ratio: the share of points that lie at the start of their path; the others are drawn evenly along it.
        weight_limit: the error of the clean mel at time t counts 1 / (1 - t) times, at most so often; it is squared up to
            one standard deviation of a band, and grows linearly beyond (Huber).
        validation_strength, validation_steps: with which the validation list is refined.
    """

    untold_ratio: float = Field(default=0.1, ge=0, lt=1)
    whole_ratio: float = Field(default=0.3, ge=0, le=1)
    begin_ratio: float = Field(default=0.25, ge=0, le=1)
    weight_limit: float = Field(default=5.0, ge=1)
    validation_strength: float = Field(default=0.3, gt=0, le=1)
    validation_steps: PositiveInt = 4


def build(settings: RefinerDiffusionTraining, data: Data) -> Task:
    """The task.

    Raises:
        MelpactError: sizes, mel and data that do not fit together.
    """
    batches, mixture = source(settings, data)
    own = corrector(settings, batches, mixture)
    use = Refining(strength=settings.validation_strength, steps=settings.validation_steps)

    def refine(given: Tensor, noise: Tensor) -> Tensor:
        def clean(x: Tensor, t: float) -> Tensor:
            return given + own.network(x, given, torch.full((len(x),), t, device=x.device)).float()

        begin = start(given, noise, settings.validation_strength)
        refined: Tensor = euler(clean, begin, schedule(settings.validation_strength, use.steps))
        return refined

    def flowing(batch: Batch, generator: torch.Generator) -> Mapping[str, Tensor]:
        given, clean = own.pair(batch)
        size = (len(given), 1, 1)
        draw = torch.rand((5, *size), generator=generator, device=given.device)
        told = (draw[0] >= settings.untold_ratio).to(given)
        whole = (draw[1] < settings.whole_ratio) | (told == 0)
        strength = torch.where(whole, torch.ones_like(told), draw[2].clamp(min=0.02))
        along = torch.where(draw[3] < settings.begin_ratio, torch.zeros_like(told), draw[4])
        noise = torch.randn(given.shape, generator=generator, device=given.device)
        x = torch.lerp(strength * noise + (1 - strength) * given, clean, along)
        t = 1 - strength * (1 - along)
        cond = given * told
        made = cond + own.network(x, cond, t.reshape(-1)).float()
        weight = (1 / (1 - t).clamp(min=1e-6)).clamp(max=settings.weight_limit)
        weight = weight * own.share(given, clean, settings.balance)
        error = 2 * torch.nn.functional.smooth_l1_loss(made, clean, reduction="none")
        return {
            "clean": (weight * error).mean(),
            "error": error.mean().detach(),
            "mae": own.mae(made, clean),
            "bypass": own.mae(given, clean),
        }

    weights = {"clean": 1.0, "error": 0.0, "mae": 0.0, "bypass": 0.0}
    return task(settings, "diffusion", own, batches, data, flowing, weights, refine, use)


PLUGIN = Recipe(
    title="the diffusion refiner: flow matching to the clean mel, from the damaged one under noise",
    settings=RefinerDiffusionTraining,
    build=build,
    debug=RefinerDiffusionTraining(**SMALL),
    source="measured on held-out speakers against doing nothing and a calibration of each band",
    trains="refiner",
)
