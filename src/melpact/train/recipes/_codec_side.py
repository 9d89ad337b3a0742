"""`Beside`: batches with the side streams of their sounds, and which of them an item is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from melpact.models.codec.waveform import side
from melpact.models.codec.waveform.side import PitchChances, Stream, Told
from melpact.models.codec.waveform.steps import FRAMES_S, TOGETHER
from melpact.train.task import Batch, Source, Utterance

COUNTED = 40
"""Utterances, spread over the corpus, in which it is counted how pitches move."""


def counted(utterances: Sequence[Utterance], sample_rate: int) -> tuple[PitchChances, float]:
    """How pitches move in a corpus, and what a track costs there per latent frame, in bits."""
    tracks, pairs = [], 0
    for index in np.linspace(0, len(utterances) - 1, min(COUNTED, len(utterances))).astype(int):
        samples = utterances[index].samples()
        count = max(1, len(samples) * FRAMES_S // (TOGETHER * sample_rate))
        tracks.append(side.pitches(samples, sample_rate, count))
        pairs += count
    chances = PitchChances.of(tracks)
    return chances, sum(chances.bits(track) for track in tracks) / pairs


class Beside:
    """A source of crops that tells "side" besides, float32 [B, T / 2, numbers].

    The pitch is that of the crop, after augmentation; the speaker's vector that of the whole utterance, before it.

    Args:
        source: of "audio" and, for "speaker", "utterance". utterances: by their number. streams: that are told.
        chances: how pitches move. pitch_bits: what they cost per latent frame. bins: of a frame at the utterances' rate.
    """

    def __init__(
        self, source: Source, utterances: Sequence[Utterance], streams: Sequence[Stream], chances: PitchChances,
        pitch_bits: float, bins: int,
    ) -> None:  # fmt: skip
        self.source, self.streams, self.chances, self.bins = source, tuple(streams), chances, bins
        pairs = float(np.mean([one.seconds for one in utterances])) * FRAMES_S / TOGETHER
        bits: dict[Stream, float] = {"f0": pitch_bits, "speaker": side.VOICE_BITS / pairs}
        self.bits = [bits[name] for name in self.streams]
        """Of each stream, per latent frame."""
        self._voice = lru_cache(None)(lambda number: side.voice(utterances[number].samples(), bins * FRAMES_S))

    @classmethod
    def of(cls, source: Source, utterances: Sequence[Utterance], streams: Sequence[Stream], bins: int) -> Beside:
        """With chances counted in the utterances."""
        chances, pitch_bits = counted(utterances, bins * FRAMES_S)
        return cls(source, utterances, streams, chances, pitch_bits, bins)

    @property
    def batch(self) -> int:
        """Items of a whole step."""
        return self.source.batch

    @property
    def fingerprint(self) -> str:
        """Of the crops, and of what is told besides."""
        return f"{self.source.fingerprint}+{'+'.join(self.streams)}"

    def batch_at(self, step: int, *, rank: int, world: int) -> Mapping[str, NDArray[Any]]:
        """The crops of a step, with "side"."""
        made = dict(self.source.batch_at(step, rank=rank, world=world))
        pairs = made["audio"].shape[1] // (TOGETHER * self.bins)
        whose = made["utterance"] if "speaker" in self.streams else np.zeros(len(made["audio"]), np.int64)
        rows = [self._seen(samples, int(one), pairs) for samples, one in zip(made["audio"], whose, strict=True)]
        return {**made, "side": np.stack(rows)}

    def _seen(self, samples: NDArray[np.float32], number: int, pairs: int) -> NDArray[np.float32]:
        parts = []
        for name in self.streams:
            if name == "f0":
                parts.append(side.pitch_seen(side.pitches(samples, self.bins * FRAMES_S, pairs), pairs))
            else:
                parts.append(side.voice_seen(self._voice(number), pairs))
        return np.concatenate(parts, 1)

    def given(self, batch: Batch, withheld: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """What the items are told [B, T / 2, numbers], and what that costs them per latent frame [B]."""
        seen = batch["side"]
        drawn = torch.rand(len(seen), len(self.streams), generator=generator, device=seen.device) >= withheld
        counts = torch.tensor([side.NUMBERS[name] for name in self.streams], device=seen.device)
        kept = drawn.float().repeat_interleave(counts, 1)
        return seen * kept[:, None], drawn.float() @ torch.tensor(self.bits, device=seen.device)

    def whole(self, samples: NDArray[np.float32], sample_rate: int) -> tuple[Tensor, float]:
        """What is told of a whole sound [1, T / 2, numbers], and what that costs per latent frame."""
        pairs = len(samples) * FRAMES_S // (TOGETHER * sample_rate)
        told = Told.of(samples, sample_rate, pairs, self.chances)
        seen, bits = told.given(self.streams, self.streams)
        return torch.from_numpy(seen)[None], bits / pairs
