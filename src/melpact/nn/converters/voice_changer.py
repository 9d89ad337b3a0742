"""The generator of the conversion: what is spoken, at which pitch and how loud, and how the target sounds there → its mel.

A strided encoder, residual blocks, a transposed decoder. What is spoken is told twice: as features, and as the source
itself, its moments moved to the target's, which is corrected. So is how the target sounds: as frames of his that were picked
by content, and as a style that scales and shifts every block. What the numbers mean, which frames are picked and where the
style comes from is not known here.

Sources: the block is that of Siuzdak 2023, "Vocos", section 3.2; the modulation by scale and shift that of Perez et al.
2018, "FiLM: Visual reasoning with a general conditioning layer", section 2, on the normalised values; a style by a pool of a
reference's frames as in Jia et al. 2018, "Transfer learning from speaker verification to multispeaker text-to-speech".
"""

from __future__ import annotations

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.convnext import EPS
from melpact.nn.blocks.modulated import ModulatedBlock
from melpact.nn.blocks.reach import samples_of_frame

STRIDE = 2
STEM_KERNEL, DOWN_KERNEL, UP_KERNEL, BLOCK_KERNEL = 3, 4, 4, 5
INIT_STD = 0.02
SLOPE = 0.1
_EDGE = (DOWN_KERNEL - STRIDE) // 2


class VoiceChangerConfig(Record):
    """Sizes.

    Args:
        content: numbers of a frame that say what is spoken. width: channels of every block; half as many at the full frame
            rate. blocks: how many. expansion: by which a block widens them inside.
        style: numbers that say who speaks. reference_width: channels of the network that makes them of a reference.
        output_scale: what the output is multiplied by in a fresh network; learnt from there.
    """

    n_mels: PositiveInt
    content: PositiveInt
    width: PositiveInt = 256
    blocks: PositiveInt = 7
    expansion: float = Field(default=2.5, gt=0)
    style: PositiveInt = 64
    reference_width: PositiveInt = 192
    output_scale: float = Field(default=1.0, gt=0)


class VoiceChanger(nn.Module):
    """(content, moved, picked, pitch, energy, style) → mel [B, n_mels, T], normalised as `moved`. A fresh one gives `moved`.

    Args of a call:
        content: what is spoken, [B, content, T]. moved: the source with the target's moments, [B, n_mels, T]. picked: frames
            of the target that say the same, [B, n_mels, T].
        pitch: [B, pitch_size(n_mels), T]: octaves above a fixed pitch, 1 where voiced, and what a flat harmonic sound of
            this pitch looks like along the bands (all 0 where unvoiced). energy: how loud, [B, 1, T].
        style: who speaks, [B, style].
    """

    def __init__(self, config: VoiceChangerConfig) -> None:
        super().__init__()
        self.config = config
        width, half = config.width, config.width // 2
        given = config.content + 2 * config.n_mels + pitch_size(config.n_mels) + 1
        self.stem = nn.Conv1d(given, half, STEM_KERNEL, padding=STEM_KERNEL // 2)
        self.down = nn.Conv1d(half, width, DOWN_KERNEL, stride=STRIDE, padding=_EDGE)
        self.film = nn.Linear(config.style, 2 * width * config.blocks)
        inside = round(width * config.expansion)
        blocks = config.blocks
        self.blocks = nn.ModuleList(ModulatedBlock(width, inside, 1 / blocks, BLOCK_KERNEL) for _ in range(blocks))
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.up = nn.ConvTranspose1d(width, half, UP_KERNEL, stride=STRIDE, padding=_EDGE)
        self.out = nn.Conv1d(half, config.n_mels, STEM_KERNEL, padding=STEM_KERNEL // 2)
        self.scale = nn.Parameter(torch.tensor(config.output_scale))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=INIT_STD)
                nn.init.zeros_(module.bias)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self, content: Tensor, moved: Tensor, picked: Tensor, pitch: Tensor, energy: Tensor, style: Tensor
    ) -> Tensor:
        frames = content.shape[2]
        given = torch.cat([content, moved, picked, pitch, energy], 1)
        given = torch.cat([given, given[:, :, -1:]], 2)[:, :, : frames + frames % STRIDE]
        near = functional.leaky_relu(self.stem(given), SLOPE)
        x = self.down(near).transpose(1, 2)
        parts = self.film(style).unsqueeze(1).chunk(2 * len(self.blocks), 2)
        for block, scale, shift in zip(self.blocks, parts[::2], parts[1::2], strict=True):
            x = block(x, scale, shift)
        y = near + self.up(self.norm(x).transpose(1, 2))
        made: Tensor = moved + self.scale * self.out(functional.leaky_relu(y, SLOPE))[:, :, :frames]
        return made


class ReferenceEncoder(nn.Module):
    """Frames of a voice [B, n_mels, R], normalised → style [B, style], of length √style; `sounds` [B, R] is 1 where it does.

    The mean over the sounding frames of what a few layers make of each.
    """

    def __init__(self, config: VoiceChangerConfig) -> None:
        super().__init__()
        wide = config.reference_width
        self.layers = nn.ModuleList(
            nn.Conv1d(n, wide, BLOCK_KERNEL, padding=BLOCK_KERNEL // 2) for n in (config.n_mels, wide, wide)
        )
        self.out = nn.Linear(2 * wide, config.style)
        self.size = config.style

    def forward(self, mels: Tensor, sounds: Tensor) -> Tensor:
        x = mels
        for index, layer in enumerate(self.layers):
            y = functional.leaky_relu(layer(x), SLOPE)
            x = y if index == 0 else x + y
        share = (sounds / sounds.sum(1, keepdim=True).clamp(min=1)).unsqueeze(1)
        mean = (x * share).sum(2)
        spread = (((x - mean.unsqueeze(2)) ** 2 * share).sum(2) + EPS).sqrt()
        made: Tensor = functional.normalize(self.out(torch.cat([mean, spread], 1)), dim=1) * self.size**0.5
        return made


class Converting(nn.Module):
    """A generator, its reference encoder and a style of each voice that it learns from: what a training updates and keeps.

    `styles` are used as `of` gives them, of length √style; the reference encoder is taught to point at them.
    """

    def __init__(self, config: VoiceChangerConfig, voices: int) -> None:
        super().__init__()
        self.config = config
        self.changer, self.reference = VoiceChanger(config), ReferenceEncoder(config)
        self.styles = nn.Parameter(torch.randn(voices, config.style))

    def of(self, voices: Tensor) -> Tensor:
        """Styles [B, style] of voices by number [B]."""
        return functional.normalize(self.styles[voices], dim=1) * self.config.style**0.5


def pitch_size(n_mels: int) -> int:
    """Numbers of a frame that say its pitch."""
    return 2 + n_mels


def receptive_field(config: VoiceChangerConfig) -> tuple[int, int]:
    """Frames to the left and right that a frame depends on, exactly."""
    near = samples_of_frame(1).conv(STEM_KERNEL)
    span = near.transposed(UP_KERNEL, STRIDE, _EDGE)
    for _ in range(config.blocks):
        span = span.conv(BLOCK_KERNEL)
    span = span.conv(DOWN_KERNEL, stride=STRIDE, padding=_EDGE)
    left, right = span.with_(near).conv(STEM_KERNEL).around_frame()
    return left + STRIDE - 1, right + STRIDE - 1
