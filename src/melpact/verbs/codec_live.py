"""`codec encode -` and `codec decode -`: a sound or a stream that still comes, as it comes.

Sound is bare 16-bit samples, the lowest byte first, one channel, at the codec's rate: S16_LE, as recorders and players say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from melpact.audio.files import read, write
from melpact.audio.resample import resample
from melpact.contract.artifact import replacing
from melpact.core.errors import ArtifactError, AudioTooShort, ContractError
from melpact.models.codec import container
from melpact.models.codec.base import Codec, Floats
from melpact.models.codec.container_reader import Reader
from melpact.models.codec.header import Header, read_header
from melpact.models.codec.rate import Rate
from melpact.models.codec.streaming import Decoder, Delay, Encoder
from melpact.verbs.codec_encode import at_rate
from melpact.verbs.codec_opening import codec_of

PACKET_MS = 100.0
"""Of a packet where nobody says."""
FULL_SCALE = 32768.0
_PIECE_BYTES = 1 << 14


@dataclass(frozen=True)
class Flown:
    """What went by.

    Attributes:
        delay: of encoder and decoder, without time to compute and to carry. lost: packets whose sound was made up.
    """

    codec: str
    sample_rate: int
    n_samples: int
    packets: int
    size_bytes: int
    delay: Delay
    lost: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Of the sound."""
        return self.n_samples / self.sample_rate


def flow(
    encoding: bool,
    source: str,
    target: str,
    standard_in: BinaryIO,
    standard_out: BinaryIO,
    *,
    rate: Rate | None = None,
    codec: str | Path | Codec[Any] | None = None,
    sample_rate: int | None = None,
    packet_ms: float | None = None,
    conceal: bool = False,
) -> Flown:
    """Encode or decode where "-" stands for standard input or output; a file appears only when all of it is there.

    Files are sound files and .melc files as ever: what is one is read or written in one piece.

    Raises:
        MelpactError: as `encode_live` and `decode_live`, or as reading and writing sound files.
    """
    if encoding and source == "-":
        with nullcontext(standard_out) if target == "-" else replacing(target) as sink:
            return encode_live(standard_in, sink, rate=rate, codec=codec, sample_rate=sample_rate, packet_ms=packet_ms)
    if encoding:
        made = at_rate(codec, sample_rate)
        audio = resample(read(source), made.sample_rate)
        stream = made.encode(audio, rate=rate, packet_ms=1000.0 if packet_ms is None else packet_ms)
        _hand(standard_out, stream)
        found = container.scan(stream)
        delay = _delay(made, found.header)
        return Flown(made.name, made.sample_rate, audio.n_samples, len(found.packets), len(stream), delay)
    if target == "-":
        with nullcontext(standard_in) if source == "-" else _opened(source) as take:
            return decode_live(take, standard_out, codec=codec, conceal=conceal)
    stream = standard_in.read()
    header, _ = read_header(stream)
    made = codec_of(header, codec)
    decoded = made.decoded(stream, conceal=conceal)
    write(target, decoded.audio)
    problems = tuple(str(problem) for problem in decoded.problems)
    samples, packets = decoded.audio.n_samples, decoded.n_packets
    delay = _delay(made, header)
    return Flown(made.name, made.sample_rate, samples, packets, len(stream), delay, decoded.lost, problems)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    try:
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror or error}", where=path, wanted="a stream's file") from error


def _delay(codec: Codec[Any], header: Header) -> Delay:
    return Delay(header.packet_samples, codec.sees_samples[1], codec.late_samples)


def encode_live(
    source: BinaryIO,
    sink: BinaryIO,
    *,
    rate: Rate | None = None,
    codec: str | Path | Codec[Any] | None = None,
    sample_rate: int | None = None,
    packet_ms: float | None = None,
) -> Flown:
    """Samples as they come → a stream whose header does not know its end; every packet is handed on when it is full.

    Raises:
        AudioTooShort: no sample came. ContractError: half a sample at the end. MelpactError: as `codec_encode`.
    """
    made = at_rate(codec, sample_rate)
    encoder = Encoder(made, rate=rate, packet_ms=PACKET_MS if packet_ms is None else packet_ms)
    head, seed = encoder.header.written()
    written, packets = _hand(sink, head), 0
    for payloads in _payloads(source, encoder):
        for payload in payloads:
            written += _hand(sink, container.packet_bytes(packets, payload, seed))
            packets += 1
    written += _hand(sink, container.end_bytes(packets, encoder.n_samples, seed))
    return Flown(made.name, made.sample_rate, encoder.n_samples, packets, written, encoder.delay)


def decode_live(
    source: BinaryIO, sink: BinaryIO, *, codec: str | Path | Codec[Any] | None = None, conceal: bool = False
) -> Flown:
    """A stream as it comes → samples as soon as they are sure; of several channels the mean.

    Raises:
        StreamError: as `Reader`; what was sure before is there. MelpactError: as `codec_decode`.
    """
    reader, decoder, given, taken = Reader(conceal=conceal), None, 0, 0
    while data := _piece(source):
        taken += len(data)
        packets = reader.push(data)
        if decoder is None and reader.header is not None:
            made = codec_of(reader.header, codec)
            decoder = Decoder(made, reader.header, conceal=conceal)
        for packet in packets:
            if decoder is not None:
                given += _sound(sink, decoder.push(packet.payload))
    reader.finish()
    if decoder is None or reader.header is None:
        raise AssertionError("a stream that ended well has a header")
    rest = decoder.finish(reader.n_samples)
    given += _sound(sink, rest)
    delay = _delay(decoder.codec, reader.header)
    return Flown(
        decoder.codec.name, reader.header.sample_rate, given, decoder.n_packets, taken, delay, tuple(decoder.lost),
        tuple(str(problem) for problem in reader.problems),
    )  # fmt: skip


def _payloads(source: BinaryIO, encoder: Encoder) -> Iterator[list[bytes]]:
    half = b""
    while data := _piece(source):
        whole = half + data
        cut = len(whole) - len(whole) % 2
        half = whole[cut:]
        yield encoder.push((np.frombuffer(whole[:cut], "<i2") / FULL_SCALE).astype(np.float32)[None])
    if half:
        raise ContractError("ends with half a sample", where="-", got=f"{2 * encoder.n_samples + 1} bytes", wanted="S16_LE")
    if not encoder.n_samples:
        raise AudioTooShort("no samples came", where="-", wanted="bare 16-bit samples, one channel, at the codec's rate")
    yield encoder.finish()


def _piece(source: BinaryIO) -> bytes:
    """What is there, without waiting for more of it."""
    read = getattr(source, "read1", source.read)
    data: bytes = read(_PIECE_BYTES)
    return data


def _hand(sink: BinaryIO, data: bytes) -> int:
    sink.write(data)
    sink.flush()
    return len(data)


def _sound(sink: BinaryIO, samples: Floats) -> int:
    whole = np.clip(np.rint(samples.mean(axis=0, dtype=np.float64) * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
    _hand(sink, whole.astype("<i2").tobytes())
    return int(whole.size)
