"""A stream taken apart while it comes: bytes in, packets out. One that is all there is `container.scan`'s."""

from __future__ import annotations

from melpact.core.errors import StreamError
from melpact.models.codec import container
from melpact.models.codec.container import Packet
from melpact.models.codec.header import Header, header_size, may_begin, read_header

USUAL_BYTES, MANY = 1024, 4
"""A packet that states so many times the longest so far, or of this length, may be one whose length is broken."""


class Reader:
    """Bytes in, packets out; keeps no more than one packet and what has not been looked at.

    Args:
        conceal: after a broken packet the next whole one is waited for, and those between are given without payload;
            otherwise the first thing that is wrong ends it.
    """

    def __init__(self, *, conceal: bool = False) -> None:
        self.header: Header | None = None
        """As soon as it is there."""
        self.n_samples: int | None = None
        """Of the header, or of the end mark once that is there."""
        self.ended = False
        """The last packet, or the end mark, was there."""
        self.problems: list[StreamError] = []
        self._conceal = conceal
        self._data, self._at = b"", 0
        self._before = 0
        """Bytes of the stream that are kept no longer."""
        self._index, self._seed = 0, 0
        self._work = [container.SEARCH_WORK]
        self._longest = USUAL_BYTES

    def push(self, data: bytes) -> list[Packet]:
        """More bytes → the packets that are there now; payload None where one is broken or missing.

        Raises:
            NotAStream, StreamVersion, BrokenHeader, ImpossibleNumber: as soon as it shows, concealed or not.
            BrokenPacket, TrailingBytes: where nothing is concealed.
        """
        self._before += self._at
        self._data, self._at = self._data[self._at :] + data, 0
        if self.header is None and not self._begin():
            return []
        found: list[Packet] = []
        while not self.ended and (more := self._next()) is not None:
            found += more
        left = len(self._data) - self._at
        if self.ended and left:
            self._say(container.trailing(self._before + self._at, left))
            self._at += left
        return found

    def finish(self) -> None:
        """No more bytes come.

        Raises:
            StreamTruncated, NotAStream: it ended early; with `conceal` only within the header.
        """
        if self.header is None:
            read_header(self._data)
        elif not self.ended:
            self._say(container.truncated(self.header, self._index, self._before + len(self._data)))

    def _begin(self) -> bool:
        size = header_size(self._data)
        if may_begin(self._data) and (size is None or len(self._data) < size):
            return False
        self.header, self._seed = read_header(self._data)
        self.n_samples = self.header.n_samples
        self._at = self.header.size
        return True

    def _next(self) -> list[Packet] | None:
        """The next packets; None where it is not all there yet, or will never be."""
        header, at, offset = self.header, self._at, self._before + self._at
        if header is None:
            return None
        size, payload, end = container.packet_at(self._data, at, self._index, self._seed)
        if payload is not None:
            self._longest = max(self._longest, size)
            return self._given([Packet(self._index, offset, size, payload)], size)
        if end is not None and header.n_packets is None:
            problem = container.end_problem(header, self._index, end, offset)
            if problem is not None:
                self._say(problem)
            self.n_samples, self.ended = end if problem is None else None, True
            self._at += size
            return []
        if container.may_still_come(self._data, at) and not self._waits_too_long():
            return None
        if not self._conceal:
            raise container.broken(self._index, offset)
        found = container.next_whole(self._data, at, size, self._index, header, self._seed, self._work)
        if found is None:
            return None
        place, later = found
        self.problems.append(container.broken(self._index, offset, place - at if later == self._index else 0))
        return self._given([Packet(index, offset, 0, None) for index in range(self._index, later)], place - at)

    def _waits_too_long(self) -> bool:
        """Whether a length is such that other packets are looked for behind it before all of it is there."""
        return self._conceal and len(self._data) - self._at > MANY * self._longest

    def _given(self, packets: list[Packet], size: int) -> list[Packet]:
        self._index += len(packets)
        self._at += size
        self.ended = self.header is not None and self._index == self.header.n_packets
        return packets

    def _say(self, problem: StreamError) -> None:
        if not self._conceal:
            raise problem
        self.problems.append(problem)
