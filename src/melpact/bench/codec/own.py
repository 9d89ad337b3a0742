"""A codec of melpact as a row of the table of codecs: through its bytes, as anybody would use it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from melpact.audio.audio import Audio
from melpact.bench.cache import sources_digest
from melpact.bench.codec.coder import Coded, Domain, Unit
from melpact.models.codec import container
from melpact.models.codec.base import Codec
from melpact.models.codec.rate import Rate

Kind = Literal["constant", "adaptive", "quality"]


@dataclass(frozen=True)
class Own:
    """Payload is what the packets hold; the file is the whole stream: header, lengths and checks.

    Args:
        label: what its rows are called; the codec's own name by default.
        kind: how bits are asked for, one that the codec knows. "quality" has steps in place of rates.
        packet_ms: every packet decodes on its own; shorter ones cost more.
    """

    codec: Codec[Any]
    kind: Kind = "constant"
    packet_ms: float = 1000.0
    label: str = ""

    @property
    def name(self) -> str:
        return f"{self.label or self.codec.name}-{self.kind}"

    @property
    def title(self) -> str:
        rate = f"given {self.sample_rate / 1000:g} kHz, packets of {self.packet_ms:g} ms"
        return f"melpact's {self.codec.name} ({self.codec.fingerprint}), {self.kind} rate, {rate}"

    @property
    def sample_rate(self) -> int:
        return self.codec.sample_rate

    @property
    def unit(self) -> Unit:
        return "step" if self.kind == "quality" else "kbit/s"

    def missing(self) -> str | None:
        return None

    def version(self) -> str:
        package = Path(__file__).parents[2]
        root = package / "models" / "codec"
        folders = sorted({root, *(file.parent for file in root.rglob("*.py"))})
        beside = (package / "audio" / "mdct.py", package / "nn" / "codecs", package / "nn" / "onnx_runtime.py")
        return f"{self.codec.fingerprint} {self.kind} {self.packet_ms} {sources_digest((Path(__file__), *folders, *beside))}"

    def rates(self, asked: Sequence[float]) -> tuple[float, ...]:
        if self.kind == "quality":
            return tuple(float(step) for step in range(self.codec.steps))
        low, high = self.codec.kbit_s
        return tuple(rate for rate in asked if low <= rate <= high)

    def code(self, audio: Audio, rate: float, domain: Domain) -> Coded:
        began = time.process_time()
        stream = self.codec.encode(audio, rate=self._rate(rate), packet_ms=self.packet_ms)
        encoded = time.process_time()
        back = self.codec.decode(stream)
        decoded = time.process_time()
        packets = container.scan(stream).packets
        payload = sum(len(packet.payload) for packet in packets if packet.payload is not None)
        return Coded(8 * payload, len(stream), back, encoded - began, decoded - encoded)

    def _rate(self, rate: float) -> Rate:
        if self.kind == "quality":
            return Rate.quality(int(rate))
        return Rate.constant(rate) if self.kind == "constant" else Rate.adaptive(rate)


def kinds_of(codec: Codec[Any]) -> tuple[Kind, ...]:
    """How a codec is asked where nobody says: by rates, where it knows rates, else by steps."""
    known: tuple[Kind, ...] = ("constant", "adaptive")
    return tuple(kind for kind in known if kind in codec.rates) or ("quality",)
