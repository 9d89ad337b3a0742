"""A network over mels of any lengths: batches without leak across padding, and blocks that equal the whole.

Both rest on the receptive field alone. Within a batch the shorter mels are filled up; every frame that can see the filling
is computed again from the mel's own end. In blocks every frame is computed with all that it can see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BATCH_FRAMES = 8192
"""Frames of one batch, filling included: with 512 channels some hundred MB of activations."""

_PIECE_FRAMES = 2048
"""A mel of more than `BATCH_FRAMES` is computed in pieces of this length, so that memory stays bounded."""

_SHORTEST = 0.75
"""A batch holds no mel shorter than this part of its longest."""


class Runtime(Protocol):
    """What computes a network."""

    name: str
    in_batches: bool
    """Whether several mels at once are faster than one by one: on accelerators. On a CPU a batch leaves the cache."""

    def run(self, inputs: Sequence[Floats]) -> Floats:
        """Inputs of one batch, each [B, …, T], in the network's order → [B, N], or [B, channels, N]."""


class Network:
    """A runtime with the two facts that lengths need: samples (or frames) per frame, and how many
    frames it sees to either side."""

    def __init__(self, runtime: Runtime, hop_length: int, receptive_field: tuple[int, int]):
        self.runtime, self.hop_length = runtime, hop_length
        self.left, self.right = receptive_field

    def window(self, inputs: Sequence[Floats], begin: int, end: int) -> Floats:
        """Samples of the frames begin … end of inputs [1, …, T], from the part of them that those frames can see."""
        frames = inputs[0].shape[-1]
        first, last = max(0, begin - self.left), min(frames, end + self.right)
        made: Floats = self.runtime.run([one[..., first:last] for one in inputs])[0]
        return made[..., (begin - first) * self.hop_length : (end - first) * self.hop_length]

    def batch(self, items: Sequence[Sequence[Floats]]) -> list[Floats]:
        """What the network makes of every item; an item is its inputs, each [1, …, T] with T of its own."""
        if not self.runtime.in_batches:
            return [self._together([item])[0] for item in items]
        made: dict[int, Floats] = {}
        for group in _groups([item[0].shape[-1] for item in items]):
            made |= zip(group, self._together([items[i] for i in group]), strict=True)
        return [made[i] for i in range(len(items))]

    def _together(self, items: Sequence[Sequence[Floats]]) -> list[Floats]:
        lengths = [item[0].shape[-1] for item in items]
        if max(lengths) > BATCH_FRAMES:
            return [self._pieces(item) for item in items]
        filled = [np.concatenate([_filled(one, max(lengths)) for one in column]) for column in zip(*items, strict=True)]
        sound = self.runtime.run(filled)
        return [
            own if length == max(lengths) else self._own_end(own, item)
            for own, item, length in zip(sound, items, lengths, strict=True)
        ]

    def _pieces(self, item: Sequence[Floats]) -> Floats:
        frames = item[0].shape[-1]
        steps = range(0, frames, _PIECE_FRAMES)
        return np.concatenate([self.window(item, at, min(frames, at + _PIECE_FRAMES)) for at in steps], axis=-1)

    def _own_end(self, sound: Floats, item: Sequence[Floats]) -> Floats:
        """The sound with every frame computed again that saw past the item's end."""
        frames = item[0].shape[-1]
        sure = max(0, frames - self.right)
        return np.concatenate([sound[..., : sure * self.hop_length], self.window(item, sure, frames)], axis=-1)


def _filled(values: Floats, frames: int) -> Floats:
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, frames - values.shape[-1])])


def _groups(lengths: Sequence[int]) -> list[list[int]]:
    """Indices of mels that are run together: of similar length, and not more than fit into `BATCH_FRAMES`."""
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        longest = lengths[groups[-1][0]] if groups else 0
        fits = groups and (len(groups[-1]) + 1) * longest <= BATCH_FRAMES and lengths[index] >= _SHORTEST * longest
        if fits:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


class Stream:
    """Frames in, samples out, as soon as they are sure: the same sound as of the whole, with memory for one block.

    Args:
        network: what computes it.
        block_frames: frames per computation. Each computes `left + right` frames more than it gives.

    A sample is given when `look_ahead_frames` frames behind its block are there.
    """

    def __init__(self, network: Network, block_frames: int):
        self.network, self.block_frames = network, block_frames
        self._held: list[Floats] | None = None
        self._context = 0
        """Frames at the beginning of what is held that have been given out."""

    @property
    def look_ahead_frames(self) -> int:
        """Frames that must be known behind the first one of a block before its sound can be given."""
        return self.block_frames + self.network.right

    @property
    def held_frames(self) -> int:
        """Frames in memory: context, and what waits for its look-ahead."""
        return 0 if self._held is None else int(self._held[0].shape[-1])

    def push(self, inputs: Sequence[Floats]) -> Floats:
        """More frames, each input [1, …, n] → the samples that became sure (often none)."""
        if self._held is None:
            self._held = [np.array(one) for one in inputs]
        else:
            self._held = [np.concatenate(pair, axis=-1) for pair in zip(self._held, inputs, strict=True)]
        made = [np.zeros(0, np.float32)]
        while self._held[0].shape[-1] - self._context >= self.look_ahead_frames:
            made.append(self._give(self.block_frames))
        return np.concatenate(made)

    def finish(self) -> Floats:
        """The samples that are left: no more frames come."""
        made = [np.zeros(0, np.float32)]
        while self._held is not None and self._held[0].shape[-1] > self._context:
            left = self._held[0].shape[-1] - self._context
            made.append(self._give(left if left < self.look_ahead_frames else self.block_frames))
        self._held, self._context = None, 0
        return np.concatenate(made)

    def _give(self, frames: int) -> Floats:
        held = self._held
        if held is None:
            return np.zeros(0, np.float32)
        end = self._context + frames
        made = self.network.window(held, self._context, end)
        drop = max(0, end - self.network.left)
        self._held, self._context = [one[..., drop:] for one in held], end - drop
        return made
