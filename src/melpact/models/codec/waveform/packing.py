"""One packet of the waveform codec as bytes: range coding of steps, coefficients and latents, and the reverse.

Symbols, in order: how far up anything is coded, whether all of the latent is sent, the first step, whether it ever
changes; then for every two frames the change of their step, and of each frame in four passes the flags, signs and sizes of
its coefficients; then the latent of both. Contexts begin anew in every packet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import BrokenPacket
from melpact.models.codec.waveform.expected import (
    EXPECTED,
    HIGHEST,
    PASSES,
    Chances,
    CoefficientTables,
    LatentTables,
    Past,
)
from melpact.models.codec.waveform.kernels import CLASSES
from melpact.models.codec.waveform.steps import MOST_CHANGE, STEPS, TOGETHER

REST_BITS = 10
"""Of how much larger a size is than those that have a chance of their own."""
_CHANGES = np.array([1, 2, 6, 14, 40, 120, 400, 120, 40, 14, 6, 2, 1], np.float32) / 766
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Content:
    """What a packet says.

    Attributes:
        steps: index of every two frames, [T / 2], 0 to STEPS - 1.
        coded: quantised coefficients [T, bins].
        latent: [T / 2, size]. all_of_it: whether its second half is sent.
    """

    steps: Ints
    coded: Ints
    latent: Ints
    all_of_it: bool


@dataclass(frozen=True, eq=False)
class Priced:
    """A packet that could be written.

    Attributes:
        nonzero, more: the tables of its flags, [T, top]. bits: about what it costs.
    """

    content: Content
    nonzero: Ints
    more: Ints
    bits: float


class Packing:
    """Packets to bytes and back.

    Args:
        coefficients, latents: what is expected. chances: the tables' probabilities, as the file holds them.
    """

    def __init__(self, coefficients: CoefficientTables, latents: LatentTables, chances: Chances) -> None:
        import constriction

        model, queue = constriction.stream.model, constriction.stream.queue
        self.coefficients, self.latents = coefficients, latents
        self._queue: Any = queue
        self._flag: Any = model.Bernoulli(perfect=False)
        self._uniform: Any = model.Uniform
        self._values: Any = model.Categorical(perfect=False)
        self._change: Any = model.Categorical(_CHANGES, perfect=False)
        self._flags, self._sizes, self._chances = chances.flags, chances.sizes, chances.values
        self._costs = -np.log2(np.stack([1 - self._flags, self._flags]))

    def priced(self, content: Content) -> Priced:
        """A packet before it is written: about what it costs, and the tables that it is written with."""
        top = self._top(content.coded)
        coded = content.coded[:, :top]
        nonzero, more = self.coefficients.packet(coded, np.repeat(content.steps, TOGETHER))
        size = np.abs(coded)
        there = size > 0
        total = 16.0 + 2 * np.count_nonzero(np.diff(content.steps)) + 0.6 * len(content.steps) + int(there.sum())
        total += float(self._costs[there.astype(np.int64), nonzero].sum())
        size, larger = size[there], more[there]
        total += float(((size - 1) * self._costs[1, larger] + self._costs[0, larger]).sum())
        chances = self._chances[self._latent_tables(content)]
        costs = -np.log2(np.take_along_axis(chances, content.latent[..., None] + HIGHEST, 2))[..., 0]
        total += float(costs[:, : self._sent(content.all_of_it)].sum())
        return Priced(content, nonzero, more, total)

    def written(self, priced: Priced) -> bytes:
        """A packet's bytes."""
        content, encoder = priced.content, self._queue.RangeEncoder()
        top = self._top(content.coded)
        flat = bool(np.all(content.steps == content.steps[0]))
        for value, size in (
            (top // CLASSES, self.coefficients.bins // CLASSES + 1), (content.all_of_it, 2), (content.steps[0], STEPS),
            (flat, 2),
        ):  # fmt: skip
            encoder.encode(int(value), self._uniform(size))
        coded = content.coded[:, :top]
        chosen = self._latent_tables(content)
        sent = self._sent(content.all_of_it)
        for pair, step in enumerate(content.steps):
            if pair and not flat:
                encoder.encode(int(step - content.steps[pair - 1] + MOST_CHANGE), self._change)
            for frame in range(TOGETHER * pair, TOGETHER * pair + TOGETHER):
                for offset in PASSES if top else ():
                    mine = (frame, slice(offset, None, CLASSES))
                    self._put(encoder, coded[mine], priced.nonzero[mine], priced.more[mine])
            values = (content.latent[pair, :sent] + HIGHEST).astype(np.int32)
            encoder.encode(values, self._values, self._chances[chosen[pair, :sent]])
        data: bytes = encoder.get_compressed().astype("<u4").tobytes()
        return data[:-3] + data[-3:].rstrip(b"\0")

    def read(self, payload: bytes, frames: int, bins: int) -> Content:
        """What a packet of so many frames of so many coefficients says.

        Raises:
            BrokenPacket: it cannot have been written.
        """
        words = np.frombuffer(payload + bytes(-len(payload) % 4), "<u4").astype(np.uint32)
        decoder = self._queue.RangeDecoder(words)
        try:
            return self._read(decoder, frames, bins)
        except AssertionError as error:
            raise BrokenPacket("its bits cannot have been written", got=str(error)[:80]) from None

    def _read(self, decoder: Any, frames: int, bins: int) -> Content:
        top = CLASSES * int(decoder.decode(self._uniform(self.coefficients.bins // CLASSES + 1)))
        all_of_it, step, flat = (int(decoder.decode(self._uniform(size))) for size in (2, STEPS, 2))
        if top > bins:
            raise BrokenPacket("coefficients above its sample rate", got=top, wanted=f"at most {bins}")
        pairs = frames // TOGETHER
        steps, latent = np.zeros(pairs, np.int64), np.zeros((pairs, self.latents.size), np.int64)
        coded = np.zeros((frames, bins), np.int64)
        past, sent = Past.none(top), self._sent(bool(all_of_it))
        for pair in range(pairs):
            if pair and not flat:
                step += int(decoder.decode(self._change)) - MOST_CHANGE
                if not 0 <= step < STEPS:
                    raise BrokenPacket("a step that does not exist", got=step, wanted=f"0 to {STEPS - 1}")
            steps[pair] = step
            for frame in range(TOGETHER * pair, TOGETHER * pair + TOGETHER):
                if top:
                    self._frame(decoder, coded[frame, :top], past, step)
            if sent:
                tables = self.latents(self._before(latent, pair), self._summed(coded[TOGETHER * pair :][:TOGETHER]))
                values = decoder.decode(self._values, self._chances[tables[:sent]])
                latent[pair, :sent] = values.astype(np.int64) - HIGHEST
        return Content(steps, coded, latent, bool(all_of_it))

    def _frame(self, decoder: Any, coded: Ints, past: Past, step: int) -> None:
        """Read a frame into `coded` [top], and move the past on."""
        features, now = self.coefficients.before(past, step), np.zeros(len(coded))
        for index, offset in enumerate(PASSES):
            values = self._take(decoder, *self.coefficients.flags(index, features, now))
            coded[offset::CLASSES] = values
            now[offset::CLASSES] = self.coefficients.level(values)
        past.add(coded, step)

    def _put(self, encoder: Any, values: Ints, nonzero: Ints, more: Ints) -> None:
        there = values != 0
        encoder.encode(there.astype(np.int32), self._flag, self._flags[nonzero])
        if not there.any():
            return
        sizes = np.abs(values[there])
        encoder.encode((values[there] < 0).astype(np.int32), self._uniform(2))
        limited = np.minimum(sizes - 1, EXPECTED).astype(np.int32)
        encoder.encode(limited, self._values, self._sizes[more[there]])
        if (rest := sizes[limited == EXPECTED]).size:
            encoder.encode((rest - EXPECTED - 1).astype(np.int32), self._uniform(2**REST_BITS))

    def _take(self, decoder: Any, nonzero: Ints, more: Ints) -> Ints:
        values = np.asarray(decoder.decode(self._flag, self._flags[nonzero])).astype(np.int64)
        (where,) = np.nonzero(values)
        if not len(where):
            return values
        negative = np.asarray(decoder.decode(self._uniform(2), len(where)))
        sizes = np.asarray(decoder.decode(self._values, self._sizes[more[where]])).astype(np.int64) + 1
        if (long := np.nonzero(sizes > EXPECTED)[0]).size:
            sizes[long] += np.asarray(decoder.decode(self._uniform(2**REST_BITS), len(long)))
        values[where] = np.where(negative > 0, -sizes, sizes)
        return values

    def _latent_tables(self, content: Content) -> Ints:
        pairs = len(content.latent)
        before = np.stack([self._before(content.latent, pair) for pair in range(pairs)])
        frames = content.coded.reshape(pairs, TOGETHER, -1)
        return self.latents(before, np.stack([self._summed(pair) for pair in frames]))

    @staticmethod
    def _before(latent: Ints, pair: int) -> Ints:
        rows = [latent[pair - n] if pair >= n else np.zeros(latent.shape[1], np.int64) for n in (1, 2)]
        return np.concatenate(rows)

    def _summed(self, coded: Ints) -> NDArray[np.float64]:
        """Of two frames [2, bins]: levels summed over each band, [2 * bands]."""
        tables = self.coefficients
        bands = np.zeros((TOGETHER, tables.bins))
        bands[:, : coded.shape[1]] = tables.level(coded)
        summed: NDArray[np.float64] = bands.reshape(TOGETHER * tables.bands, -1).sum(1)
        return summed

    def _sent(self, all_of_it: bool) -> int:
        size: int = self.latents.size
        return size if all_of_it else size // 2

    @staticmethod
    def _top(coded: Ints) -> int:
        """The first multiple of four above everything that is coded."""
        (where,) = np.nonzero(coded.any(0))
        return CLASSES * (int(where[-1]) // CLASSES + 1) if len(where) else 0
