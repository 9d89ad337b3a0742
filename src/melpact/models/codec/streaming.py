"""A sound that still comes, and a stream that still comes: blocks of samples in, payloads out, and the reverse.

Payloads are bare, for whatever carries them; `Encoder.header`, `container.packet_bytes` and `container.end_bytes` make a
stream of them, `container_reader` takes one apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from melpact.core.errors import BrokenPacket, ContractError
from melpact.models.codec.base import PACKET_MS, Codec, Floats, Part
from melpact.models.codec.framing import together
from melpact.models.codec.header import Header
from melpact.models.codec.rate import Rate


@dataclass(frozen=True)
class Delay:
    """Samples between a sample's going in and its coming out, without time to compute and to carry.

    Attributes:
        packet: until its packet is full. ahead: that the encoder sees after it. late: that the decoder keeps back; None:
            everything, until the end.
    """

    packet: int
    ahead: int
    late: int | None

    @property
    def samples(self) -> int | None:
        """All of it, for the first sample of a packet, which waits longest."""
        return None if self.late is None else self.packet + self.ahead + self.late


class Encoder:
    """Blocks of samples in, payloads of whole packets out.

    Args:
        rate: as `Codec.encode`; adaptive goes by what was heard so far.
        packet_ms: 20 to 100 where somebody waits.

    Raises:
        ContractError: as `Codec.encode`.
    """

    def __init__(
        self, codec: Codec[Any], *, rate: Rate | None = None, channels: int = 1, packet_ms: float = PACKET_MS
    ) -> None:
        self.codec, self.rate = codec, codec.asked(rate)
        self._frames = codec.packet_frames(packet_ms, channels)
        self.header: Header = codec._header(self.rate, channels, self._frames, None, None)
        """Of the stream, whose end is not known."""
        left, self._right = codec.sees_samples
        self._kept = np.zeros((channels, left), np.float32)
        self._left = left
        self._known = [codec._about(None, self.rate, self._frames) for _ in range(channels)]
        self.n_samples = 0
        """That went in."""
        self.n_packets = 0
        """That came out."""

    @property
    def delay(self) -> Delay:
        """Until a sample that goes in comes out of a decoder."""
        return Delay(self.header.packet_samples, self._right, self.codec.late_samples)

    def push(self, samples: Floats) -> list[bytes]:
        """More samples, float32 [channels, n] → the payloads of the packets that became full.

        Raises:
            ContractError: another number of channels, or values that are not numbers.
        """
        given = np.asarray(samples, np.float32)
        if given.ndim != 2 or given.shape[0] != self.header.channels or not np.isfinite(given).all():
            wanted = f"finite [{self.header.channels}, n]"
            raise ContractError("not what this encoder takes", got=f"{list(given.shape)}", wanted=wanted)
        self.n_samples += given.shape[1]
        self._kept = np.concatenate([self._kept, given], axis=1)
        return self._full()

    def finish(self) -> list[bytes]:
        """The payloads that are left: no more samples come; the last packet is filled up with zeros."""
        step = self.header.packet_samples
        whole = -(-(self.n_samples + self.codec.tail_samples) // step) if self.n_samples else 0
        missing = whole * step + self._right - self.n_samples
        self._kept = np.pad(self._kept, ((0, 0), (0, max(0, missing))))
        return self._full(whole)

    def _full(self, most: int | None = None) -> list[bytes]:
        step, payloads = self.header.packet_samples, []
        long = self._left + step + self._right
        while self._kept.shape[1] >= long and (most is None or self.n_packets < most):
            parts = [
                self.codec._packet(np.ascontiguousarray(row[:long]), self._frames, self.rate, known)
                for row, known in zip(self._kept, self._known)
            ]
            payloads.append(together(parts))
            self._kept = self._kept[:, step:]
            self.n_packets += 1
        return payloads


class Decoder(Generic[Part]):
    """Payloads in, blocks of samples out; one that did not arrive is None.

    Where the header does not know the end, what fills the last packet up is given, too, where it is sure before `finish`.

    Args:
        header: of the stream, checked to be this codec's.
        conceal: a payload that says nothing is taken as lost, and counted.

    Raises:
        OtherCodec, ImpossibleNumber: as `Codec.check`.
    """

    def __init__(self, codec: Codec[Part], header: Header, *, conceal: bool = False) -> None:
        codec.check(header)
        self.codec, self.header, self.conceal = codec, header, conceal
        self._soundings = [codec._sounding(header.settings) for _ in range(header.channels)]
        self._given = 0
        self.n_packets = 0
        """That went in."""
        self.lost: list[int] = []
        """Those whose sound was made up."""

    def push(self, payload: bytes | None) -> Floats:
        """One more packet → samples that are sure now, float32 [channels, ≥ 0].

        Raises:
            BrokenPacket: it says nothing that the encoder could have written, and nothing is concealed; or there are more
                packets than the header says.
        """
        index, frames = self.n_packets, self.header.packet_samples // self.codec.frame_samples
        if self.header.n_samples is not None:
            counts = self.codec._counts(self.header.n_samples, frames)
            if index >= len(counts):
                raise BrokenPacket("more packets than the header says", packet=index, wanted=len(counts))
            frames = counts[index]
        parts: list[Part] | None = None
        try:
            parts = None if payload is None else self.codec._said(payload, frames, self.header, index)
        except BrokenPacket:
            if not self.conceal:
                raise
        self.n_packets += 1
        if parts is None:
            self.lost.append(index)
        return self._checked(
            [one.push(None if parts is None else parts[channel], frames) for channel, one in enumerate(self._soundings)]
        )

    def finish(self, n_samples: int | None = None) -> Floats:
        """The samples that are left: no more packets come.

        Args:
            n_samples: of the whole sound, by the end mark; by default what the header says, or what the packets hold.
        """
        held = self.n_packets * self.header.packet_samples - self.codec.tail_samples
        said = self.header.n_samples if n_samples is None else n_samples
        whole = max(0, held if said is None else min(held, said))
        rest = self._checked([one.finish() for one in self._soundings])
        before = self._given - rest.shape[1]
        return rest[:, : max(0, whole - before)]

    def _checked(self, rows: list[Floats]) -> Floats:
        samples = np.stack(rows)
        if self.header.n_samples is not None:
            samples = samples[:, : self.header.n_samples - self._given]
        if not np.isfinite(samples).all():
            raise BrokenPacket("what it says gives no sound: values that are not numbers", packet=self.n_packets - 1)
        self._given += samples.shape[1]
        return samples
