"""What is expected of coefficients and latents, in exact arithmetic: the networks of nn.codecs as whole numbers.

`CoefficientTables` and `LatentTables` give indices of tables of probabilities; which symbol is coded how is `packing`'s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.models.codec.waveform.exact import ONE, Layer, Whole, whole
from melpact.models.codec.waveform.kernels import (
    CLASSES,
    LOGIT_STEP,
    LOGITS,
    SATURATED,
    STEPS_PER_OCTAVE,
    WIDEST_CHANGE,
    before,
    flags,
    packet,
)

Ints = NDArray[np.int32]
Tensors = Mapping[str, NDArray[Any]]
PASSES = (0, 2, 1, 3)
"""Which bins a pass takes, by their number modulo 4."""
MEANS, MEAN_STEP = 128, 64
SCALES, SCALE_STEP = 16, 224
"""Tables of a latent's value: means from -4, natural logarithms of scales from -2.5."""
HIGHEST = 3
EXPECTED = 64
"""Sizes up to it have a chance of their own."""


def level_table() -> Ints:
    """log2(1 + m · 2^(change / 4)) · ONE for m from 0 to SATURATED and changes of step from -16 to 16."""
    changes = range(-WIDEST_CHANGE, WIDEST_CHANGE + 1)
    return np.array(
        [[round(ONE * math.log2(1 + m * 2 ** (change / STEPS_PER_OCTAVE))) for change in changes]
         for m in range(SATURATED + 1)], np.int32,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Chances:
    """The probabilities of every table. A file holds them: exponentials differ in the last bit from machine to machine.

    Attributes:
        flags: that a flag is set, float32 [LOGITS].
        sizes: of a size from 1 to EXPECTED, and of a larger one, by the table that says whether it is larger,
            [LOGITS, EXPECTED + 1].
        values: of a latent's value from -HIGHEST to HIGHEST, by mean and scale [MEANS * SCALES, 7].
    """

    flags: NDArray[np.float32]
    sizes: NDArray[np.float32]
    values: NDArray[np.float32]

    @classmethod
    def made(cls) -> Chances:
        """What a new file is written with."""
        flags = 1 / (1 + np.exp(-(np.arange(LOGITS) + 0.5 - LOGITS / 2) * LOGIT_STEP / ONE))
        going = flags[:, None] ** np.arange(EXPECTED + 1)
        sizes = np.concatenate([going[:, :-1] * (1 - flags[:, None]), going[:, -1:]], 1)
        means = ((np.arange(MEANS) + 0.5) * MEAN_STEP / ONE - 4)[:, None, None]
        scales = np.exp(-((np.arange(SCALES) + 0.5) * SCALE_STEP / ONE - 2.5))[None, :, None]
        places = np.arange(-HIGHEST, HIGHEST + 1)
        below, above = (1 / (1 + np.exp(-(places + side - means) * scales)) for side in (-0.5, 0.5))
        below[..., 0], above[..., -1] = 0, 1
        values = np.maximum(above - below, 1e-5).reshape(MEANS * SCALES, -1)
        values = values / values.sum(1, keepdims=True)
        return cls(*(np.asarray(one, np.float32) for one in (flags, sizes, values)))


def coefficient_tensors(weights: Mapping[str, NDArray[Any]]) -> dict[str, Ints]:
    """The weights of `nn.codecs.coefficients.CoefficientPrior` as whole numbers."""
    made: dict[str, Ints] = {}

    def put(name: str, weight: NDArray[Any], bias: NDArray[Any]) -> None:
        made[f"{name}.weight"], made[f"{name}.bias"] = whole(weight, bias)

    for name in ("first", "second", *(f"near.{index}" for index in range(CLASSES))):
        kernel = weights[f"{name}.weight"]
        put(name, kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0]), weights[f"{name}.bias"])
    for name in ("summary", "overall", *(f"{part}.{index}" for part in ("inside", "out") for index in range(CLASSES))):
        put(name, weights[f"{name}.weight"].T, weights[f"{name}.bias"])
    bins, bands = weights["place"].shape[1], weights["summary.weight"].shape[1] // 2
    made["summary.weight"], made["summary.bias"] = whole(
        weights["summary.weight"].T / (bins // bands), weights["summary.bias"]
    )
    made["place"] = np.rint(weights["place"].T * ONE).astype(np.int32)
    return made


def latent_tensors(weights: Mapping[str, NDArray[Any]], bins_of_band: int) -> dict[str, Ints]:
    """The weights of `nn.codecs.latent.LatentPrior` as whole numbers; levels come summed over a band, not as its mean."""
    made: dict[str, Ints] = {}
    size = weights["out.bias"].shape[0] // 2
    for name in ("first", "second", "out"):
        weight = np.array(weights[f"{name}.weight"].T, np.float64)
        if name == "first":
            weight[2 * size :] /= bins_of_band
        made[f"{name}.weight"], made[f"{name}.bias"] = whole(weight, weights[f"{name}.bias"])
    return made


@dataclass(eq=False)
class Past:
    """What is known of the frames before one, in a packet; moved on frame by frame.

    Attributes:
        coded: the last two frames [2, top], the latest first. steps: theirs. mean: running, [top].
        frames: how many there were.
    """

    coded: NDArray[np.int64]
    steps: NDArray[np.int64]
    mean: Whole
    frames: int

    @classmethod
    def none(cls, top: int) -> Past:
        """At the beginning of a packet."""
        return cls(np.zeros((2, top), np.int64), np.zeros(2, np.int64), np.zeros(top), 0)

    def add(self, coded: NDArray[np.int64], step: int) -> None:
        """One frame more."""
        self.coded[1], self.steps[1] = self.coded[0], self.steps[0]
        self.coded[0], self.steps[0] = coded, step
        self.frames += 1


class CoefficientTables:
    """The tables of every coefficient's flags: whether it is 0, and whether it is larger still.

    Args:
        tensors: as `coefficient_tensors` made them. levels: `level_table()`, as the file holds it.
    """

    def __init__(self, tensors: Tensors, levels: NDArray[Any]) -> None:
        first, second, summary, overall = (_layer(tensors, name) for name in ("first", "second", "summary", "overall"))
        self._place = tensors["place"].astype(np.float64)
        self._trunk = (first, second, summary, overall, self._place)
        self._passes = [
            [_layer(tensors, f"{name}.{index}") for name in ("near", "inside", "out")] for index in range(CLASSES)
        ]
        self._stacked = tuple(
            (np.stack([layer.weight for layer in same]), np.stack([layer.bias for layer in same]))
            for same in zip(*self._passes)
        )
        self.bins = len(self._place)
        self.bands = summary.weight.shape[0] // 2
        self._levels = levels.astype(np.float64)

    def level(self, coded: NDArray[np.int64]) -> Whole:
        """log2(1 + amplitude) of coefficients."""
        made: Whole = self._levels[np.minimum(np.abs(coded), SATURATED), WIDEST_CHANGE]
        return made

    def packet(self, coded: NDArray[np.int64], steps: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The tables of all coefficients [T, top] of a packet, with the step of every frame [T]."""
        nonzero, more = np.empty((2, *coded.shape), np.int64)
        packet(
            self._levels, np.ascontiguousarray(coded), np.ascontiguousarray(steps), np.array(PASSES), *self._trunk,
            *self._stacked, nonzero, more,
        )  # fmt: skip
        return nonzero, more

    def before(self, past: Past, step: int) -> Whole:
        """What the past says of every bin of a frame with this step, [top, width]; `past.add` moves on from it."""
        made: Whole = before(self._levels, past.coded, np.array([*past.steps, step]), past.frames, past.mean, *self._trunk)
        return made

    def flags(self, index: int, seen_of: Whole, now: Whole) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The tables of a pass, two for each of its bins [top / 4].

        Args:
            seen_of: as `before` gave it. now: levels of the frame's coefficients, of which those of earlier passes count.
        """
        nonzero, more = np.empty((2, len(now) // CLASSES), np.int64)
        known = np.zeros(CLASSES, np.bool_)
        known[list(PASSES[:index])] = True
        flags(PASSES[index], seen_of, now, known, *self._passes[index], nonzero, more)
        return nonzero, more


class LatentTables:
    """The table of every value of a latent, by the two latents before and what is coded of its frames."""

    def __init__(self, tensors: Tensors) -> None:
        self.first, self.second, self.out = (_layer(tensors, name) for name in ("first", "second", "out"))
        self.size = self.out.weight.shape[1] // 2

    def __call__(self, before: NDArray[np.int64], summed: Whole) -> NDArray[np.int64]:
        """Values before [..., 2 * size], latest first, and levels summed over bands [..., context] → tables [..., size]."""
        x = np.concatenate([before * float(ONE), summed], -1)
        said = self.out(self.second(self.first(x, rectified=True), rectified=True), rectified=False)
        mean = np.clip(np.floor((said[..., : self.size] + 4 * ONE) / MEAN_STEP), 0, MEANS - 1)
        scale = np.clip(np.floor((said[..., self.size :] + 2.5 * ONE) / SCALE_STEP), 0, SCALES - 1)
        tables: NDArray[np.int64] = (mean * SCALES + scale).astype(np.int64)
        return tables


def _layer(tensors: Tensors, name: str) -> Layer:
    return Layer.of(tensors[f"{name}.weight"], tensors[f"{name}.bias"])
