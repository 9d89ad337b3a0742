"""What a sound file's header promises, against what is there: cut files that libsndfile reads in silence.

Pure byte reading; decoding is in `files`.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# A program that writes WAV to a pipe does not know the size; these stand for "until the end".
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)
_PIPE_SIZE = 0x7FFFF000
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


@dataclass(frozen=True)
class Missing:
    """Bytes of sound that the header promises (None: more, but not how many) and that the file has."""

    promised: int | None
    present: int


def missing_bytes(path: Path) -> Missing | None:
    """What a WAV, RF64, AIFF, W64, AU, CAF or Ogg file lacks; None if it is whole or of another kind."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        magic = file.read(16)
        if magic[:4] in (b"RIFF", b"RF64", b"RIFX") and magic[8:12] == b"WAVE":
            span = _data_chunk(file, size, ">" if magic[:4] == b"RIFX" else "<")
        elif magic[:4] == b"FORM" and magic[8:12] in (b"AIFF", b"AIFC"):
            span = _chunk(file, size, 12, b"SSND", ">")
        elif magic[:4] == b"riff":
            span = _w64_data(file, size)
        elif magic[:4] in (b".snd", b"dns."):
            span = struct.unpack(">II" if magic[:4] == b".snd" else "<II", magic[4:12])
        elif magic[:4] == b"caff":
            span = _caf_data(file, size)
        elif magic[:4] == b"OggS":
            return _ogg_tail(file, size)
        else:
            return None
    if span is None or _is_unknown(span[1]):
        return None
    start, promised = span
    present = max(0, size - start)
    return Missing(promised, present) if present < promised else None


def promised_nothing(path: Path) -> str | None:
    """A line about a WAV file whose header was never finished (size 0, yet bytes follow); None otherwise."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        magic = file.read(16)
        if magic[:4] not in (b"RIFF", b"RF64") or magic[8:12] != b"WAVE":
            return None
        span = _data_chunk(file, size, "<")
    if span is None or span[1] != 0 or size - span[0] < 2:
        return None
    return (
        f"a header that says 0 samples, and {size - span[0]} bytes after it: the recording was never closed"
    )


def reads_as_text(head: bytes) -> bool:
    """Whether the first bytes of a file are printable UTF-8 (a last character may be cut)."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode("utf-8")
    return bool(text) and all(char.isprintable() or char in "\t\r\n" for char in text)


def wav_codec(head: bytes) -> str | None:
    """A line about the coding of a WAV header that libsndfile refuses; None if this is no WAV."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    at = head.find(b"fmt ")
    if at < 0 or len(head) < at + 24:
        return f"a WAV header of {len(head)} bytes that stops before the format"
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at + 8)
    return f"WAV with format tag 0x{tag:04x}, {channels} channels, {rate} Hz, {bits} bits"


def _is_unknown(promised: int) -> bool:
    return promised in _UNKNOWN_SIZES or _PIPE_SIZE <= promised <= 0x7FFFFFFF


def _data_chunk(file: BinaryIO, size: int, order: str) -> tuple[int, int] | None:
    """(first byte, promised bytes) of a WAV's data; RF64 keeps the size in its ds64 chunk."""
    span = _chunk(file, size, 12, b"data", order)
    if span is not None and span[1] == 0xFFFFFFFF:
        sizes = _chunk(file, size, 12, b"ds64", order)
        if sizes is not None:
            file.seek(sizes[0] + 8)
            return span[0], struct.unpack("<Q", file.read(8).ljust(8, b"\0"))[0]
    return span


def _chunk(file: BinaryIO, size: int, at: int, wanted: bytes, order: str) -> tuple[int, int] | None:
    """(first byte, promised bytes) of a RIFF or IFF chunk."""
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack(order + "4sI", file.read(8))
        if name == wanted:
            return at + 8, length
        at += 8 + length + length % 2
    return None


def _w64_data(file: BinaryIO, size: int) -> tuple[int, int] | None:
    at = 40
    while at + 24 <= size:
        file.seek(at)
        name, length = struct.unpack("<16sQ", file.read(24))
        if name == _W64_DATA:
            return at + 24, max(0, length - 24)
        if length < 24:
            return None
        at += (length + 7) // 8 * 8
    return None


def _caf_data(file: BinaryIO, size: int) -> tuple[int, int] | None:
    at = 8
    while at + 12 <= size:
        file.seek(at)
        name, length = struct.unpack(">4sq", file.read(12))
        if name == b"data":
            return (at + 12, length) if length > 0 else None
        at += 12 + max(0, length)
    return None


def _ogg_tail(file: BinaryIO, size: int) -> Missing | None:
    """An Ogg file whose last page is incomplete, or is not marked as the last (RFC 3533, section 6)."""
    start = max(0, size - 2 * 65_307)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or at + 27 > len(tail):
        return Missing(size, start + max(at, 0))
    segments = tail[26 + at]
    table = tail[at + 27 : at + 27 + segments]
    end = start + at + 27 + segments + sum(table)
    if len(table) < segments or end > size:
        return Missing(max(end, size + 1), size)
    last_page = bool(tail[at + 5] & 0x04)
    return None if last_page else Missing(None, size)
