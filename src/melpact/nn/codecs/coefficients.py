"""What quantised coefficients cost: a network that says how likely each is, by those that a decoder already has.

A decoder goes through a frame in passes, every fourth bin at a time; a bin is judged by the frames before, and by its
neighbours of the earlier passes on both sides. Amplitudes are told in steps of the present frame, so that a louder sound
with a coarser step is the same to the network. In use its arithmetic is exact (models.codec.waveform.exact): nothing here
may rest on what integers cannot do, hence rectifiers and no normalisation.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record

PASSES = (0, 2, 1, 3)
"""Which bins a pass takes, by their number modulo 4."""
CLASSES = len(PASSES)
KERNEL, NEAR = 7, 9
DILATION = 2
STEPS_PER_OCTAVE = 4
CHANNELS = 6
"""What the network sees of the past at each bin: the last two frames, a running mean of them all, whether there is a past,
by how much the step has changed, the place."""
KEPT = 0.75
"""Of the running mean, per frame."""
LOGIT = 10.0
"""Logits beyond ± this are as likely as this."""


class PriorConfig(Record):
    """Sizes.

    Args:
        bins: most coefficients of a frame; a multiple of 4. width: features of a bin. near: features of the neighbours in
            its own frame. inside: of the last layer but one. bands: of the summary of the frame before.
    """

    bins: PositiveInt = Field(default=240, multiple_of=4)
    width: PositiveInt = 24
    near: PositiveInt = 24
    inside: PositiveInt = 32
    bands: PositiveInt = 20
    summary: PositiveInt = 48


class Likelihood(NamedTuple):
    """Logits [B, T, bins]: `nonzero`, that a coefficient is not 0; `more`, that one of size m > 0 is greater than m."""

    nonzero: Tensor
    more: Tensor


def level(amplitudes: Tensor) -> Tensor:
    """log2(1 + |amplitude in steps|)."""
    return torch.log2(1 + amplitudes.abs())


class CoefficientPrior(nn.Module):
    """Quantised coefficients [B, T, bins] and step indices [B, T] → `Likelihood` of each by what is decoded before it."""

    def __init__(self, config: PriorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.first = nn.Conv1d(CHANNELS, width, KERNEL, padding=KERNEL // 2)
        self.second = nn.Conv1d(width, width, KERNEL, padding=DILATION * (KERNEL // 2), dilation=DILATION)
        self.summary = nn.Linear(2 * config.bands, config.summary)
        self.overall = nn.Linear(config.summary, width)
        self.place = nn.Parameter(torch.zeros(width, config.bins))
        self.near = nn.ModuleList(nn.Conv1d(2, config.near, NEAR, stride=CLASSES) for _ in PASSES)
        self.inside = nn.ModuleList(nn.Linear(config.near + width, config.inside) for _ in PASSES)
        self.out = nn.ModuleList(nn.Linear(config.inside, 2) for _ in PASSES)
        for layer in self.out:
            assert isinstance(layer, nn.Linear)
            nn.init.constant_(layer.bias[:1], -2.0)

    def forward(self, quantised: Tensor, steps: Tensor) -> Likelihood:
        batch, frames, bins = quantised.shape
        trunk = self.trunk(quantised, steps)
        now = level(quantised).reshape(batch * frames, 1, bins)
        number = torch.arange(bins, device=now.device) % CLASSES
        known = torch.zeros(bins, dtype=torch.bool, device=now.device)
        nonzero, more = torch.empty_like(now[:, 0]), torch.empty_like(now[:, 0])
        for index, offset in enumerate(PASSES):
            seen = torch.cat([now * known, known.expand(batch * frames, 1, bins).to(now)], 1)
            padded = functional.pad(seen, (NEAR // 2 - offset, NEAR // 2 + offset))
            near = torch.relu(self.near[index](padded))
            both = torch.cat([near, trunk[:, :, offset::CLASSES]], 1).transpose(1, 2)
            said = self.out[index](torch.relu(self.inside[index](both))).float()
            nonzero[:, offset::CLASSES], more[:, offset::CLASSES] = said[..., 0].to(now), said[..., 1].to(now)
            known = known | (number == offset)
        shape = (batch, frames, bins)
        return Likelihood(nonzero.view(shape), more.view(shape))

    def trunk(self, quantised: Tensor, steps: Tensor) -> Tensor:
        """What the frames before say of every bin, [B * T, width, bins]."""
        batch, frames, bins = quantised.shape
        seen = self.past(quantised, steps)
        flat = seen.reshape(batch * frames, CHANNELS, bins)
        y = torch.relu(self.first(flat))
        summed = functional.adaptive_avg_pool1d(flat[:, ::2][:, :2], self.config.bands).flatten(1)
        overall = self.overall(torch.relu(self.summary(summed)))
        made: Tensor = torch.relu(self.second(y) + overall[:, :, None] + self.place[:, :bins])
        return made

    def past(self, quantised: Tensor, steps: Tensor) -> Tensor:
        """[B, T, CHANNELS, bins]."""
        batch, frames, bins = quantised.shape
        step = steps.float() / STEPS_PER_OCTAVE
        before = [functional.pad(quantised, (0, 0, n, 0))[:, :frames] for n in (1, 2)]
        then = [functional.pad(step, (n, 0))[:, :frames] for n in (1, 2)]
        changes = [(old - step).clamp(-4, 4) for old in then]
        there = (torch.arange(frames, device=step.device) > 0).float()
        changes[0] = changes[0] * there
        one, two = (level(q * torch.exp2(change)[..., None]) for q, change in zip(before, changes, strict=True))
        mean, running = torch.zeros_like(one[:, 0]), []
        for frame in range(frames):
            mean = KEPT * mean + (1 - KEPT) * one[:, frame]
            running.append(mean)
        shape = (batch, frames, bins)
        place = torch.arange(bins, device=step.device) / self.config.bins
        return torch.stack(
            [one, two, torch.stack(running, 1), there[None, :, None].expand(shape),
             changes[0][..., None].expand(shape), place.expand(shape)], 2,
        )  # fmt: skip


def bits(quantised: Tensor, said: Likelihood, known: Tensor) -> Tensor:
    """What coefficients cost, [B, T] in bits: whether each is 0, its sign, its size; only bins `known` [B or 1, 1, bins]."""
    nonzero, more = (x.clamp(-LOGIT, LOGIT) for x in said)
    size = quantised.abs()
    there = size > 0
    cost = functional.binary_cross_entropy_with_logits(nonzero, there.to(nonzero), reduction="none")
    tail = (size - 1) * functional.softplus(-more) + functional.softplus(more)
    cost = cost + there * tail
    return (cost / 0.6931471805599453 + there).mul(known).sum(-1)
