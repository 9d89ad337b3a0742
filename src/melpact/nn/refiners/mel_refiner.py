"""The network of the refiners: small filters over bands and frames, mixed by what blocks along the frames make of the whole.

One network for the one-pass refiner and for the diffusion. What is asked of it, and with which noise, is not known here.
Values are normalised per band (mean 0, standard deviation 1).

Sources: the block is that of Siuzdak 2023, "Vocos", section 3.2; the modulation by scale and shift that of Perez et al.
2018, "FiLM: Visual reasoning with a general conditioning layer", section 2, on the normalised values as in Peebles and Xie
2023, "Scalable diffusion models with transformers", section 3.2; filters that another part of the network mixes are those
of Jia et al. 2016, "Dynamic filter networks".
"""

from __future__ import annotations

import math

import torch
from pydantic import Field, NonNegativeInt, PositiveInt, model_validator
from torch import Tensor, nn

from melpact.core.records import Record
from melpact.nn.blocks.convnext import EPS, KERNEL_SIZE
from melpact.nn.blocks.modulated import ModulatedBlock
from melpact.nn.blocks.reach import samples_of_frame

STEM_KERNEL, LOCAL_KERNEL = 5, 3
INIT_STD = 0.02
SLOWEST, FASTEST = 0.25, 16.0
"""Periods per unit of level, of the slowest and the fastest wave that a level is turned into."""
F0_CHANNELS = 2


class MelRefinerConfig(Record):
    """Sizes.

    Args:
        width: channels of every block along the frames. blocks: how many. expansion: by which a block widens them inside.
        features: of each band and frame, filtered over both. local_blocks: layers of such filters. mixed: how many of their
            results are mixed into what is added, with weights of each band and frame.
        level_size: waves that the level is turned into, sines and cosines together; even.
        f0: whether a pitch is taken, too. voice_size: numbers of a voice's description; 0: none is taken.
    """

    n_mels: PositiveInt
    width: PositiveInt = 128
    blocks: PositiveInt = 5
    expansion: float = Field(default=3.0, gt=0)
    features: PositiveInt = 16
    local_blocks: NonNegativeInt = 2
    mixed: PositiveInt = 4
    level_size: PositiveInt = 32
    f0: bool = False
    voice_size: NonNegativeInt = 0

    @model_validator(mode="after")
    def _check(self) -> MelRefinerConfig:
        if self.level_size % 2:
            raise ValueError("level_size is even")
        return self


class _Local(nn.Module):
    """x + a small filter of gelu of a small filter of x, [B, features, T, n_mels]."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(features, features, LOCAL_KERNEL, padding=LOCAL_KERNEL // 2)
        self.second = nn.Conv2d(features, features, LOCAL_KERNEL, padding=LOCAL_KERNEL // 2)
        self.act = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = x + self.second(self.act(self.first(x)))
        return made


class MelRefiner(nn.Module):
    """(x, cond, level) → residual [B, n_mels, T]: what is to be added to `cond`. A fresh one gives zeros.

    Args of a call:
        x: what is being cleaned, [B, n_mels, T]; zeros where there is nothing yet.
        cond: the mel that is to be corrected, [B, n_mels, T].
        level: how clean x is, [B]: 0 for noise alone, 1 for a clean mel.
        f0: natural logarithm of the pitch in Hz less that of 200 Hz (0 where there is none) and 1 where there is one,
            [B, 2, T]; only for a network with `f0`.
        voice: a description of the voice, [B, voice_size]; only for a network with one.
    """

    def __init__(self, config: MelRefinerConfig) -> None:
        super().__init__()
        self.config = config
        width, features = config.width, config.features
        self.stem = nn.Conv2d(2, features, STEM_KERNEL, padding=STEM_KERNEL // 2)
        self.local = nn.ModuleList(_Local(features) for _ in range(config.local_blocks))
        self.act = nn.GELU()
        self.embed = nn.Linear(features * config.n_mels + (F0_CHANNELS if config.f0 else 0), width)
        self.level = nn.Linear(config.level_size + config.voice_size, config.level_size)
        self.film = nn.Linear(config.level_size, 2 * width * config.blocks)
        inside = round(width * config.expansion)
        blocks = config.blocks
        self.blocks = nn.ModuleList(ModulatedBlock(width, inside, 1 / blocks, KERNEL_SIZE) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.mixture = nn.Conv2d(features, config.mixed, LOCAL_KERNEL, padding=LOCAL_KERNEL // 2)
        self.out = nn.Linear(width, (1 + config.mixed) * config.n_mels)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=INIT_STD)
                nn.init.zeros_(module.bias)
        nn.init.zeros_(self.out.weight)
        nn.init.normal_(self.level.weight, std=(config.level_size / 2) ** -0.5)
        waves = torch.logspace(math.log10(SLOWEST), math.log10(FASTEST), config.level_size // 2)
        self.register_buffer("waves", 2 * math.pi * waves, persistent=False)

    def forward(
        self, x: Tensor, cond: Tensor, level: Tensor, f0: Tensor | None = None, voice: Tensor | None = None
    ) -> Tensor:
        near = torch.stack([x, cond], 1).transpose(2, 3).contiguous(memory_format=torch.channels_last)
        near = self.stem(near)
        for local in self.local:
            near = local(near)
        near = self.act(near)
        seen = near.permute(0, 2, 3, 1).flatten(2)
        y = self.embed(seen if f0 is None else torch.cat([seen, f0.transpose(1, 2)], 2))
        film = self.film(torch.nn.functional.silu(self.level(self._told(level, voice)))).unsqueeze(1)
        parts = film.chunk(2 * len(self.blocks), 2)
        for block, scale, shift in zip(self.blocks, parts[::2], parts[1::2], strict=True):
            y = block(y, scale, shift)
        plain, *weights = self.out(self.norm(y)).chunk(1 + self.config.mixed, 2)
        filtered = self.mixture(near)
        for index, weight in enumerate(weights):
            plain = plain + weight * filtered[:, index]
        residual: Tensor = plain.transpose(1, 2)
        return residual

    def _told(self, level: Tensor, voice: Tensor | None) -> Tensor:
        angles = level.unsqueeze(1) * self.waves
        waves = torch.cat([torch.sin(angles), torch.cos(angles)], 1)
        return waves if voice is None else torch.cat([waves, voice], 1)


def receptive_field(config: MelRefinerConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame depends on, exactly."""
    frame = samples_of_frame(1)
    along = frame
    for _ in range(config.blocks):
        along = along.conv(KERNEL_SIZE)
    span = along.with_(frame.conv(LOCAL_KERNEL))
    for _ in range(2 * config.local_blocks):
        span = span.conv(LOCAL_KERNEL)
    return span.conv(STEM_KERNEL).around_frame()
