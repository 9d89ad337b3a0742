"""What every codec promises: the public methods check, cut into packets, frame and join; a final class writes one packet.

A packet is a whole number of the codec's frames and decodes on its own. Channels are coded apart. Encoder and decoder that
take a sound piece by piece are in `streaming`; bytes around payloads are `container`'s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.core.errors import BrokenPacket, ContractError, ImpossibleNumber, OtherCodec, StreamError
from melpact.models.codec import container
from melpact.models.codec.framing import Counts, apart, together
from melpact.models.codec.header import FIXED, MAX_PACKET_VALUES, Header
from melpact.models.codec.rate import Rate
from melpact.models.codec.sounding import Sounding

Floats = NDArray[np.float32]
Part = TypeVar("Part")
PACKET_MS = 1000.0
MOST_VALUES = 2**28
"""Samples times channels that are decoded in one piece; more comes as a stream (`streaming`)."""


@dataclass(frozen=True)
class Decoded:
    """A decoded stream, and what it lacked.

    Attributes:
        n_packets: whose sound this is. lost: those of them that were not there, or were left out; their sound is made up.
        problems: of the stream, in its order; empty where it is whole.
    """

    audio: Audio
    header: Header
    n_packets: int
    lost: tuple[int, ...]
    problems: tuple[StreamError, ...]


class Codec(ABC, Generic[Part]):
    """Audio → bytes → Audio of the same length. The decoder sees the bytes only.

    A final class writes `_packet` (samples → payload), `_read` (payload → what it says) and `_sounding` (what packets say →
    samples), and `_about` where something has to be known of the whole sound beforehand.
    """

    kind: ClassVar[int]
    """In the header of its streams: 1 waveform, 2 mel through a latent; 0 is for tests."""
    rates: ClassVar[tuple[str, ...]] = ("constant", "quality", "adaptive")
    """Kinds of `Rate` that it knows; the first is taken where nobody asks."""

    @property
    def steps(self) -> int:
        """Steps of `Rate.quality`."""
        return 1

    @property
    def sees_samples(self) -> tuple[int, int]:
        """Samples before and after those of a packet that its encoder sees beside them. The latter are a delay."""
        return 0, 0

    @property
    def tail_samples(self) -> int:
        """By how many samples the frames have to reach beyond the last sample, for all of it to be in them."""
        return 0

    @property
    def late_samples(self) -> int | None:
        """How many samples of what a packet moves on by are given with the next one; None: all is given at the end."""
        return 0

    @property
    @abstractmethod
    def name(self) -> str:
        """Of the trained codec, in a word."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """16 hexadecimal digits over everything that a decoder has to share with the encoder."""

    @property
    @abstractmethod
    def sample_rate(self) -> int:
        """Hz, of what it takes and gives."""

    @property
    @abstractmethod
    def frame_samples(self) -> int:
        """Samples of one frame."""

    @property
    def sample_rates(self) -> tuple[int, ...]:
        """Hz, those that it knows (`at`); its fingerprint is the same at all of them."""
        return (self.sample_rate,)

    def at(self, sample_rate: int) -> Codec[Part]:
        """The same codec for another of `sample_rates`.

        Raises:
            ContractError: one that it does not know.
        """
        if sample_rate != self.sample_rate:
            raise ContractError("the codec knows no such sample rate", where=self.name, got=f"{sample_rate} Hz",
                                wanted=" or ".join(f"{rate} Hz" for rate in self.sample_rates))  # fmt: skip
        return self

    @property
    def kbit_s(self) -> tuple[float, float]:
        """Lowest and highest rate that may be asked for, kbit/s per channel."""
        return 0.0, float("inf")

    @property
    def usual(self) -> Rate:
        """What is taken where nobody asks."""
        return Rate.quality(self.steps - 1) if self.rates[0] == "quality" else Rate.constant(self.kbit_s[0])

    def encode(self, audio: Audio, *, rate: Rate | None = None, packet_ms: float = PACKET_MS) -> bytes:
        """The whole stream of a sound.

        Args:
            audio: at the codec's sample rate, any number of channels.
            packet_ms: rounded to whole frames, at least one. Every packet decodes on its own: shorter ones cost more bits.

        Raises:
            ContractError: another sample rate, a rate that this codec cannot keep, or a packet too long.
        """
        asked = self.asked(rate)
        if audio.sample_rate != self.sample_rate:
            raise ContractError(
                "the codec takes another sample rate", got=f"{audio.sample_rate} Hz", wanted=f"{self.sample_rate} Hz",
                next="Resample it: melpact.audio.resample.resample(audio, codec.sample_rate)",
            )  # fmt: skip
        frames = self.packet_frames(packet_ms, audio.channels)
        counts = self._counts(audio.n_samples, frames)
        header = self._header(asked, audio.channels, frames, audio.n_samples, len(counts))
        known = [self._about(row, asked, frames) for row in audio.samples]
        left, right = self.sees_samples
        step = header.packet_samples
        after = max(0, len(counts) * step + right - audio.n_samples)
        padded = np.pad(audio.samples, ((0, 0), (left, after)))

        def payload(index: int, count: int) -> bytes:
            begin, end = index * step, index * step + left + count * self.frame_samples + right
            return together([self._packet(row[begin:end], count, asked, it) for row, it in zip(padded, known)])

        return container.write(header, (payload(index, count) for index, count in enumerate(counts)))

    def decode(self, stream: bytes, *, lost: Collection[int] = (), conceal: bool = False) -> Audio:
        """The sound of a stream; see `decoded`, which also says what was missing."""
        return self.decoded(stream, lost=lost, conceal=conceal).audio

    def decoded(self, stream: bytes, *, lost: Collection[int] = (), conceal: bool = False) -> Decoded:
        """The sound of a stream, from its bytes alone.

        Args:
            lost: packets to leave out, from 0; what they would sound like is made up of their neighbours.
            conceal: packets that are broken are left out, too, and what is missing at the end is not there.

        Returns:
            As many samples as were encoded; with `conceal`, of a stream that is cut off, as many as its packets hold.

        Raises:
            StreamError: the first thing that is wrong; with `conceal` only of the header, or where no packet is whole.
        """
        found = container.scan(stream, first_problem=not conceal)
        header, problems = found.header, list(found.problems)
        self.check(header)
        if problems and not conceal:
            raise problems[0]
        counts, n_samples = self._held(header, len(found.packets), found.n_samples)
        if not counts:
            raise problems[0]
        if n_samples * header.channels > MOST_VALUES:
            wanted = f"at most {MOST_VALUES // header.channels}"
            raise ImpossibleNumber("more samples than are decoded in one piece", offset=19, got=n_samples, wanted=wanted)
        if problems and all(packet.payload is None or packet.index in lost for packet in found.packets):
            raise problems[0]
        samples, filled = np.empty((header.channels, n_samples), np.float32), 0
        soundings = [self._sounding(header.settings) for _ in range(header.channels)]
        gone: list[int] = []
        for packet, count in zip(found.packets, counts):
            parts: list[Part] | None = None
            try:
                if packet.payload is not None and packet.index not in lost:
                    parts = self._said(packet.payload, count, header, packet.index)
            except BrokenPacket as error:
                error.offset = packet.offset
                if not conceal:
                    raise
                problems.append(error)
            if parts is None:
                gone.append(packet.index)
            rows = [one.push(None if parts is None else parts[index], count) for index, one in enumerate(soundings)]
            filled += _filled(samples, filled, rows)
        filled += _filled(samples, filled, [one.finish() for one in soundings])
        if len(gone) == len(found.packets) and problems:
            raise problems[0]
        if filled < n_samples:
            raise AssertionError(f"{type(self).__name__} gave {filled} of {n_samples} samples")
        if not np.isfinite(samples).all():
            raise BrokenPacket("what the packets say gives no sound: values that are not numbers", offset=header.size)
        return Decoded(Audio(samples, header.sample_rate), header, len(found.packets), tuple(gone), tuple(problems))

    def asked(self, rate: Rate | None) -> Rate:
        """What is asked for, checked; `usual` for None.

        Raises:
            ContractError: a kind, step or rate that this codec does not know.
        """
        if rate is None:
            return self.usual
        low, high = self.kbit_s
        if rate.kind not in self.rates:
            raise ContractError(f"this codec knows no {rate.kind} rate", where=self.name, wanted=", ".join(self.rates))
        if rate.step is not None and not 0 <= rate.step < self.steps:
            raise ContractError("no such step of quality", where=self.name, got=rate.step, wanted=f"0 to {self.steps - 1}")
        if rate.kbit_s is not None and not low <= rate.kbit_s <= high:
            got = f"{rate.kbit_s:g} kbit/s per channel"
            raise ContractError("a rate it cannot keep", where=self.name, got=got, wanted=f"{low:g} to {high:g}")
        return rate

    def packet_frames(self, packet_ms: float, channels: int = 1) -> int:
        """Frames of a packet of so many milliseconds, at least 1.

        Raises:
            ContractError: no length, or one beyond `header.MAX_PACKET_VALUES`.
        """
        most = MAX_PACKET_VALUES // (channels * self.frame_samples)
        longest = 1000 * most * self.frame_samples / self.sample_rate
        if not 0 < packet_ms <= longest:
            wanted = f"above 0, at most {longest:g} ms"
            raise ContractError("no such length of a packet", got=f"{packet_ms:g} ms", wanted=wanted)
        return max(1, round(packet_ms * self.sample_rate / 1000 / self.frame_samples))

    def check(self, header: Header) -> None:
        """Refuse a stream that is not this codec's.

        Raises:
            OtherCodec: by kind or fingerprint. ImpossibleNumber: a rate, length or number of packets it cannot have.
        """
        if (header.kind, header.fingerprint) != (self.kind, self.fingerprint):
            raise OtherCodec(
                "was made by another codec", offset=5, got=f"kind {header.kind}, {header.fingerprint}",
                wanted=f"kind {self.kind}, {self.fingerprint} ({self.name})", next="Name its codec: --with FILE",
            )  # fmt: skip
        rate = header.sample_rate
        if rate != self.sample_rate:
            raise ImpossibleNumber("not this codec's sample rate", offset=14, got=rate, wanted=self.sample_rate)
        if header.packet_samples % self.frame_samples:
            raise ImpossibleNumber("no whole number of frames", offset=27, got=header.packet_samples,
                                   wanted=f"a multiple of {self.frame_samples}")  # fmt: skip
        if header.n_samples is not None:
            needed = len(self._counts(header.n_samples, header.packet_samples // self.frame_samples))
            if header.n_packets != needed:
                what = "not as many packets as its samples need"
                raise ImpossibleNumber(what, offset=31, got=header.n_packets, wanted=needed)
        self._check_settings(header.settings)

    @abstractmethod
    def _packet(self, samples: Floats, frames: int, rate: Rate, known: Any) -> bytes:
        """The payload of one packet of one channel.

        Args:
            samples: [left + frames · frame_samples + right] by `sees_samples`, 0 beyond the ends of the sound.
            rate: as asked; constant means so many bits in every packet. known: what `_about` gave.
        """

    @abstractmethod
    def _read(self, payload: bytes, frames: int, settings: bytes) -> Part:
        """What a payload of so many frames says, without any sound yet. Must end, and take memory, by `frames` alone.

        Raises:
            BrokenPacket: it says nothing that the encoder could have written.
        """

    @abstractmethod
    def _sounding(self, settings: bytes) -> Sounding[Part]:
        """A fresh decoder of one channel, from the first packet on."""

    def _about(self, samples: Floats | None, rate: Rate, packet_frames: int) -> Any:
        """What has to be known of one channel's whole sound [time] before a packet is written; None where it still comes."""
        return None

    def _settings(self, rate: Rate) -> bytes:
        """What a decoder has to know of the stream beside its packets, at most 255 bytes."""
        return b""

    def _check_settings(self, settings: bytes) -> None:
        """Raises ImpossibleNumber for settings that `_settings` cannot have written."""
        if settings:
            what = "settings that this codec does not have"
            raise ImpossibleNumber(what, offset=FIXED.size, got=settings.hex(" "))

    def _header(self, rate: Rate, channels: int, frames: int, n_samples: int | None, n_packets: int | None) -> Header:
        return Header(
            self.kind, self.fingerprint, self.sample_rate, channels, n_samples, frames * self.frame_samples, n_packets,
            self._settings(rate),
        )  # fmt: skip

    def _counts(self, n_samples: int, packet_frames: int) -> range | Sequence[int]:
        """Frames of every packet: all `packet_frames` but the last."""
        frames = -(-(n_samples + self.tail_samples) // self.frame_samples)
        return Counts(frames, packet_frames)

    def _held(self, header: Header, n_packets: int, n_samples: int | None) -> tuple[Sequence[int], int]:
        """Frames of the packets that are there, and how many samples they hold."""
        frames = header.packet_samples // self.frame_samples
        if header.n_samples is not None and n_packets == header.n_packets:
            return self._counts(header.n_samples, frames), header.n_samples
        most = n_packets * header.packet_samples - self.tail_samples
        known = header.n_samples if n_samples is None else n_samples
        held = max(0, most if known is None else min(most, known))
        return (Counts(n_packets * frames, frames), held) if held else ((), 0)

    def _said(self, payload: bytes, frames: int, header: Header, index: int) -> list[Part]:
        """What a packet says of each channel.

        Raises:
            BrokenPacket: with its index.
        """
        try:
            return [self._read(part, frames, header.settings) for part in apart(payload, header.channels)]
        except BrokenPacket as error:
            error.packet = index
            raise


def _filled(samples: Floats, at: int, rows: Sequence[Floats]) -> int:
    """Write a row per channel from `at` on, as far as there is room; returns how many samples of each."""
    room: int = min(rows[0].shape[0], samples.shape[1] - at)
    for channel, row in zip(samples, rows, strict=True):
        channel[at : at + room] = row[:room]
    return room
