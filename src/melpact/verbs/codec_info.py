"""`codec info`: what a stream says of itself, what its packets take, and which of them are broken. Decodes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.core.errors import MelpactError
from melpact.models.codec.base import Codec
from melpact.models.codec.container import scan
from melpact.models.codec.header import VERSION
from melpact.verbs.codec_decode import stream_of
from melpact.verbs.codec_opening import codec_of

KINDS: Mapping[int, str] = {0: "a test", 1: "waveform", 2: "mel through a latent"}


@dataclass(frozen=True)
class StreamSheet:
    """What is known of a stream.

    Attributes:
        codec: its name, where it comes with the package or was named; None otherwise.
        seconds: None where the stream does not say its end.
        kbit_s, payload_kbit_s: real, of all channels; without header, lengths and checks.
        packet_bytes: of every packet's payload, in order; None where it is broken or missing.
        problems: in one line each, in the order of the stream.
    """

    path: Path
    version: int
    kind: str
    fingerprint: str
    codec: str | None
    sample_rate: int
    channels: int
    n_samples: int | None
    seconds: float | None
    live: bool
    packet_ms: float
    settings: str
    size_bytes: int
    kbit_s: float | None
    payload_kbit_s: float | None
    packet_bytes: tuple[int | None, ...]
    problems: tuple[str, ...]

    @property
    def broken(self) -> tuple[int, ...]:
        """Packets that are broken or missing."""
        return tuple(index for index, size in enumerate(self.packet_bytes) if size is None)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        own = {"path": str(self.path), "packet_bytes": list(self.packet_bytes), "problems": list(self.problems)}
        return {**vars(self), **own, "broken": list(self.broken)}


def codec_info(path: str | Path, *, codec: str | Path | Codec[Any] | None = None) -> StreamSheet:
    """What a stream is.

    Args:
        codec: that it may have been made by, beside those that come with the package.

    Raises:
        MelpactError: no such file, no stream, or a header that is broken.
    """
    path = Path(path)
    stream = stream_of(path)
    try:
        found = scan(stream)
    except MelpactError as error:
        error.where = path
        raise
    header, n_samples = found.header, found.n_samples
    seconds = None if n_samples is None else n_samples / header.sample_rate
    sizes = tuple(None if packet.payload is None else len(packet.payload) for packet in found.packets)
    payload = sum(size for size in sizes if size is not None)
    try:
        name = codec_of(header, codec).name
    except MelpactError:
        if codec is not None:
            raise
        name = None
    return StreamSheet(
        path=path,
        version=VERSION,
        kind=KINDS.get(header.kind, f"unknown ({header.kind})"),
        fingerprint=header.fingerprint,
        codec=name,
        sample_rate=header.sample_rate,
        channels=header.channels,
        n_samples=n_samples,
        seconds=seconds,
        live=header.n_packets is None,
        packet_ms=1000 * header.packet_samples / header.sample_rate,
        settings=header.settings.hex(),
        size_bytes=len(stream),
        kbit_s=None if seconds is None else 8 * len(stream) / seconds / 1000,
        payload_kbit_s=None if seconds is None else 8 * payload / seconds / 1000,
        packet_bytes=sizes,
        problems=tuple(str(problem) for problem in found.problems),
    )
