"""The container of every codec: one header, then packets that each stand alone. Its specification: docs/codec_container.md.

Knows no codec: payloads are bytes. Nothing is allocated by a number that a stream states before that number was held
against the length of the stream and a bound. Streams that come piece by piece are in `container_reader`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

from melpact.core.errors import BrokenPacket, ImpossibleNumber, StreamError, StreamTruncated, TrailingBytes
from melpact.models.codec.header import AGAIN, CRC, Header, read_header

SUFFIX = ".melc"
END = struct.Struct("<Q")
"""Samples per channel, in the end mark."""
MAX_PAYLOAD_BYTES = 2**18
LEAST_PACKET_BYTES = 1 + CRC.size
SEARCH_INDICES, SEARCH_WORK, SEARCH_STEP = 16, 2**27, 256
"""How many packets further the next whole one may be; bytes looked through for it in one stream, and what a place costs."""


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
    head, seed = header.written()
    parts = [head]
    parts += (packet_bytes(index, payload, seed) for index, payload in enumerate(payloads))
    if header.n_packets is None or len(parts) - 1 != header.n_packets:
        raise ImpossibleNumber("other packets than the header says", got=len(parts) - 1, wanted=header.n_packets)
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


def read(stream: bytes) -> tuple[Header, list[bytes]]:
    """Header and payloads of a whole stream.

    Raises:
        StreamError: the first thing that is wrong.
    """
    found = scan(stream, first_problem=True)
    if found.problems:
        raise found.problems[0]
    return found.header, [packet.payload for packet in found.packets if packet.payload is not None]


def scan(stream: bytes, *, first_problem: bool = False) -> Scan:
    """Whatever whole packets there are: after a broken one the next is looked for byte by byte.

    At most `SEARCH_WORK` bytes are looked through, however long and however broken the stream is.

    Args:
        first_problem: stop at the first.

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
        size, payload, end = packet_at(stream, at, index, seed)
        if end is not None and header.n_packets is None:
            problem = end_problem(header, index, end, at)
            problems += [] if problem is None else [problem]
            n_samples, at = end if problem is None else None, at + size
            break
        if payload is not None:
            packets.append(Packet(index, at, size, payload))
            at += size
            continue
        fits = size > 0 and at + size <= len(stream)
        found = None if fits and first_problem else next_whole(stream, at, size, index, header, seed, work)
        if found is None:
            if fits:
                problems.append(broken(index, at))
                packets.append(Packet(index, at, size, None))
                at += size
            if not fits or (header.n_packets is not None and len(packets) < header.n_packets) or header.n_packets is None:
                problems.append(truncated(header, len(packets), len(stream)))
                at = len(stream)
            break
        place, later = found
        problems.append(broken(index, at, stray=place - at if later == index else 0))
        packets += [Packet(missing, at, place - at if missing == index else 0, None) for missing in range(index, later)]
        at = place
        if first_problem:
            break
    if at < len(stream) and not (first_problem and problems):
        problems.append(trailing(at, len(stream) - at))
    return Scan(header, tuple(packets), n_samples, tuple(problems))


def may_still_come(stream: bytes, at: int) -> bool:
    """Whether what stands at a place is not broken yet, but not all there."""
    found = read_varint(stream, at)
    if found is None:
        return len(stream) - at < 3 and all(byte > 127 for byte in stream[at:])
    return found[0] <= MAX_PAYLOAD_BYTES + 1 and at + _size(*found) > len(stream)


def _size(number: int, width: int) -> int:
    return width + (END.size if number == 0 else number - 1) + CRC.size


def _crc(body: bytes, index: int, seed: int) -> int:
    return zlib.crc32(CRC.pack(index), zlib.crc32(body, seed))


def packet_at(stream: bytes, at: int, index: int, seed: int) -> tuple[int, bytes | None, int | None]:
    """What stands at a place: its stated size (0: none can be), and, where whole, the payload or an end mark's samples."""
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
    size = _size(number, width)
    if at + size > len(stream):
        return size, at + width, None
    return size, at + width, zlib.crc32(memoryview(stream)[at : at + size - CRC.size], seed)


def next_whole(
    stream: bytes, at: int, size: int, index: int, header: Header, seed: int, work: list[int]
) -> tuple[int, int] | None:
    """Place and index of the next whole packet, or end mark, where one of stated `size` at `at` is not what is wanted.

    `work` is what may still be spent on it, and is spent; the index may be the broken one's own.
    """
    known, length, view = header.n_packets, len(stream), memoryview(stream)
    last = index + SEARCH_INDICES if known is None else min(index + SEARCH_INDICES, known - 1)
    nothing = bytes(CRC.size)
    # what an index adds to a CRC does not depend on what stands before it
    adds = {zlib.crc32(CRC.pack(later)) ^ zlib.crc32(nothing): later for later in range(index, last + 1)}
    end_of_places = length - LEAST_PACKET_BYTES + 1
    first = [place for place in (at, at + size) if place < end_of_places]
    for place in chain(first, range(at + 1, end_of_places)):
        work[0] -= SEARCH_STEP
        if work[0] < 0:
            return None
        number = stream[place]
        if number > 127:
            found = read_varint(stream, place)
            if found is None or found[0] > MAX_PAYLOAD_BYTES + 1:
                continue
            end = place + _size(*found) - CRC.size
        elif number or known is None:
            end = place + _size(number, 1) - CRC.size
        else:
            continue
        if end + CRC.size > length:
            continue
        work[0] -= end - place
        crc = zlib.crc32(nothing, zlib.crc32(view[place:end], seed))
        later = adds.get(crc ^ int.from_bytes(view[end : end + CRC.size], "little"), -1)
        if later >= 0:
            return place, later
    return None


def end_problem(header: Header, n_packets: int, n_samples: int, at: int) -> StreamError | None:
    """What is wrong with a whole end mark, if anything is."""
    if 1 <= n_samples <= n_packets * header.packet_samples:
        return None
    most = n_packets * header.packet_samples
    return ImpossibleNumber("samples that its packets cannot hold", offset=at, got=n_samples, wanted=f"1 to {most}")


def broken(index: int, at: int, stray: int = 0) -> BrokenPacket:
    """What is said of a packet that is broken, or has so many bytes before it that are nobody's."""
    what = f"{stray} bytes before the packet belong to nothing" if stray else "its bytes are not those that were written"
    return BrokenPacket(what, packet=index, offset=at, next="Go on without it: melpact codec decode --conceal")


def truncated(header: Header, found: int, offset: int) -> StreamTruncated:
    """What is said of a stream that ends at `offset` behind so many packets."""
    wanted = "an end mark" if header.n_packets is None else f"{header.n_packets} packets"
    return StreamTruncated(
        "ends before its last packet does", offset=offset, got=f"{found} packets", wanted=wanted,
        next="Copy it again, or take what is there: melpact codec decode --conceal",
    )  # fmt: skip


def trailing(offset: int, count: int) -> TrailingBytes:
    """What is said of bytes after the end."""
    return TrailingBytes("more bytes after the end", offset=offset, got=f"{count} bytes", wanted="none", next=AGAIN)
