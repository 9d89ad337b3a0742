"""The container of every codec: one header, then packets that each stand alone. Its specification: docs/codec_container.md.

Knows no codec: payloads are bytes. Nothing is allocated by a number that a stream states before that number was held
against the length of the stream and a bound. Streams that come piece by piece are in `container_reader`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from melpact.core.errors import (
    BrokenHeader,
    BrokenPacket,
    ImpossibleNumber,
    NotAStream,
    StreamError,
    StreamTruncated,
    StreamVersion,
    TrailingBytes,
)

MAGIC = b"\x93MLC"
VERSION = 1
SUFFIX = ".melc"
FIXED = struct.Struct("<4sBB8sIBQIIB")
"""Magic, version, kind, fingerprint, sample rate, channels, samples, samples per packet, packets, bytes of settings."""
CRC = struct.Struct("<I")
LIVE_SAMPLES, LIVE_PACKETS = 2**64 - 1, 2**32 - 1
"""What the header says where its writer did not know the end; then an end mark follows the last packet."""
END = struct.Struct("<Q")

MAX_RATE_HZ, MAX_CHANNELS = 384_000, 32
MAX_PACKET_VALUES = 2**17
"""Samples per packet times channels."""
MAX_PAYLOAD_BYTES = 2**20
LEAST_PACKET_BYTES = 1 + CRC.size
SEARCH_INDICES, SEARCH_WORK, SEARCH_STEP = 16, 2**28, 1024
"""How many packets further the next whole one may be; bytes looked through for it in one stream, and what a place costs."""
_AGAIN = "Copy or make the stream again; melpact never leaves half a file under its final name"


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
        """Without its CRC, which every packet's CRC begins with.

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

    @property
    def size(self) -> int:
        """Bytes, with the CRC."""
        return FIXED.size + len(self.settings) + CRC.size


@dataclass(frozen=True)
class Packet:
    """One packet of a stream.

    Attributes:
        index: from 0. offset: of its first byte, or of where it should begin. size: bytes with length and CRC.
        payload: None where it is broken or missing.
    """

    index: int
    offset: int
    size: int
    payload: bytes | None


@dataclass(frozen=True)
class Scan:
    """Everything that could be found in a stream whose header is whole.

    Attributes:
        packets: in order and without gaps up to the last that was found.
        n_samples: of the header or the end mark; None where both do not say.
        problems: in the order of the stream; empty where it is whole.
    """

    header: Header
    packets: tuple[Packet, ...]
    n_samples: int | None
    problems: tuple[StreamError, ...] = field(default=())


def write(header: Header, payloads: Iterable[bytes]) -> bytes:
    """The whole stream; with an end mark never, as the header knows the end.

    Raises:
        ImpossibleNumber: the header cannot be, or there are more or fewer payloads than it says.
    """
    head = header.to_bytes()
    seed = zlib.crc32(head)
    parts = [head, CRC.pack(seed)]
    parts += (packet_bytes(index, payload, seed) for index, payload in enumerate(payloads))
    if header.n_packets is None or len(parts) - 2 != header.n_packets:
        raise ImpossibleNumber("other packets than the header says", got=len(parts) - 2, wanted=header.n_packets)
    return b"".join(parts)


def packet_bytes(index: int, payload: bytes, seed: int) -> bytes:
    """One packet as it stands in a stream; `seed` is the header's CRC.

    Raises:
        ImpossibleNumber: the payload is longer than `MAX_PAYLOAD_BYTES`.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ImpossibleNumber("a packet is too long", packet=index, got=len(payload), wanted=f"≤ {MAX_PAYLOAD_BYTES}")
    body = varint(len(payload) + 1) + payload
    return body + CRC.pack(_crc(body, index, seed))


def end_bytes(n_packets: int, n_samples: int, seed: int) -> bytes:
    """The end mark of a stream whose header did not know its end."""
    body = varint(0) + END.pack(n_samples)
    return body + CRC.pack(_crc(body, n_packets, seed))


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all bytes but the last have their top bit set."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def read_varint(data: bytes, at: int) -> tuple[int, int] | None:
    """The number and its size in bytes (at most 3); None where it is longer, not the shortest, or cut off."""
    number = 0
    for size in range(1, 4):
        if at + size > len(data):
            return None
        byte = data[at + size - 1]
        number |= (byte & 127) << 7 * (size - 1)
        if byte < 128:
            return None if byte == 0 and size > 1 else (number, size)
    return None


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
            next="Update melpact: pip install -U melpact" if newer else _AGAIN,
        )  # fmt: skip
    size = header_size(stream)
    if size is None or len(stream) < size:
        wanted = f"{size} bytes" if size else f"at least {FIXED.size + CRC.size}"
        got = f"{len(stream)} bytes"
        raise StreamTruncated("ends within its header", offset=len(stream), got=got, wanted=wanted, next=_AGAIN)
    (stated,) = CRC.unpack_from(stream, size - CRC.size)
    found = zlib.crc32(stream[: size - CRC.size])
    if stated != found:
        raise BrokenHeader("the header's bytes are not those that were written", offset=0, got=f"CRC {found:08x}",
                           wanted=f"{stated:08x}", next=_AGAIN)  # fmt: skip
    _, _, kind, mark, rate, channels, samples, packet_samples, packets, _ = FIXED.unpack_from(stream)
    if (samples == LIVE_SAMPLES) != (packets == LIVE_PACKETS):
        raise ImpossibleNumber("one of samples and packets is not known and the other is", offset=19, next=_AGAIN)
    header = Header(
        kind, mark.hex(), rate, channels, None if samples == LIVE_SAMPLES else samples, packet_samples,
        None if packets == LIVE_PACKETS else packets, stream[FIXED.size : size - CRC.size],
    )  # fmt: skip
    _check(header)
    return header, found


def header_size(start: bytes) -> int | None:
    """Bytes of the header with its CRC, from the first bytes of a stream; None where they do not say it yet."""
    return FIXED.size + start[FIXED.size - 1] + CRC.size if len(start) >= FIXED.size else None


def read(stream: bytes) -> tuple[Header, list[bytes]]:
    """Header and payloads of a whole stream.

    Raises:
        StreamError: the first thing that is wrong.
    """
    found = scan(stream)
    if found.problems:
        raise found.problems[0]
    return found.header, [packet.payload for packet in found.packets if packet.payload is not None]


def scan(stream: bytes) -> Scan:
    """Whatever whole packets there are: after a broken one the next is looked for byte by byte.

    At most `SEARCH_WORK` bytes are looked through, however long and however broken the stream is.

    Raises:
        NotAStream, StreamVersion, StreamTruncated, BrokenHeader, ImpossibleNumber: of the header.
    """
    header, seed = read_header(stream)
    packets: list[Packet] = []
    problems: list[StreamError] = []
    at, work = header.size, [SEARCH_WORK]
    n_samples = header.n_samples
    while header.n_packets is None or len(packets) < header.n_packets:
        index = len(packets)
        size, payload, end = _packet(stream, at, index, seed)
        if end is not None and header.n_packets is None:
            problem = _end_problem(header, index, end, at)
            problems += [] if problem is None else [problem]
            n_samples, at = end if problem is None else None, at + size
            break
        if payload is not None:
            packets.append(Packet(index, at, size, payload))
            at += size
            continue
        found = _next_whole(stream, at, size, index, header, seed, work)
        if found is None:
            fits = size > 0 and at + size <= len(stream)
            if fits:
                problems.append(_broken(index, at))
                packets.append(Packet(index, at, size, None))
                at += size
            if not fits or (header.n_packets is not None and len(packets) < header.n_packets) or header.n_packets is None:
                problems.append(_truncated(header, len(packets), stream))
                at = len(stream)
            break
        place, later = found
        problems.append(_broken(index, at, stray=place - at if later == index else 0))
        packets += [Packet(missing, at, place - at if missing == index else 0, None) for missing in range(index, later)]
        at = place
    if at < len(stream):
        problems.append(
            TrailingBytes("more bytes after the end", offset=at, got=f"{len(stream) - at} bytes", wanted="none", next=_AGAIN)
        )
    return Scan(header, tuple(packets), n_samples, tuple(problems))


def _crc(body: bytes, index: int, seed: int) -> int:
    return zlib.crc32(CRC.pack(index), zlib.crc32(body, seed))


def _packet(stream: bytes, at: int, index: int, seed: int) -> tuple[int, bytes | None, int | None]:
    """Stated size (0: none), the payload where it is whole, and the samples where it is a whole end mark."""
    size, start, crc = _framed(stream, at, seed)
    if crc is None:
        return size, None, None
    whole = zlib.crc32(CRC.pack(index), crc) == CRC.unpack_from(stream, at + size - CRC.size)[0]
    if not whole:
        return size, None, None
    body = stream[start : at + size - CRC.size]
    return (size, None, END.unpack(body)[0]) if stream[at] == 0 else (size, body, None)


def _framed(stream: bytes, at: int, seed: int) -> tuple[int, int, int | None]:
    """Stated size, where the payload begins, and the CRC but for the index; None where it does not fit."""
    found = read_varint(stream, at)
    if found is None or found[0] > MAX_PAYLOAD_BYTES + 1:
        return 0, at, None
    number, width = found
    size = width + (END.size if number == 0 else number - 1) + CRC.size
    if at + size > len(stream):
        return size, at + width, None
    return size, at + width, zlib.crc32(memoryview(stream)[at : at + size - CRC.size], seed)


def _next_whole(
    stream: bytes, at: int, size: int, index: int, header: Header, seed: int, work: list[int]
) -> tuple[int, int] | None:
    """Place and index of the next whole packet, or end mark, after a broken one at `at`."""
    last = index + SEARCH_INDICES if header.n_packets is None else min(index + SEARCH_INDICES, header.n_packets - 1)
    stated = [at + size] if size > 0 and at + size <= len(stream) - LEAST_PACKET_BYTES else []
    for place in (*stated, *range(at + 1, len(stream) - LEAST_PACKET_BYTES + 1)):
        long, _, crc = _framed(stream, place, seed)
        work[0] -= SEARCH_STEP + (0 if crc is None else long)
        if work[0] < 0:
            return None
        if crc is None or (stream[place] == 0 and header.n_packets is not None):
            continue
        (wanted,) = CRC.unpack_from(stream, place + long - CRC.size)
        for later in range(index, last + 1):
            if zlib.crc32(CRC.pack(later), crc) == wanted:
                return place, later
    return None


def _end_problem(header: Header, n_packets: int, n_samples: int, at: int) -> StreamError | None:
    if 1 <= n_samples <= n_packets * header.packet_samples:
        return None
    most = n_packets * header.packet_samples
    return ImpossibleNumber("samples that its packets cannot hold", offset=at, got=n_samples, wanted=f"1 to {most}")


def _broken(index: int, at: int, stray: int = 0) -> BrokenPacket:
    what = f"{stray} bytes before the packet belong to nothing" if stray else "its bytes are not those that were written"
    return BrokenPacket(what, packet=index, offset=at, next="Go on without it: melpact codec decode --conceal")


def _truncated(header: Header, found: int, stream: bytes) -> StreamTruncated:
    wanted = "an end mark" if header.n_packets is None else f"{header.n_packets} packets"
    return StreamTruncated("ends before its last packet does", offset=len(stream), got=f"{found} packets", wanted=wanted,
                           next="Copy it again, or take what is there: melpact codec decode --conceal")  # fmt: skip


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
                                   offset=offset, got=value, wanted=f"{low} to {high}", next=_AGAIN)  # fmt: skip
