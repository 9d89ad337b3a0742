"""Which sound lasts from when to when: frames and tokens as vectors, near where they belong together.

Learnt without being told, by the sum over every monotone way (forward sum), with a prior along the diagonal that fades.
Source: Badlani et al. 2022, "One TTS alignment to rule them all", section 2: the distances, the forward sum by way of CTC.
The best way (`durations`) gives every token at least one slot.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.speech.tokens import TokenEmbedding

SLOT_FRAMES = 2
"""Frames of a mel that make one slot: what durations count."""
_BLANK = -1.0
_SHARP = 2.0


class AlignerConfig(Record):
    """Sizes.

    Args:
        width: channels. size: numbers by which frame and token are compared.
    """

    n_mels: PositiveInt = 80
    width: PositiveInt = 192
    size: PositiveInt = 64


class Aligner(nn.Module):
    """Mel [B, n_mels, T] (normalised, T even) and tokens [B, 5, N] → how well they fit, logarithms [B, T / 2, N]."""

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        self.config = config
        width, size = config.width, config.size
        self.frames = nn.Sequential(
            nn.Conv1d(config.n_mels * SLOT_FRAMES, width, 3, padding=1), nn.GELU(),
            nn.Conv1d(width, width, 3, padding=1), nn.GELU(),
            nn.Conv1d(width, width, 3, padding=1), nn.GELU(),
            nn.Conv1d(width, size, 1),
        )  # fmt: skip
        self.embedding = TokenEmbedding(width)
        self.tokens = nn.Sequential(nn.Conv1d(width, width, 3, padding=1), nn.GELU(), nn.Conv1d(width, size, 1))
        self.scale = nn.Parameter(torch.tensor(0.0))

    def forward(self, mel: Tensor, tokens: Tensor) -> Tensor:
        frames = self.frames(slots(mel)).transpose(1, 2)
        sounds = self.tokens(self.embedding(tokens))
        far = (frames**2).sum(2, keepdim=True) - 2 * frames @ sounds + (sounds**2).sum(1, keepdim=True)
        return -far.float() / self.config.size * _SHARP * self.scale.exp()


def slots(mel: Tensor) -> Tensor:
    """[B, n_mels, T] → [B, 2 n_mels, T / 2]: two frames, one behind the other, as one."""
    batch, bands, frames = mel.shape
    return mel.reshape(batch, bands, frames // SLOT_FRAMES, SLOT_FRAMES).transpose(2, 3).reshape(
        batch, bands * SLOT_FRAMES, frames // SLOT_FRAMES
    )  # fmt: skip


def diagonal(n_slots: Tensor, n_tokens: Tensor, width: float) -> Tensor:
    """A prior along the diagonal, logarithms [B, S, N]: a bell of this width, as a part of the whole."""
    slot = (torch.arange(int(n_slots.max()), device=n_slots.device) + 0.5) / n_slots.unsqueeze(1)
    token = (torch.arange(int(n_tokens.max()), device=n_slots.device) + 0.5) / n_tokens.unsqueeze(1)
    return -0.5 * ((slot.unsqueeze(2) - token.unsqueeze(1)) / width) ** 2


def forward_sum(fits: Tensor, n_slots: Tensor, n_tokens: Tensor, *, shared: bool = True) -> Tensor:
    """Minus the logarithm of all monotone ways together, per slot; a mean over the batch.

    Args:
        fits: [B, S, N], a prior included.
        shared: a slot is shared out among the tokens before the blank takes its part, as in the source; else a network can
            leave slots that fit nothing to the blank, and tokens keep a slot or two each.
    """
    away = torch.arange(fits.shape[2], device=fits.device) >= n_tokens.unsqueeze(1)
    blank = torch.full_like(fits[:, :, :1], _BLANK)
    known = fits.masked_fill(away.unsqueeze(1), -1e4)
    shares = torch.cat([blank, known.log_softmax(2) if shared else known], 2).log_softmax(2)
    wanted = torch.arange(1, fits.shape[2] + 1, device=fits.device).expand(len(fits), -1)
    lost = functional.ctc_loss(
        shares.transpose(0, 1), wanted, n_slots, n_tokens, blank=0, reduction="none", zero_infinity=True
    )
    return (lost / n_slots).mean()


@njit(cache=True)
def durations(fits: NDArray[np.float32]) -> NDArray[np.int64]:
    """The best monotone way through [S, N] logarithms, S ≥ N: slots per token, [N], each at least 1."""
    n_slots, n_tokens = fits.shape
    best = np.full((n_slots, n_tokens), -np.inf)
    moved = np.zeros((n_slots, n_tokens), np.bool_)
    best[0, 0] = fits[0, 0]
    for slot in range(1, n_slots):
        first, last = max(0, n_tokens - (n_slots - slot)), min(n_tokens, slot + 1)
        for token in range(first, last):
            stay = best[slot - 1, token]
            step = best[slot - 1, token - 1] if token > 0 else -np.inf
            moved[slot, token] = step > stay
            best[slot, token] = max(stay, step) + fits[slot, token]
    kept = np.zeros(n_tokens, np.int64)
    token = n_tokens - 1
    for slot in range(n_slots - 1, -1, -1):
        kept[token] += 1
        if slot > 0 and moved[slot, token]:
            token -= 1
    return kept
