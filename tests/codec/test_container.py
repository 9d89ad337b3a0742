"""The bytes of a stream: every way of being wrong has its own error, and what is whole is found."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import melpact
from melpact.core import errors
from melpact.core.errors import StreamError
from melpact.models.codec import container
from melpact.models.codec.container_reader import Reader
from melpact.models.codec.header import CRC, FIXED, MAX_PACKET_VALUES, Header, read_header

PAYLOADS = [bytes([n]) * (60 * n + 3) for n in range(6)]
HEADER = Header(1, "0123456789abcdef", 24000, 2, 5 * 2400 + 7, 2400, 6, b"\x07\x01")
STREAM = container.write(HEADER, PAYLOADS)
LIVE = Header(1, "0123456789abcdef", 24000, 1, None, 480, None)


def live_stream(n_samples: int = 5 * 480 + 1) -> bytes:
    head, seed = LIVE.written()
    packets = [container.packet_bytes(index, payload, seed) for index, payload in enumerate(PAYLOADS)]
    return b"".join([head, *packets, container.end_bytes(len(PAYLOADS), n_samples, seed)])


def problem(stream: bytes) -> StreamError:
    with pytest.raises(StreamError) as caught:
        container.read(stream)
    return caught.value


def with_field(offset: int, form: str, value: int) -> bytes:
    """The stream with another number in its header, and every check right."""
    head = bytearray(STREAM[: FIXED.size + 2])
    struct.pack_into(f"<{form}", head, offset, value)
    seed = zlib.crc32(head)
    packets = [container.packet_bytes(index, payload, seed) for index, payload in enumerate(PAYLOADS)]
    return b"".join([bytes(head), CRC.pack(seed), *packets])


def test_what_is_written_is_read() -> None:
    header, payloads = container.read(STREAM)
    assert header == HEADER and payloads == PAYLOADS
    assert len(STREAM) == 36 + 2 + 4 + sum(len(p) + 4 + (1 if len(p) + 1 < 128 else 2) for p in PAYLOADS)
    assert read_header(STREAM)[1] == zlib.crc32(STREAM[:38])


def test_the_bytes_are_these() -> None:
    """By hand, from the specification and nothing else."""
    head = b"\x93MLC\x01\x01" + bytes.fromhex("0123456789abcdef") + (24000).to_bytes(4, "little") + b"\x02"
    head += (12007).to_bytes(8, "little") + (2400).to_bytes(4, "little") + (6).to_bytes(4, "little") + b"\x02\x07\x01"
    want = head + zlib.crc32(head).to_bytes(4, "little")
    for index, payload in enumerate(PAYLOADS):
        number = len(payload) + 1
        body = (bytes([number]) if number < 128 else bytes([number % 128 + 128, number // 128])) + payload
        want += body + zlib.crc32(head + body + index.to_bytes(4, "little")).to_bytes(4, "little")
    assert want == STREAM


def test_a_stream_whose_writer_did_not_know_the_end() -> None:
    found = container.scan(live_stream())
    assert [packet.payload for packet in found.packets] == PAYLOADS
    assert found.n_samples == 2401 and not found.problems and found.header.n_packets is None


@pytest.mark.parametrize(
    ("stream", "kind", "offset"),
    [
        (b"", "NotAStream", 0),
        (b"RIFF" + STREAM[4:], "NotAStream", 0),
        (b"\x93MLD" + STREAM[4:], "NotAStream", 0),
        (STREAM[:4] + b"\x02" + STREAM[5:], "StreamVersion", 4),
        (STREAM[:3], "StreamTruncated", 3),
        (STREAM[:41], "StreamTruncated", 41),
        (STREAM[:15] + b"\x00" + STREAM[16:], "BrokenHeader", 0),
        (STREAM[:42], "StreamTruncated", 42),
        (STREAM[:-1], "StreamTruncated", len(STREAM) - 1),
        (STREAM + b"\x00", "TrailingBytes", len(STREAM)),
        (STREAM + STREAM, "TrailingBytes", len(STREAM)),
        (with_field(14, "I", 0), "ImpossibleNumber", 14),
        (with_field(14, "I", 2**32 - 1), "ImpossibleNumber", 14),
        (with_field(18, "B", 0), "ImpossibleNumber", 18),
        (with_field(19, "Q", 0), "ImpossibleNumber", 19),
        (with_field(19, "Q", 6 * 2400 + 1), "ImpossibleNumber", 19),
        (with_field(19, "Q", 2**64 - 1), "ImpossibleNumber", 19),
        (with_field(27, "I", MAX_PACKET_VALUES), "ImpossibleNumber", 27),
        (with_field(31, "I", 0), "ImpossibleNumber", 31),
        (with_field(31, "I", 2**32 - 2), "StreamTruncated", len(STREAM)),
        (with_field(31, "I", 7), "StreamTruncated", len(STREAM)),
        (live_stream(0), "ImpossibleNumber", len(live_stream()) - 13),
        (live_stream(6 * 480 + 1), "ImpossibleNumber", len(live_stream()) - 13),
        (live_stream()[:-13], "StreamTruncated", len(live_stream()) - 13),
    ],
)
def test_every_way_of_being_wrong_is_another_error(stream: bytes, kind: str, offset: int) -> None:
    found = problem(stream)
    assert type(found).__name__ == kind and found.offset == offset
    assert found.what in str(found) and f"byte {offset}" in str(found)
    if kind != "ImpossibleNumber":
        assert found.got is not None and found.wanted is not None and found.next


def test_the_errors_are_classes_of_their_own() -> None:
    kinds = {cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, StreamError)} - {StreamError}
    assert len(kinds) == 8
    assert not any(issubclass(a, b) for a in kinds for b in kinds if a is not b)


def test_any_flipped_bit_is_noticed() -> None:
    expected = {0: "NotAStream", 4: "StreamVersion"}
    for at in range(len(STREAM)):
        for bit in (0, 7):
            stream = bytearray(STREAM)
            stream[at] ^= 1 << bit
            kind = type(problem(bytes(stream))).__name__
            if at < 5:
                assert kind == expected.get(at, "NotAStream")
            elif at < 42:
                assert kind in ("BrokenHeader", "StreamTruncated") and (kind == "BrokenHeader" or at == 35)
            elif at < len(STREAM) - len(PAYLOADS[-1]) - 6:
                assert kind == "BrokenPacket"
            else:
                assert kind in ("BrokenPacket", "StreamTruncated")


def offsets() -> list[int]:
    return [packet.offset for packet in container.scan(STREAM).packets]


def test_a_broken_packet_costs_itself() -> None:
    begin = offsets()[3]
    found = container.scan(STREAM[: begin + 20] + b"\xff" + STREAM[begin + 21 :])
    assert [packet.payload for packet in found.packets] == [*PAYLOADS[:3], None, *PAYLOADS[4:]]
    assert [(type(one).__name__, one.packet, one.offset) for one in found.problems] == [("BrokenPacket", 3, begin)]


@pytest.mark.parametrize("change", ["longer", "shorter", "beyond", "cut", "stray", "gone", "twice", "swapped"])
def test_the_next_whole_packet_is_found(change: str) -> None:
    at = [*offsets(), len(STREAM)]
    one = STREAM[at[3] : at[4]]
    length = {"longer": bytes([one[0] + 1]), "shorter": bytes([one[0] - 1])}.get(change)
    changed = {
        "beyond": b"\xff\xff\x0f" + one[2:], "cut": one[:40] + one[90:], "stray": b"stray bytes" + one, "gone": b"",
        "twice": one + one, "swapped": STREAM[at[4] : at[5]],
    }  # fmt: skip
    part = length + one[1:] if length else changed[change]
    if change == "swapped":
        stream = STREAM[: at[3]] + part + one + STREAM[at[5] :]
    else:
        stream = STREAM[: at[3]] + part + STREAM[at[4] :]
    found = container.scan(stream)
    payloads = [packet.payload for packet in found.packets]
    assert len(payloads) == 6 and payloads[:3] == PAYLOADS[:3] and payloads[5] == PAYLOADS[5]
    assert payloads[3] == (PAYLOADS[3] if change in ("stray", "twice") else None)
    # of two that changed places one can stand where it should
    assert payloads[4] == PAYLOADS[4]
    assert found.problems and {type(one) for one in found.problems} == {errors.BrokenPacket}


def test_packets_of_another_stream_do_not_fit() -> None:
    other = container.write(Header(1, "0123456789abcdef", 24000, 2, 5 * 2400 + 8, 2400, 6, b"\x07\x01"), PAYLOADS)
    begin = offsets()[2]
    found = container.scan(STREAM[:begin] + other[begin:])
    assert [packet.payload for packet in found.packets if packet.payload is not None] == PAYLOADS[:2]


def test_searching_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a stream without a whole packet is, so much is looked through and no more."""
    monkeypatch.setattr(container, "SEARCH_WORK", 1 << 16)
    spent: list[int] = []
    real = container.next_whole

    def counted(*arguments: object) -> object:
        work = arguments[-1]
        assert isinstance(work, list)
        before = work[0]
        found = real(*arguments)  # type: ignore[arg-type]
        spent.append(before - max(0, work[0]))
        return found

    monkeypatch.setattr(container, "next_whole", counted)
    noise = np.random.default_rng(5).bytes(300_000)
    found = container.scan(STREAM[:42] + noise)
    assert not any(packet.payload for packet in found.packets)
    assert sum(spent) <= 1 << 16


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 16383, 16384, 2**18 + 1, 2**21 - 1])
def test_lengths(number: int) -> None:
    data = container.varint(number)
    assert container.read_varint(b"x" + data, 1) == (number, len(data))
    assert container.read_varint(data[:-1], 0) is None


def test_a_length_has_one_spelling() -> None:
    assert container.read_varint(b"\x80\x00", 0) is None
    assert container.read_varint(b"\x81\x80\x00", 0) is None
    assert container.read_varint(b"\x80\x80\x80\x01", 0) is None


@pytest.mark.parametrize("stream", [STREAM, live_stream()], ids=["known end", "live"])
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_a_stream_in_pieces(stream: bytes, piece: int) -> None:
    reader, packets = Reader(), []
    for at in range(0, len(stream), piece):
        packets += reader.push(stream[at : at + piece])
    reader.finish()
    assert [packet.payload for packet in packets] == PAYLOADS
    whole = container.scan(stream)
    assert tuple(packets) == whole.packets and reader.n_samples == whole.n_samples and reader.ended


@pytest.mark.parametrize("piece", [1, 64, 10_000])
def test_pieces_of_a_broken_stream(piece: int) -> None:
    begin = offsets()[3]
    stream = STREAM[: begin + 20] + b"\xff" + STREAM[begin + 21 :]
    strict = Reader()
    with pytest.raises(errors.BrokenPacket) as caught:
        for at in range(0, len(stream), piece):
            strict.push(stream[at : at + piece])
    assert (caught.value.packet, caught.value.offset) == (3, begin)
    reader, packets = Reader(conceal=True), []
    for at in range(0, len(stream), piece):
        packets += reader.push(stream[at : at + piece])
    reader.finish()
    assert [packet.payload for packet in packets] == [*PAYLOADS[:3], None, *PAYLOADS[4:]]
    assert [type(one).__name__ for one in reader.problems] == ["BrokenPacket"]


def test_a_broken_length_does_not_keep_the_rest_waiting() -> None:
    """Stated as 200 kB: the packets behind it are there long before so much has come."""
    payloads = [bytes([n % 256]) * 300 for n in range(60)]
    head, seed = LIVE.written()
    packets = [container.packet_bytes(index, payload, seed) for index, payload in enumerate(payloads)]
    packets[5] = container.varint(200_000) + packets[5][2:]
    strict, reader, found = Reader(), Reader(conceal=True), []
    for data in (head, *packets):
        found += reader.push(data)
        strict.push(data)
    assert [packet.index for packet in found] == list(range(60))
    assert [packet.index for packet in found if packet.payload is None] == [5]


def test_pieces_of_what_is_no_stream() -> None:
    with pytest.raises(errors.NotAStream):
        Reader().push(b"RI")
    for short in (b"", STREAM[:20]):
        reader = Reader()
        assert reader.push(short) == []
        with pytest.raises(StreamError):
            reader.finish()
    reader = Reader()
    reader.push(STREAM[:-1])
    with pytest.raises(errors.StreamTruncated):
        reader.finish()
    with pytest.raises(errors.TrailingBytes):
        Reader().push(STREAM + b"x")


def test_the_page_says_what_is_written() -> None:
    page = Path(melpact.__file__).parents[2] / "docs" / "codec_container.md"
    if not page.is_file():
        pytest.skip("the specification is in the source tree")
    text = page.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\d+|n) \| ([a-z ]+?) \|", text, re.M)
    said = {name: (int(at), size) for at, size, name in rows}
    want = {
        "magic": b"\x93MLC", "version": 1, "kind": HEADER.kind, "fingerprint": bytes.fromhex(HEADER.fingerprint),
        "sample rate": HEADER.sample_rate, "channels": HEADER.channels, "samples": HEADER.n_samples,
        "samples per packet": HEADER.packet_samples, "packets": HEADER.n_packets, "bytes of settings": 2,
        "settings": b"\x07\x01",
    }  # fmt: skip
    assert set(said) == set(want)
    for name, (at, size) in said.items():
        data = STREAM[at : at + (2 if size == "n" else int(size))]
        assert data == want[name] if isinstance(want[name], bytes) else int.from_bytes(data, "little") == want[name]
    # the rows follow each other without a gap, up to the settings
    fixed = sorted((at, int(size)) for at, size in said.values() if size != "n")
    assert all(at + size == following for (at, size), (following, _) in zip(fixed, [*fixed[1:], (FIXED.size, 0)]))
    numbers = {
        name: int(value.replace(",", "").replace(" ", "")) for name, value in re.findall(r"`([A-Z_]+)` = ([\d ,]+)", text)
    }
    assert numbers["MAX_PACKET_VALUES"] == MAX_PACKET_VALUES
    assert numbers["MAX_PAYLOAD_BYTES"] == container.MAX_PAYLOAD_BYTES
    assert numbers["SEARCH_INDICES"] == container.SEARCH_INDICES
    hexes = re.search(r"```\n([0-9a-f \n]+)```", text)
    assert hexes is not None
    header, payloads = container.read(bytes.fromhex(hexes[1]))
    assert (header.sample_rate, header.n_samples, payloads) == (16000, 320, [b"hello"])
