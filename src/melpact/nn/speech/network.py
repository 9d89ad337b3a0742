"""The speech model: tokens, a language and a voice → durations → codes → a mel.

Three choices are drawn one after the other, each from categorical heads: how long every token lasts (a recurrent layer over
the tokens), which codes every step has (a recurrent layer over the steps, and within a step number after number), and what
frames these make (convolutions; nothing is drawn). The codes are what a mel says beyond its text: an encoder of the
mel gives them in training, rounded to few levels (finite scalar quantisation). Since every token has its time before the
first frame is made, nothing can be skipped or said for ever.

Sources: Mentzer et al. 2023, "Finite scalar quantization: VQ-VAE made simple", section 3.1; van den Oord et al. 2017,
"Neural discrete representation learning", section 3.3 (a prior learnt over codes); Germain et al. 2015, "MADE", section 4
(number after number in one pass); the blocks are those of `nn.blocks`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional

from melpact.core.records import Record
from melpact.nn.blocks.convnext import ConvNeXtBlock
from melpact.nn.blocks.modulated import ModulatedBlock
from melpact.nn.speech.aligner import SLOT_FRAMES, slots
from melpact.nn.speech.picking import picked
from melpact.nn.speech.tokens import TextEncoder

STEP_SLOTS = 2
"""Slots of one step of codes."""
BLOCK_KERNEL = 7
_CLASSES = (*range(1, 33), *range(34, 49, 2), *range(52, 81, 4), *range(88, 161, 8))
DURATIONS: tuple[int, ...] = _CLASSES
"""Slots that a class of duration stands for."""


class SpeechConfig(Record):
    """Sizes.

    Args:
        languages: their names, in the order of their numbers.
        width: channels of the text and of what is known of a slot. text_blocks: of the text encoder.
        voice: numbers that say who speaks, as they come. voice_width: what they become.
        numbers, levels: numbers of a code, and levels of each.
        prior: channels of the recurrent layer over the steps. inner: of each number's head.
        pace: channels of the recurrent layer over the tokens.
        decoder, decoder_blocks, encoder, encoder_blocks: of the convolutions from codes to frames, and back.
    """

    n_mels: PositiveInt = 80
    languages: tuple[str, ...] = ("en",)
    width: PositiveInt = 256
    text_blocks: PositiveInt = 3
    voice: PositiveInt = 256
    voice_width: PositiveInt = 96
    numbers: PositiveInt = 8
    levels: int = Field(default=8, ge=2)
    prior: PositiveInt = 448
    inner: PositiveInt = 64
    pace: PositiveInt = 192
    decoder: PositiveInt = 320
    decoder_blocks: PositiveInt = 5
    encoder: PositiveInt = 160
    encoder_blocks: PositiveInt = 3


class Pace(nn.Module):
    """How long every token lasts: classes of `DURATIONS`, one token after the other."""

    table: Tensor

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.before = nn.Embedding(len(DURATIONS) + 1, 64)
        self.given = nn.Linear(config.width + config.voice_width + 64, config.pace)
        self.layer = nn.GRU(config.pace, config.pace, batch_first=True)
        self.head = nn.Linear(config.pace + config.width, len(DURATIONS))
        self.register_buffer("table", torch.tensor(DURATIONS), persistent=False)

    def classes(self, durations: Tensor) -> Tensor:
        """Slots → the nearest class."""
        return (durations.unsqueeze(-1) - self.table).abs().argmin(-1)

    def forward(self, text: Tensor, voice: Tensor, classes: Tensor) -> Tensor:
        """Text [B, width, N], voice [B, V], the true classes [B, N] → logits [B, N, classes]."""
        known = functional.pad(classes[:, :-1], (1, 0), value=len(DURATIONS))
        shown = text.transpose(1, 2)
        x = torch.cat([shown, voice.unsqueeze(1).expand(-1, shown.shape[1], -1), self.before(known)], 2)
        made, _ = self.layer(functional.gelu(self.given(x)).float())
        return self.head(torch.cat([made, shown], 2))

    def step(self, text: Tensor, voice: Tensor, before: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One token: text [B, width], the class before [B], state [1, B, pace] → logits [B, classes], state."""
        x = functional.gelu(self.given(torch.cat([text, voice, self.before(before)], 1))).unsqueeze(1)
        made, state = self.layer(x, state)
        return self.head(torch.cat([made[:, 0], text], 1)), state


class Slots(nn.Module):
    """Text and durations → what is known of every slot, [B, width, S]: its token, and where in it the slot lies."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.place = nn.Linear(4, width)

    def forward(self, text: Tensor, owner: Tensor, place: Tensor) -> Tensor:
        """Text [B, width, N]; owner [B, S], the number of its token; place [B, S, 4] (`places`)."""
        shown = text.gather(2, owner.unsqueeze(1).expand(-1, text.shape[1], -1))
        return shown + self.place(place).transpose(1, 2)


def places(durations: Tensor, n_slots: int) -> tuple[Tensor, Tensor]:
    """Durations [B, N] → the token of every slot [B, S], and [B, S, 4]: how far it has come, how far it is to go (parts of
    the whole), the logarithm of its length, and whether the slot is there at all."""
    ends = durations.cumsum(1)
    slot = torch.arange(n_slots, device=durations.device).expand(len(durations), -1).contiguous()
    owner = torch.searchsorted(ends, slot, right=True).clamp(max=durations.shape[1] - 1)
    length = durations.gather(1, owner).clamp(min=1)
    come = (slot - (ends.gather(1, owner) - length) + 0.5) / length
    there = (slot < ends[:, -1:]).float()
    return owner, torch.stack([come, 1 - come, length.float().log(), torch.ones_like(come)], 2) * there.unsqueeze(2)


class Posterior(nn.Module):
    """Mel [B, n_mels, T] → numbers in (-1, 1) of every step, [B, numbers, T / 4]."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        width = config.encoder
        self.stem = nn.Conv1d(config.n_mels * SLOT_FRAMES, width, 3, padding=1)
        self.voice = nn.Linear(config.voice_width, width)
        blocks = config.encoder_blocks
        self.blocks = nn.ModuleList(ConvNeXtBlock(width, 2 * width, 1 / blocks) for _ in range(blocks))
        self.down = nn.Conv1d(width, width, 4, stride=STEP_SLOTS, padding=1)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, config.numbers)

    def forward(self, mel: Tensor, voice: Tensor) -> Tensor:
        x = self.stem(slots(mel)) + self.voice(voice).unsqueeze(2)
        for block in self.blocks:
            x = block(x)
        x = self.norm(functional.gelu(self.down(x)).transpose(1, 2))
        return torch.tanh(self.out(x)).transpose(1, 2)


class Prior(nn.Module):
    """What codes follow: logits of every number of a step, from the text's slots, the voice and the codes before."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.config = config
        numbers, levels, inner = config.numbers, config.levels, config.inner
        self.text = nn.Conv1d(config.width, config.width, STEP_SLOTS, stride=STEP_SLOTS)
        self.codes = nn.Linear(numbers * levels, config.width)
        self.given = nn.Linear(2 * config.width + config.voice_width, config.prior)
        self.layer = nn.GRU(config.prior, config.prior, batch_first=True)
        self.heads = nn.Linear(config.prior + config.width, numbers * inner)
        self.within = nn.Parameter(torch.zeros(numbers, numbers * levels, inner))
        self.out = nn.Parameter(torch.randn(numbers, inner, levels) / inner**0.5)
        self.bias = nn.Parameter(torch.zeros(numbers, levels))

    def spread(self, codes: Tensor) -> Tensor:
        """Levels [..., numbers] → [..., numbers * levels], ones where they are."""
        return functional.one_hot(codes, self.config.levels).flatten(-2).float()

    def told(self, known: Tensor) -> Tensor:
        """Slots [B, width, S] (S even) → steps [B, S / 2, width]."""
        return self.text(known).transpose(1, 2)

    def forward(self, known: Tensor, voice: Tensor, codes: Tensor) -> Tensor:
        """Slots [B, width, S], voice [B, V], true codes [B, S / 2, numbers] → logits [B, S / 2, numbers, levels]."""
        numbers, levels = self.config.numbers, self.config.levels
        text, ones = self.told(known), self.spread(codes)
        before = self.codes(functional.pad(ones[:, :-1], (0, 0, 1, 0)))
        x = torch.cat([text, before, voice.unsqueeze(1).expand(-1, text.shape[1], -1)], 2)
        made, _ = self.layer(functional.gelu(self.given(x)).float())
        hidden = self.heads(torch.cat([made, text], 2)).unflatten(2, (numbers, -1))
        earlier = torch.arange(numbers, device=known.device)
        mask = (earlier.repeat_interleave(levels).unsqueeze(0) < earlier.unsqueeze(1)).to(ones.dtype)
        hidden = hidden + torch.einsum("bsk,nki->bsni", ones, self.within * mask.unsqueeze(2))
        return torch.einsum("bsni,nil->bsnl", functional.gelu(hidden), self.out) + self.bias

    def step(
        self, text: Tensor, voice: Tensor, before: Tensor, state: Tensor, worn: Tensor,
        chance: Tensor, temperature: Tensor, top_p: Tensor, top_k: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """One step: text [B, width] (of `told`), ones of the codes before [B, numbers * levels], state [1, B, prior], what
        is taken from every logit [B, numbers, levels], chance [B, numbers] → codes [B, numbers], state."""
        numbers, levels = self.config.numbers, self.config.levels
        x = functional.gelu(self.given(torch.cat([text, self.codes(before), voice], 1))).unsqueeze(1)
        made, state = self.layer(x, state)
        hidden = self.heads(torch.cat([made[:, 0], text], 1)).unflatten(1, (numbers, -1))
        codes: list[Tensor] = []
        for number in range(numbers):
            own = hidden[:, number]
            if number:
                ones = functional.one_hot(torch.stack(codes, 1), levels).flatten(1).to(own.dtype)
                own = own + ones @ self.within[number, : number * levels]
            logits = functional.gelu(own) @ self.out[number] + self.bias[number] - worn[:, number]
            codes.append(picked(logits, chance[:, number], temperature, top_p, top_k))
        return torch.stack(codes, 1), state


class Decoder(nn.Module):
    """Slots and codes → mel [B, n_mels, 2 S]; sees `reach` slots to either side."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.n_mels = config.n_mels
        width, blocks = config.decoder, config.decoder_blocks
        self.text = nn.Conv1d(config.width, width, 3, padding=1)
        self.codes = nn.Linear(config.numbers, width * STEP_SLOTS)
        self.film = nn.Linear(config.voice_width, 2 * width * blocks)
        self.blocks = nn.ModuleList(
            ModulatedBlock(width, round(2.5 * width), 1 / blocks, BLOCK_KERNEL) for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, config.n_mels * SLOT_FRAMES)
        self.reach = 1 + blocks * (BLOCK_KERNEL // 2)

    def forward(self, known: Tensor, voice: Tensor, values: Tensor) -> Tensor:
        """Slots [B, width, S], voice [B, V], values of the codes [B, S / 2, numbers] in [-1, 1]."""
        spread = self.codes(values).unflatten(2, (STEP_SLOTS, -1)).flatten(1, 2).transpose(1, 2)
        x = (self.text(known) + spread).transpose(1, 2)
        film = self.film(voice).unflatten(1, (len(self.blocks), 2, 1, -1))
        for index, block in enumerate(self.blocks):
            x = block(x, film[:, index, 0], film[:, index, 1])
        made = self.out(self.norm(x))
        return made.unflatten(2, (SLOT_FRAMES, self.n_mels)).flatten(1, 2).transpose(1, 2)


class SpeechNetwork(nn.Module):
    """All of it. Mels are normalised (frozen statistics, kept beside the network)."""

    def __init__(self, config: SpeechConfig) -> None:
        super().__init__()
        self.config = config
        self.text = TextEncoder(config.width, config.text_blocks, len(config.languages))
        self.voice = nn.Sequential(nn.Linear(config.voice, config.voice_width), nn.LayerNorm(config.voice_width))
        self.pace, self.slots = Pace(config), Slots(config.width)
        self.posterior, self.prior, self.decoder = Posterior(config), Prior(config), Decoder(config)

    def rounded(self, free: Tensor) -> tuple[Tensor, Tensor]:
        """Numbers in (-1, 1) [B, numbers, steps] → levels [B, steps, numbers], and their values with the gradient of the
        numbers."""
        top = self.config.levels - 1
        codes = ((free + 1) * 0.5 * top).round()
        values = free + (codes / top * 2 - 1 - free).detach()
        return codes.long().transpose(1, 2), values.transpose(1, 2)

    def forward(self, heard: Heard, *, unsaid: Tensor, moved: Tensor, unknown: Tensor) -> Taught:
        """Everything at once, each part given the truth of what comes before it.

        Args:
            unsaid: [B], 1 where the decoder gets no codes at all. moved: [B, steps, numbers], levels by which codes are off
                in what the decoder gets. unknown: [B], so many slots at the beginning the prior gets without their text.
        """
        text = self.text(heard.tokens, heard.language, heard.n_tokens)
        voice = self.voice(heard.voice)
        classes = self.pace.classes(heard.durations)
        n_slots = heard.mel.shape[2] // SLOT_FRAMES
        owner, place = places(heard.durations, n_slots)
        known = self.slots(text, owner, place)
        codes, values = self.rounded(self.posterior(heard.mel, voice))
        off = moved * 2.0 / (self.config.levels - 1)
        given = (values + off).clamp(-1, 1) * (1 - unsaid).view(-1, 1, 1)
        made = self.decoder(known, voice, given)
        hidden = torch.arange(n_slots, device=known.device).unsqueeze(0) < unknown.unsqueeze(1)
        prior = self.prior(known * (~hidden).unsqueeze(1).to(known.dtype), voice, codes)
        return Taught(made, codes, prior, classes, self.pace(text, voice, classes))


@dataclass(frozen=True)
class Heard:
    """A batch of utterances, normalised mels beside their tokens; T is a multiple of 4.

    Attributes:
        mel: [B, n_mels, T]. n_slots: [B].
        tokens: [B, 5, N]. n_tokens: [B]. durations: slots, [B, N], 0 behind the end.
        language: [B]. voice: [B, voice].
    """

    mel: Tensor
    n_slots: Tensor
    tokens: Tensor
    n_tokens: Tensor
    durations: Tensor
    language: Tensor
    voice: Tensor


@dataclass(frozen=True)
class Taught:
    """What the network makes of a batch: mel [B, n_mels, T]; codes [B, steps, numbers] and their logits; classes of
    durations [B, N] and their logits."""

    mel: Tensor
    codes: Tensor
    prior: Tensor
    classes: Tensor
    pace: Tensor


def losses(taught: Taught, heard: Heard) -> dict[str, Tensor]:
    """Means over what is there: "value" and "difference" of the mel, in its normalised unit; "codes" and "pace", nats."""
    frame = torch.arange(taught.mel.shape[2], device=taught.mel.device) < SLOT_FRAMES * heard.n_slots.unsqueeze(1)
    step = torch.arange(taught.codes.shape[1], device=frame.device) < (heard.n_slots.unsqueeze(1) // STEP_SLOTS)
    token = torch.arange(taught.classes.shape[1], device=frame.device) < heard.n_tokens.unsqueeze(1)
    away = (taught.mel.float() - heard.mel) * frame.unsqueeze(1)
    count = frame.sum() * heard.mel.shape[1]
    differences = away.diff(dim=1).abs().sum() + away.diff(dim=2).abs().sum()
    said = functional.cross_entropy(taught.prior.float().permute(0, 3, 1, 2), taught.codes, reduction="none")
    lasts = functional.cross_entropy(taught.pace.float().transpose(1, 2), taught.classes, reduction="none")
    return {
        "value": away.abs().sum() / count,
        "difference": 0.5 * differences / count,
        "codes": (said * step.unsqueeze(2)).sum() / (step.sum() * taught.codes.shape[2]),
        "pace": (lasts * token).sum() / token.sum(),
    }
