"""What lies between samples and payloads whatever the codec: frames of packets, and the channels that share a payload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from melpact.core.errors import BrokenPacket
from melpact.models.codec.container import read_varint, varint


class Counts(Sequence[int]):
    """Frames per packet, all `each` but the last, without a list of them: a header may state many."""

    def __init__(self, frames: int, each: int) -> None:
        self._frames, self._each = frames, each

    def __len__(self) -> int:
        return -(-self._frames // self._each)

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return min(self._each, self._frames - index * self._each)


def together(payloads: Sequence[bytes]) -> bytes:
    """One payload of all channels: each but the last behind its length."""
    return b"".join([varint(len(one)) + one for one in payloads[:-1]] + [payloads[-1]])


def apart(payload: bytes, channels: int) -> list[bytes]:
    """The payload of each channel.

    Raises:
        BrokenPacket: they do not fit into it.
    """
    parts, at = [], 0
    for channel in range(channels - 1):
        length = read_varint(payload, at)
        if length is None or at + sum(length) > len(payload):
            raise BrokenPacket("its channels do not fit into it", got=f"channel {channel} of {channels}")
        at += length[1]
        parts.append(payload[at : at + length[0]])
        at += length[0]
    return [*parts, payload[at:]]
