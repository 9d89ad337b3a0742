"""The header of every codec's stream: its bytes, what it says, and which of its numbers cannot be.

Its table is in docs/codec_container.md, the packets that follow it in `container`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from melpact.core.errors import BrokenHeader, ImpossibleNumber, NotAStream, StreamTruncated, StreamVersion

MAGIC = b"\x93MLC"
VERSION = 1
FIXED = struct.Struct("<4sBB8sIBQIIB")
"""Magic, version, kind, fingerprint, sample rate, channels, samples, samples per packet, packets, bytes of settings."""
CRC = struct.Struct("<I")
LIVE_SAMPLES, LIVE_PACKETS = 2**64 - 1, 2**32 - 1
"""What the header says where its writer did not know the end; then an end mark follows the last packet."""
MAX_RATE_HZ, MAX_CHANNELS = 384_000, 32
MAX_PACKET_VALUES = 2**17
"""Samples per packet times channels."""
AGAIN = "Copy or make the stream again; melpact never leaves half a file under its final name"


@dataclass(frozen=True)
class Header:
    """What a stream says of itself.

    Attributes:
        kind: of codec, 0 to 255; 0 is for tests.
        fingerprint: of the codec with its weights, 16 hexadecimal digits.
        sample_rate: Hz. channels: 1 or more.
        n_samples: per channel; None where the stream was written before its end was known.
        packet_samples: per channel, that one packet moves on by; the last may hold fewer.
        n_packets: None as `n_samples`.
        settings: of the codec, at most 255 bytes.
    """

    kind: int
    fingerprint: str
    sample_rate: int
    channels: int
    n_samples: int | None
    packet_samples: int
    n_packets: int | None
    settings: bytes = b""

    def to_bytes(self) -> bytes:
        """Without its CRC.

        Raises:
            ImpossibleNumber: as on reading.
        """
        live = self.n_packets is None
        if live != (self.n_samples is None) or len(self.settings) > 255 or not 0 <= self.kind <= 255:
            raise ImpossibleNumber("no such header can be written", got=repr(self))
        _check(self)
        return FIXED.pack(
            MAGIC, VERSION, self.kind, bytes.fromhex(self.fingerprint), self.sample_rate, self.channels,
            LIVE_SAMPLES if self.n_samples is None else self.n_samples, self.packet_samples,
            LIVE_PACKETS if self.n_packets is None else self.n_packets, len(self.settings),
        ) + self.settings  # fmt: skip

    def written(self) -> tuple[bytes, int]:
        """As it begins a stream, and its CRC, which `container.packet_bytes` wants as seed.

        Raises:
            ImpossibleNumber: as `to_bytes`.
        """
        head = self.to_bytes()
        seed = zlib.crc32(head)
        return head + CRC.pack(seed), seed

    @property
    def size(self) -> int:
        """Bytes, with the CRC."""
        return FIXED.size + len(self.settings) + CRC.size


def read_header(stream: bytes) -> tuple[Header, int]:
    """The header and its CRC, which `packet_bytes` wants as seed; the packets begin at `Header.size`.

    Raises:
        NotAStream, StreamVersion, StreamTruncated, BrokenHeader, ImpossibleNumber: in this order.
    """
    if not stream or not MAGIC.startswith(stream[: len(MAGIC)]):
        raise NotAStream(
            "is not a stream of a codec", offset=0, got=f"first bytes {stream[:8]!r}" if stream else "no bytes",
            wanted=f"{MAGIC!r}", next="Make one: melpact codec encode SOUND -o OUT",
        )  # fmt: skip
    if len(stream) > len(MAGIC) and stream[len(MAGIC)] != VERSION:
        newer = stream[len(MAGIC)] > VERSION
        raise StreamVersion(
            "another version of the container", offset=len(MAGIC), got=stream[len(MAGIC)], wanted=VERSION,
            next="Update melpact: pip install -U melpact" if newer else AGAIN,
        )  # fmt: skip
    size = header_size(stream)
    if size is None or len(stream) < size:
        wanted = f"{size} bytes" if size else f"at least {FIXED.size + CRC.size}"
        got = f"{len(stream)} bytes"
        raise StreamTruncated("ends within its header", offset=len(stream), got=got, wanted=wanted, next=AGAIN)
    (stated,) = CRC.unpack_from(stream, size - CRC.size)
    found = zlib.crc32(stream[: size - CRC.size])
    if stated != found:
        raise BrokenHeader("the header's bytes are not those that were written", offset=0, got=f"CRC {found:08x}",
                           wanted=f"{stated:08x}", next=AGAIN)  # fmt: skip
    _, _, kind, mark, rate, channels, samples, packet_samples, packets, _ = FIXED.unpack_from(stream)
    if (samples == LIVE_SAMPLES) != (packets == LIVE_PACKETS):
        raise ImpossibleNumber("one of samples and packets is not known and the other is", offset=19, next=AGAIN)
    header = Header(
        kind, mark.hex(), rate, channels, None if samples == LIVE_SAMPLES else samples, packet_samples,
        None if packets == LIVE_PACKETS else packets, stream[FIXED.size : size - CRC.size],
    )  # fmt: skip
    _check(header)
    return header, found


def may_begin(start: bytes) -> bool:
    """Whether a stream may begin with these bytes, or none: magic and version, as far as they are there."""
    known = MAGIC + bytes([VERSION])
    return known.startswith(start[: len(known)])


def header_size(start: bytes) -> int | None:
    """Bytes of the header with its CRC, from the first bytes of a stream; None where they do not say it yet."""
    return FIXED.size + start[FIXED.size - 1] + CRC.size if len(start) >= FIXED.size else None


def _check(header: Header) -> None:
    """Numbers that cannot be.

    Raises:
        ImpossibleNumber: names the field and its byte.
    """
    packets, samples = header.n_packets, header.n_samples
    longest = MAX_PACKET_VALUES // max(1, header.channels)
    bounds: Sequence[tuple[str, int, int, int, int]] = [
        ("sample rate", 14, header.sample_rate, 1, MAX_RATE_HZ),
        ("channels", 18, header.channels, 1, MAX_CHANNELS),
        ("samples per packet", 27, header.packet_samples, 1, longest),
    ]
    if packets is not None and samples is not None:
        bounds = [*bounds, ("packets", 31, packets, 1, LIVE_PACKETS - 1)]
        bounds = [*bounds, ("samples", 19, samples, 1, packets * header.packet_samples)]
    for name, offset, value, low, high in bounds:
        if not low <= value <= high:
            raise ImpossibleNumber(f"no such number of {name}" if "rate" not in name else "no such sample rate",
                                   offset=offset, got=value, wanted=f"{low} to {high}", next=AGAIN)  # fmt: skip
