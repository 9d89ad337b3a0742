"""`Coder`: what the bench asks of a codec, ours or a foreign program: sound in, sound back, bits and seconds spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from melpact.audio.audio import Audio

Domain = Literal["speech", "singing", "music"]
Unit = Literal["kbit/s", "step"]
DOMAINS: tuple[Domain, ...] = ("speech", "singing", "music")


@dataclass(frozen=True)
class Coded:
    """What became of a clip.

    Attributes:
        payload_bits: what the coder says about the sound itself: packets, without a container.
        file_bytes: all that has to be stored to decode it: with headers, checks and the container's pages.
        audio: the sound that the decoder gives, at its own rate.
        encode_s, decode_s: seconds of one core.
    """

    payload_bits: int
    file_bytes: int
    audio: Audio
    encode_s: float
    decode_s: float


class Coder(Protocol):
    """A codec as the bench sees it."""

    @property
    def name(self) -> str:
        """Of its rows."""

    @property
    def title(self) -> str:
        """What it is and how it is asked to work, for a reader."""

    @property
    def sample_rate(self) -> int:
        """Of what it is given, Hz."""

    @property
    def unit(self) -> Unit:
        """Of what it is asked for: a bit rate, or a step of quality, whose bits follow from the sound."""

    def missing(self) -> str | None:
        """Why it cannot be run on this machine, and what brings it; or None."""

    def version(self) -> str:
        """All that its sounds depend on besides the clip and the rate."""

    def rates(self, asked: Sequence[float]) -> tuple[float, ...]:
        """Of the rates that are asked for, kbit/s, those that it has; a codec of fixed rates or of steps has its own."""

    def code(self, audio: Audio, rate: float, domain: Domain) -> Coded:
        """One clip there and back.

        Args:
            audio: mono, at `sample_rate`. rate: one of `rates`, in `unit`.

        Raises:
            MelpactError: it cannot be coded.
        """


def row_name(coder: Coder, rate: float) -> str:
    """What a codec at a rate is called."""
    return f"{coder.name} {'step ' if coder.unit == 'step' else ''}{rate:g}"
