"""What a codec's decoder does with streams that nobody wrote: mutated ones by the hundred thousand.

    python -m benchmarks.codec_fuzz [--with NAME | FILE | MODULE:MAKER] [--count 100000] [--seconds 0.1] [--out F.json]

A third of the streams is mutated as bytes; a third in its structure (numbers of the header at their extremes, packets moved,
doubled, taken from another stream, lengths changed); a third in its payloads. Of the last two the checks are made right
again, so that what stands behind them is reached. Each is decoded strictly, with concealment, or as it comes in pieces. What
counts as survival: a sound of finite samples or one of melpact's errors of a stream, within `limit_s` of processor time,
and within a number of bytes that its length and its whole packets set.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import signal
import struct
import time
import tracemalloc
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from melpact.audio import samples as shipped
from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.core.errors import StreamError
from melpact.models.codec import container
from melpact.models.codec.base import Codec
from melpact.models.codec.container_reader import Reader
from melpact.models.codec.header import CRC, FIXED, read_header
from melpact.models.codec.streaming import Decoder, Encoder

FIELDS = {
    "version": (4, "B"), "kind": (5, "B"), "fingerprint": (6, "Q"), "rate": (14, "I"), "channels": (18, "B"),
    "samples": (19, "Q"), "packet": (27, "I"), "packets": (31, "I"), "settings": (35, "B"),
}  # fmt: skip
"""Of the header: first byte and kind of number."""
BASE_BYTES, BYTES_PER_VALUE, BYTES_PER_BYTE = 8 << 20, 96, 64
"""What a decoder may take: for itself, per sample that so many bytes' packets may hold, per byte of the stream."""
TRACED = 32
"""Of so many streams one is decoded with every allocation counted, which takes ten times as long."""


@dataclass
class Tally:
    """What became of them.

    Attributes:
        outcomes: name of the error, or "sound". seconds: processor time of each whose allocations were not counted.
        peak_bytes: most that one took of which they were. peak_share: of what it was allowed. resident_bytes: by which the
            process grew over all of them, native memory with it.
        faults: everything that is no survival.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    peak_share: float = 0.0
    resident_bytes: int = 0
    faults: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        p99, most = np.quantile(self.seconds, (0.99, 1.0))
        return {
            "streams": sum(self.outcomes.values()), "outcomes": dict(self.outcomes.most_common()),
            "faults": self.faults[:20], "n_faults": len(self.faults),
            "ms_mean": round(1e3 * float(np.mean(self.seconds)), 3), "ms_p99": round(1e3 * p99, 3),
            "ms_max": round(1e3 * most, 1), "peak_mib": round(self.peak_bytes / 2**20, 2),
            "peak_share_of_allowed": round(self.peak_share, 3),
            "resident_grew_mib": round(self.resident_bytes / 2**20, 1),
        }  # fmt: skip


class _Hang(BaseException):
    """Thrown into a decoder that takes too long; no `except Exception` keeps it."""


def seeds(codec: Codec[Any], seconds: float = 0.1) -> list[bytes]:
    """Valid streams of the codec: one and two channels, long and short packets, with and without an end mark."""
    found = []
    for index, name in enumerate(shipped.names()[:2]):
        row = resample(shipped.load(name), codec.sample_rate).samples[0]
        row = row[codec.sample_rate // 2 :][: int(seconds * codec.sample_rate)]
        two = Audio.of(np.stack([row, row[::-1]]), codec.sample_rate)
        one = Audio.of(row, codec.sample_rate)
        third, half = 1000 * seconds / 3, 1000 * seconds / (2 + index)
        found += [codec.encode(one, packet_ms=third), codec.encode(two, packet_ms=half), codec.encode(one)]
        encoder = Encoder(codec, packet_ms=third)
        head, seed = encoder.header.written()
        payloads = [*encoder.push(one.samples), *encoder.finish()]
        packets = [container.packet_bytes(number, payload, seed) for number, payload in enumerate(payloads)]
        end = container.end_bytes(len(payloads), encoder.n_samples, seed)
        found.append(b"".join([head, *packets, end]))
    return found


def mutated(streams: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """One of the streams, changed somewhere."""
    one, other = (streams[int(i)] for i in rng.integers(len(streams), size=2))
    kind = rng.integers(3)
    if kind == 0:
        changes = int(rng.integers(1, 4))
        for _ in range(changes):
            one = _BYTES[int(rng.integers(len(_BYTES)))](one, other, rng)
        return one
    return _structure(one, other, rng) if kind == 1 else _payloads(one, other, rng)


def _place(data: bytes, rng: np.random.Generator) -> int:
    """Anywhere, every second time within the first 64 bytes."""
    return int(rng.integers(min(len(data), 64) + 1 if rng.integers(2) else len(data) + 1))


def _flipped(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(one)
    for _ in range(int(rng.integers(1, 9))):
        at = _place(one, rng)
        if at < len(data):
            data[at] ^= 1 << int(rng.integers(8))
    return bytes(data)


def _set(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    at = _place(one, rng)
    value = (0, 1, 127, 128, 254, 255, int(rng.integers(256)))[int(rng.integers(7))]
    return one[:at] + bytes([value]) + one[at + 1 :]


def _cut(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return one[: _place(one, rng)]


def _inserted(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    at = _place(one, rng)
    return one[:at] + rng.bytes(int(rng.integers(1, 40))) + one[at:]


def _removed(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    at = _place(one, rng)
    return one[:at] + one[at + int(rng.integers(1, 200)) :]


def _doubled(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    begin, to = _place(one, rng), _place(one, rng)
    return one[:to] + one[begin : begin + int(rng.integers(1, 400))] + one[to:]


def _spliced(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return one[: _place(one, rng)] + other[_place(other, rng) :]


def _random(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    return one[: (0, 4, 5, 36, 40)[int(rng.integers(5))]] + rng.bytes(int(rng.integers(0, 300)))


_BYTES: tuple[Callable[[bytes, bytes, np.random.Generator], bytes], ...] = (
    _flipped, _flipped, _set, _cut, _inserted, _removed, _doubled, _spliced, _random,
)  # fmt: skip


def _parts(stream: bytes) -> tuple[bytearray, bytes, list[bytes], int | None]:
    """Fixed part of the header, settings, payloads, and the samples of the end mark where there is one."""
    found = container.scan(stream)
    head = bytearray(stream[: FIXED.size])
    payloads = [packet.payload or b"" for packet in found.packets]
    return head, found.header.settings, payloads, None if found.header.n_packets is not None else found.n_samples


def assembled(head: bytes, settings: bytes, payloads: Sequence[bytes], end: int | None) -> bytes:
    """A stream of these parts whose every check is right, whatever the parts say."""
    start = bytes(head) + settings
    seed = zlib.crc32(start)
    packets = [container.packet_bytes(index, payload, seed) for index, payload in enumerate(payloads)]
    tail = b"" if end is None else container.end_bytes(len(payloads), end % 2**64, seed)
    return b"".join([start, CRC.pack(seed), *packets, tail])


def _structure(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    head, settings, payloads, end = _parts(one)
    for _ in range(int(rng.integers(1, 4))):
        what = int(rng.integers(9))
        if what < 4:
            at, form = FIELDS[list(FIELDS)[int(rng.integers(len(FIELDS)))]]
            _number(head, at, form, rng)
        elif what == 4:
            settings = rng.bytes(int(rng.integers(0, 20)))
            head[-1] = len(settings)
        elif what == 5 and payloads:
            payloads.insert(int(rng.integers(len(payloads) + 1)), payloads[int(rng.integers(len(payloads)))])
        elif what == 6 and payloads:
            payloads.pop(int(rng.integers(len(payloads))))
        elif what == 7:
            payloads = _parts(other)[2]
        elif what == 8 and end is not None:
            end = int(rng.integers(0, 2**62)) * int(rng.integers(0, 4))
        if rng.integers(4) == 0:
            struct.pack_into("<I", head, 31, len(payloads))
    stream = assembled(head, settings, payloads, end)
    return stream if rng.integers(4) else _BYTES[int(rng.integers(len(_BYTES)))](stream, other, rng)


def _number(head: bytearray, at: int, form: str, rng: np.random.Generator) -> None:
    most = 2 ** (8 * struct.calcsize(form)) - 1
    (now,) = struct.unpack_from(f"<{form}", head, at)
    choices = (0, 1, most, most - 1, most // 2, most // 2 + 1, now + 1, now - 1, 2 * now, now // 2, int(rng.integers(2**31)))
    struct.pack_into(f"<{form}", head, at, choices[int(rng.integers(len(choices)))] & most)


def _payloads(one: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    head, settings, payloads, end = _parts(one)
    strange = _parts(other)[2]
    for _ in range(int(rng.integers(1, 4))):
        index = int(rng.integers(len(payloads)))
        payload, what = payloads[index], int(rng.integers(7))
        if what == 0:
            payload = rng.bytes(int(rng.integers(0, 2 * len(payload) + 8)))
        elif what == 1:
            payload = strange[int(rng.integers(len(strange)))]
        else:
            payload = _BYTES[what - 2 if what < 6 else 6](payload, strange[0], rng)
        payloads[index] = payload[: container.MAX_PAYLOAD_BYTES]
    return assembled(head, settings, payloads, end)


def decode(codec: Codec[Any], stream: bytes, way: int, rng: np.random.Generator) -> str:
    """Decode in one of three ways; the outcome in a word.

    Raises:
        StreamError: as it should. Anything else is a fault.
    """
    if way < 2:
        sound = codec.decode(stream, conceal=way == 1)
        return "sound" if np.isfinite(sound.samples).all() else "sound that is none"
    reader, decoder, problem = Reader(conceal=True), None, False
    cuts = [0, *sorted(rng.integers(0, len(stream) + 1, size=4).tolist()), len(stream)]
    for begin, end in pairwise(cuts):
        for packet in reader.push(stream[begin:end]):
            decoder = decoder or Decoder(codec, _header(reader), conceal=True)
            problem |= not np.isfinite(decoder.push(packet.payload)).all()
    reader.finish()
    if decoder is not None:
        decoder.finish(reader.n_samples)
    return "sound that is none" if problem else "sound in pieces"


def _header(reader: Reader) -> Any:
    if reader.header is None:
        raise AssertionError("packets before the header")
    return reader.header


def allowed(stream: bytes) -> int:
    """Bytes that decoding may take."""
    try:
        header, _ = read_header(stream)
        packets = header.n_packets or len(stream)
        most = min(packets, (len(stream) - header.size) // container.LEAST_PACKET_BYTES)
        values = most * header.packet_samples * header.channels
    except StreamError:
        values = 0
    return BASE_BYTES + BYTES_PER_VALUE * values + BYTES_PER_BYTE * len(stream)


def fuzz(codec: Codec[Any], count: int, seed: int = 0, *, seconds: float = 0.1, limit_s: float = 5.0) -> Tally:
    """Decode so many mutated streams of a codec; a stream that takes `limit_s` of processor time is stopped, and a fault."""
    streams, rng, tally = seeds(codec, seconds), np.random.default_rng(seed), Tally()
    for stream in streams:
        for way in range(3):
            decode(codec, stream, way, rng)
    before = signal.signal(signal.SIGVTALRM, _stop)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        for number in range(count):
            stream, way = mutated(streams, rng), int(rng.integers(3))
            name = f"stream {number} of seed {seed}, way {way}"
            if number % TRACED:
                _one(codec, stream, way, rng, tally, name, limit_s)
                continue
            tracemalloc.start()
            try:
                _one(codec, stream, way, rng, tally, name, 10 * limit_s)
            finally:
                tracemalloc.stop()
    finally:
        signal.signal(signal.SIGVTALRM, before)
    tally.resident_bytes = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident)
    return tally


def _stop(*_: Any) -> None:
    raise _Hang


def _one(
    codec: Codec[Any], stream: bytes, way: int, rng: np.random.Generator, tally: Tally, name: str, limit_s: float
) -> None:
    began = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        outcome = decode(codec, stream, way, rng)
    except StreamError as error:
        outcome = type(error).__name__
        if not str(error) or outcome == "StreamError":
            tally.faults.append(f"{name}: an error that says nothing")
    except _Hang:
        outcome = "hang"
    except Exception as error:
        outcome = f"fault: {type(error).__name__}"
        tally.faults.append(f"{name}: {type(error).__name__}: {error}; {stream[:64].hex()} of {len(stream)} bytes")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    seconds = time.process_time() - began
    tally.outcomes[outcome] += 1
    if outcome in ("hang", "sound that is none"):
        tally.faults.append(f"{name}: {outcome}")
    if not tracemalloc.is_tracing():
        tally.seconds.append(seconds)
        return
    took, most = tracemalloc.get_traced_memory()[1], allowed(stream)
    tally.peak_bytes, tally.peak_share = max(tally.peak_bytes, took), max(tally.peak_share, took / most)
    if took > most:
        tally.faults.append(f"{name}: {outcome}, {took} bytes of {most}")


def opened(name: str) -> Codec[Any]:
    """A codec by name or file, or MODULE:MAKER of what makes one of nothing."""
    module, colon, cls = name.partition(":")
    if colon:
        made: Codec[Any] = getattr(importlib.import_module(module), cls)()
        return made
    from melpact.models.codec.opening import codec

    return codec(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with", dest="name", required=True)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--limit-s", type=float, default=5.0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    tally = fuzz(opened(asked.name), asked.count, asked.seed, seconds=asked.seconds, limit_s=asked.limit_s)
    said = json.dumps({"codec": asked.name, "seed": asked.seed, **tally.to_json()}, indent=1)
    print(said)
    if asked.out:
        asked.out.write_text(said + "\n")
    raise SystemExit(1 if tally.faults else 0)


if __name__ == "__main__":
    main()
