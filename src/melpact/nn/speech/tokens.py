"""Tokens as vectors: a sum of what is known of each sound, and a stack of blocks that lets each see its neighbours."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from melpact.nn.blocks.convnext import ConvNeXtBlock
from melpact.text.tokens import MARKS, SYMBOLS, TONES

FIELDS = ("symbol", "stress", "marks", "tone", "begins")


class TokenEmbedding(nn.Module):
    """Tokens [B, 5, N] (`Tokens.stacked`) → [B, dim, N]."""

    bits: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.symbol = nn.Embedding(len(SYMBOLS), dim)
        self.stress = nn.Embedding(3, dim)
        self.tone = nn.Embedding(TONES, dim)
        self.begins = nn.Embedding(2, dim)
        self.marks = nn.Linear(len(MARKS), dim, bias=False)
        self.register_buffer("bits", 2 ** torch.arange(len(MARKS)), persistent=False)
        for part in (self.symbol, self.stress, self.tone, self.begins):
            nn.init.normal_(part.weight, std=0.3)

    def forward(self, tokens: Tensor) -> Tensor:
        symbol, stress, marks, tone, begins = tokens.unbind(1)
        bits = (marks.unsqueeze(-1) // self.bits % 2).to(self.symbol.weight.dtype)
        made = self.symbol(symbol) + self.stress(stress) + self.tone(tone) + self.begins(begins) + self.marks(bits)
        return made.transpose(1, 2)


class TextEncoder(nn.Module):
    """Tokens and a language → [B, dim, N]: what is to be said, by nobody in particular.

    Args:
        languages: how many.
        blocks: of convolutions; a recurrent layer in both directions behind them sees the whole sentence.
    """

    def __init__(self, dim: int, blocks: int, languages: int) -> None:
        super().__init__()
        self.embedding = TokenEmbedding(dim)
        self.language = nn.Embedding(languages, dim)
        nn.init.normal_(self.language.weight, std=0.1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(dim, 3 * dim, 1 / blocks) for _ in range(blocks))
        self.whole = nn.GRU(dim, dim // 2, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Tensor, language: Tensor, lengths: Tensor | None = None) -> Tensor:
        """lengths: of each of the batch, where they differ; the rest is 0 on the way."""
        x = self.embedding(tokens) + self.language(language).unsqueeze(-1)
        there = None
        if lengths is not None:
            there = (torch.arange(x.shape[2], device=x.device) < lengths.unsqueeze(1)).unsqueeze(1).to(x.dtype)
            x = x * there
        for block in self.blocks:
            x = block(x)
            if there is not None:
                x = x * there
        y = x.transpose(1, 2).float()
        if lengths is None:
            seen, _ = self.whole(y)
        else:
            packed = nn.utils.rnn.pack_padded_sequence(y, lengths.cpu(), batch_first=True, enforce_sorted=False)
            seen, _ = nn.utils.rnn.pad_packed_sequence(self.whole(packed)[0], batch_first=True, total_length=y.shape[1])
        return self.norm(y + seen).transpose(1, 2)
