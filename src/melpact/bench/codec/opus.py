"""Opus (RFC 6716) by the programs opusenc and opusdec, as a row of the table of codecs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from melpact.audio.audio import Audio
from melpact.audio.files import read, write
from melpact.bench.codec.coder import Coded, Domain, Unit
from melpact.bench.codec.ogg import payload_bytes
from melpact.bench.codec.program import absent, answer, ran

LOWEST_KBPS, HIGHEST_KBPS = 6.0, 256.0
"""What opusenc takes for one channel."""
_HINT: dict[Domain, str] = {"speech": "--speech", "singing": "--music", "music": "--music"}


@dataclass(frozen=True)
class Opus:
    """Frames of 20 ms, complexity 10, without comments and padding in the file; told whether it is speech or music.

    Args:
        constant: every packet has the same size (--hard-cbr); else the rate follows the sound (--vbr), opusenc's default.
        sample_rate: of what it is given, Hz: 16000 or 24000.
    """

    constant: bool
    sample_rate: int = 16000

    @property
    def name(self) -> str:
        return f"opus-{'cbr' if self.constant else 'vbr'}{'-24k' if self.sample_rate == 24000 else ''}"

    @property
    def title(self) -> str:
        kind = "constant" if self.constant else "variable"
        return f"Opus, {kind} rate, given {self.sample_rate / 1000:g} kHz ({answer(['opusenc', '--version'])})"

    @property
    def unit(self) -> Unit:
        return "kbit/s"

    def missing(self) -> str | None:
        return absent(("opusenc", "opusdec"), "opus-tools", "Opus")

    def version(self) -> str:
        return f"{answer(['opusenc', '--version'])}; {answer(['opusdec', '--version'])}"

    def rates(self, asked: Sequence[float]) -> tuple[float, ...]:
        return tuple(rate for rate in asked if LOWEST_KBPS <= rate <= HIGHEST_KBPS)

    def options(self, rate_kbps: float, domain: Domain) -> list[str]:
        """What opusenc is told besides its files."""
        kind = "--hard-cbr" if self.constant else "--vbr"
        plain = ["--comp", "10", "--framesize", "20", "--discard-comments", "--discard-pictures", "--padding", "0"]
        return ["--quiet", "--bitrate", f"{rate_kbps:g}", kind, _HINT[domain], *plain]

    def code(self, audio: Audio, rate: float, domain: Domain) -> Coded:
        with tempfile.TemporaryDirectory() as made:
            given, stream, back = (str(Path(made) / name) for name in ("given.wav", "stream.opus", "back.wav"))
            write(given, audio, "PCM_16")
            encode_s = ran(["opusenc", *self.options(rate, domain), given, stream])
            decode_s = ran(["opusdec", "--quiet", "--float", "--rate", str(self.sample_rate), stream, back])
            data = Path(stream).read_bytes()
            return Coded(8 * payload_bytes(data), len(data), read(back).mono(), encode_s, decode_s)
