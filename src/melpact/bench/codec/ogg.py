"""What of an Ogg file is payload: the packets of its pages, without headers (RFC 3533, section 6; RFC 7845, section 3)."""

from __future__ import annotations

from melpact.core.errors import MelpactError

_HEAD = 27
OPUS_HEADERS = 2
"""OpusHead and OpusTags come before the first packet of sound."""


def packets(data: bytes) -> list[bytes]:
    """Every packet of the one stream that is in the file, in order; one that never ends is an error.

    Raises:
        MelpactError: no Ogg, or cut short.
    """
    found, open_, at = list[bytes](), b"", 0
    while at < len(data):
        head = data[at : at + _HEAD]
        if len(head) < _HEAD or head[:4] != b"OggS":
            raise MelpactError("is no page of Ogg", where=f"byte {at}", got=repr(head[:4]), wanted="OggS")
        lacing = data[at + _HEAD : at + _HEAD + head[26]]
        at += _HEAD + head[26]
        if len(lacing) < head[26] or at + sum(lacing) > len(data):
            raise MelpactError("a page of Ogg is cut short", where=f"byte {at}", got=f"{len(data)} bytes in all")
        for size in lacing:
            open_ += data[at : at + size]
            at += size
            if size < 255:
                found.append(open_)
                open_ = b""
    if open_:
        raise MelpactError("the last packet of Ogg does not end", where=f"byte {at}", got=f"{len(open_)} bytes of it")
    return found


def payload_bytes(data: bytes) -> int:
    """Of an Ogg Opus file: the bytes of its packets of sound.

    Raises:
        MelpactError: no Ogg, cut short, or no packet of sound.
    """
    found = packets(data)[OPUS_HEADERS:]
    if not found:
        raise MelpactError("there is no packet of sound", where="Ogg Opus", got=f"{len(data)} bytes")
    return sum(map(len, found))
