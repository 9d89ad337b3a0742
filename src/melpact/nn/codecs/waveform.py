"""The waveform codec's networks: an encoder of what quantised coefficients lack, and a decoder that fills it in.

Coefficients of the MDCT come in frames of 10 ms, 50 Hz apart, in units of their frame's step; two frames are one unit of the
latent. The encoder sees coefficients before and after quantisation, the decoder the quantised ones and the latent.
Amplitudes are in steps throughout, so that nothing depends on the level of the sound.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.convnext import EPS
from melpact.nn.codecs.coefficients import level
from melpact.nn.codecs.latent import LatentPrior, Spread, before, quantised

TOGETHER = 2
"""Frames that share a latent."""
QUIETEST = 2.0**-8
"""Amplitudes in steps below which the encoder does not look."""
LOUDEST_FILL = 1.0
SIGNED, SIZES = 4.0, 8.0
"""Divisors of the inputs, so that they are of about one."""


class WaveformConfig(Record):
    """Sizes.

    Args:
        bins: most coefficients of a frame. size: numbers of a latent. bands: in which quantised coefficients are summed up
            for the latent's prior. encoder_width, decoder_width: channels; encoder_blocks, decoder_blocks: how many blocks;
            expansion: by which a block widens them inside. kernel: frames of the latent that a block sees, none ahead.
        prior_width: of the latent's prior. side: numbers of side information per latent frame that may be given besides.
    """

    bins: PositiveInt = Field(default=240, multiple_of=4)
    size: PositiveInt = 12
    bands: PositiveInt = 20
    encoder_width: PositiveInt = 192
    encoder_blocks: PositiveInt = 3
    decoder_width: PositiveInt = 256
    decoder_blocks: PositiveInt = 5
    expansion: PositiveInt = 3
    kernel: PositiveInt = 5
    prior_width: PositiveInt = 64
    side: int = Field(default=0, ge=0)


class CausalBlock(nn.Module):
    """x + γ · W2 gelu(W1 norm(depthwise(x))), [B, T, width]; the depthwise filter sees the frame and those before it.

    Source: the block of Siuzdak 2023, "Vocos", section 3.2, with its filter moved back.
    """

    def __init__(self, width: int, inside: int, layer_scale: float, kernel: int) -> None:
        super().__init__()
        self.back = kernel - 1
        self.dwconv = nn.Conv1d(width, width, kernel, groups=width)
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.pwconv1 = nn.Linear(width, inside)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(inside, width)
        self.gamma = nn.Parameter(torch.full((width,), layer_scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.dwconv(functional.pad(x.transpose(1, 2), (self.back, 0))).transpose(1, 2)
        return x + self.gamma * self.pwconv2(self.act(self.pwconv1(self.norm(y))))


def _blocks(width: int, config: WaveformConfig, count: int) -> nn.Sequential:
    return nn.Sequential(*(CausalBlock(width, config.expansion * width, 1 / count, config.kernel) for _ in range(count)))


def joined(frames: Tensor) -> Tensor:
    """[B, T, n] → [B, T / 2, 2 n]: two frames beside each other."""
    batch, count, size = frames.shape
    return frames.reshape(batch, count // TOGETHER, TOGETHER * size)


def parted(frames: Tensor) -> Tensor:
    """The inverse of `joined`."""
    batch, count, size = frames.shape
    return frames.reshape(batch, count * TOGETHER, size // TOGETHER)


def signed(quantised: Tensor) -> Tensor:
    """sign · log2(1 + |coefficient|), of about one."""
    return quantised.sign() * level(quantised) / SIGNED


class Filled(NamedTuple):
    """What the decoder says of every coefficient [B, T, bins], in steps: how far a coded one lies below its integer, the
    amplitude of noise where none was coded, and what is to be added to both."""

    below: Tensor
    noise: Tensor
    added: Tensor


class Encoder(nn.Module):
    """Coefficients [B, T, bins] in steps, and as quantised → latent [B, T / 2, size] before quantisation."""

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        width = config.encoder_width
        self.embed = nn.Linear(2 * TOGETHER * config.bins + config.side, width)
        self.blocks = _blocks(width, config, config.encoder_blocks)
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.out = nn.Linear(width, config.size)

    def forward(self, coefficients: Tensor, coded: Tensor, side: Tensor | None = None) -> Tensor:
        sizes = torch.log2(coefficients.abs() + QUIETEST) / SIZES
        seen = [joined(sizes), joined(level(coded) / SIGNED)]
        y = self.embed(torch.cat(seen if side is None else [*seen, side], -1))
        made: Tensor = self.out(self.norm(self.blocks(y)))
        return made


class Decoder(nn.Module):
    """Quantised coefficients [B, T, bins] and latent [B, T / 2, size] → `Filled`."""

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        self.bins = config.bins
        width = config.decoder_width
        self.embed = nn.Linear(TOGETHER * config.bins + config.size + config.side, width)
        self.sizes = nn.Linear(TOGETHER * config.bins, width, bias=False)
        self.blocks = _blocks(width, config, config.decoder_blocks)
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.out = nn.Linear(width, 3 * TOGETHER * config.bins)
        nn.init.trunc_normal_(self.out.weight, std=0.005)
        nn.init.zeros_(self.out.bias)

    def forward(self, coded: Tensor, latent: Tensor, side: Tensor | None = None) -> Filled:
        seen = [joined(signed(coded)), latent]
        y = self.embed(torch.cat(seen if side is None else [*seen, side], -1)) + self.sizes(joined(level(coded) / SIGNED))
        below, noise, added = (parted(part) for part in self.out(self.norm(self.blocks(y))).float().chunk(3, -1))
        return Filled(0.3 * torch.tanh(below), LOUDEST_FILL * torch.sigmoid(3 * noise - 2), added)


class WaveformCodecNetwork(nn.Module):
    """Encoder, latent and decoder together, as they are trained.

    Attributes:
        encoder, prior, decoder: the parts, exported one by one.
    """

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.prior = LatentPrior(config.size, TOGETHER * config.bands + config.side, config.prior_width)
        self.decoder = Decoder(config)

    def latent(self, coefficients: Tensor, coded: Tensor, kept: Tensor, side: Tensor | None = None) -> Tensor:
        """Integers [B, T / 2, size]; `kept` [B or 1, 1, size] is 1 for the numbers that are sent, the others are 0."""
        return quantised(self.encoder(coefficients, coded, side)) * kept

    def spread(self, latent: Tensor, coded: Tensor, side: Tensor | None = None) -> Spread:
        """What the prior expects of every number of the latent."""
        known = self.summed(coded)
        said: Spread = self.prior(before(latent), known if side is None else torch.cat([known, side], -1))
        return said

    def summed(self, coded: Tensor) -> Tensor:
        """[B, T / 2, 2 * bands]: mean level of the quantised coefficients of each band and frame."""
        batch, frames, bins = coded.shape
        bands = self.config.bands
        return joined(level(coded).reshape(batch, frames, bands, bins // bands).mean(-1))


def coefficients_of(coded: Tensor, filled: Filled, signs: Tensor) -> Tensor:
    """The coefficients that are heard, in steps: those coded, a little nearer to 0; noise elsewhere; and what is added."""
    there = coded != 0
    plain = torch.where(there, coded - coded.sign() * filled.below, filled.noise * signs)
    return plain + filled.added
