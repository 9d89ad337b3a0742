"""Refiners to hold laws to: one of each method, small, with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.models.refine.affine import Affine
from melpact.models.refine.base import Refiner
from melpact.models.refine.facts import Facts
from melpact.models.refine.identity import Identity
from melpact.models.refine.measured import Measured
from melpact.models.refine.methods import NEURAL
from melpact.models.refine.neural import NeuralRefiner
from melpact.models.refine.settings import Refining
from melpact.normalise.band_statistics import Statistics
from melpact.normalise.calibration import pair

SPEC = dialect("hifigan_22k").spec
SIZES: dict[str, Any] = {
    "n_mels": 80, "width": 12, "blocks": 2, "expansion": 2.0, "features": 3, "local_blocks": 1, "mixed": 1, "level_size": 8,
}  # fmt: skip
RECEPTIVE_FIELD = (10, 10)
"""Of these sizes: an edge of five frames, two layers of three, two blocks of seven: 2 + 1 + 1 + 3 + 3."""


def speechlike(frames: int, seed: int = 0, spec: MelSpec = SPEC) -> Mel:
    """A mel with the level and the spread of speech in each band, before any scaling."""
    rng = np.random.default_rng(seed)
    centre = np.linspace(-3.5, -6.0, spec.n_mels)[:, None]
    values = np.maximum(centre + rng.normal(0.0, 1.5, (spec.n_mels, frames)), SPEC.floor_value)
    return Mel(spec.scaling.apply(values.astype(np.float32), {}), spec)


@cache
def statistics() -> Statistics:
    return Statistics.measure([speechlike(500, 99).values], SPEC)


def network(method: str, measured: Measured | None = None, spec: MelSpec = SPEC, **sizes: Any) -> NeuralRefiner:
    """With random weights, large enough that every frame of its field matters."""
    import torch

    from melpact.nn.refiners.mel_refiner import MelRefiner, MelRefinerConfig
    from melpact.nn.torch_runtime import seeded, weights_of

    config = MelRefinerConfig(**{**SIZES, **sizes})
    with seeded(3):
        made = MelRefiner(config)
        torch.nn.init.normal_(made.out.weight, std=0.2)
        for block in made.blocks:
            torch.nn.init.normal_(block.pwconv1.weight, std=0.5)
            torch.nn.init.normal_(block.pwconv2.weight, std=0.5)
    facts = Facts(
        spec, method, statistics(), config.model_dump(mode="json"), RECEPTIVE_FIELD, Refining(strength=0.5),
        ({"name": "noise", "low": 5.0, "high": 20.0, "chance": 1.0},), measured or Measured(), {"fresh": {"seed": 3}},
    )  # fmt: skip
    return NEURAL[method].build(facts, weights_of(made))


@cache
def refiner(method: str) -> Refiner:
    """One of each method."""
    if method == "identity":
        return Identity()
    if method == "affine":
        target = speechlike(400, 1)
        return Affine.fit([pair("one", Mel(0.5 * target.values - 1.0, SPEC), target)])
    return network(method)


class Together:
    """The runtime of another, in batches as on an accelerator; keeps what it was given."""

    in_batches = True

    def __init__(self, other: Any, in_batches: bool = True) -> None:
        self.name, self.other, self.in_batches = other.name, other, in_batches
        self.batches, self.frames = list[int](), list[int]()

    def run(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        self.batches.append(len(inputs[0]))
        self.frames.append(inputs[0].shape[-1])
        made: np.ndarray = self.other.run(inputs)
        return made
