"""Codec 2 (Rowe) by the programs c2enc and c2dec, as rows of the table of codecs: 8 kHz, fixed rates."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.cache import sound_digest
from melpact.bench.codec.coder import Coded, Domain, Unit
from melpact.bench.codec.program import absent, ran
from melpact.core.errors import MelpactError


@dataclass(frozen=True)
class Mode:
    """One of its rates: bits and samples (at 8 kHz) of a frame."""

    name: str
    bits: int
    samples: int

    @property
    def frame_bytes(self) -> int:
        """What c2enc writes for a frame: whole bytes."""
        return -(-self.bits // 8)


MODES: Mapping[float, Mode] = MappingProxyType(
    {
        0.7: Mode("700C", 28, 320), 1.2: Mode("1200", 48, 320), 1.3: Mode("1300", 52, 320), 1.6: Mode("1600", 64, 320),
        2.4: Mode("2400", 48, 160), 3.2: Mode("3200", 64, 160),
    }
)  # fmt: skip
"""kbit/s → mode."""


@dataclass(frozen=True)
class Codec2:
    """All of its modes, whatever rates are asked for. Payload is the bits of the frames: a frame of 28 bits is written as 4
    bytes, which counts for the file only. A file named .c2 would begin with a header: these are not."""

    sample_rate: int = 8000

    @property
    def name(self) -> str:
        return "codec2"

    @property
    def title(self) -> str:
        return "Codec 2, given 8 kHz (c2enc, c2dec)"

    @property
    def unit(self) -> Unit:
        return "kbit/s"

    def missing(self) -> str | None:
        return absent(("c2enc", "c2dec"), "codec2", "Codec 2")

    def version(self) -> str:
        """The programs do not tell theirs: their bytes are."""
        paths = (shutil.which(name) for name in ("c2enc", "c2dec"))
        return " ".join("" if path is None else sound_digest(Path(path)) for path in paths)

    def rates(self, asked: Sequence[float]) -> tuple[float, ...]:
        return tuple(MODES)

    def code(self, audio: Audio, rate: float, domain: Domain) -> Coded:
        mode = MODES[rate]
        frames = -(-audio.n_samples // mode.samples)
        samples = np.zeros(frames * mode.samples, "<i2")
        samples[: audio.n_samples] = np.clip(np.rint(audio.samples[0] * 32768.0), -32768, 32767)
        with tempfile.TemporaryDirectory() as made:
            given, stream, back = (Path(made) / name for name in ("given.raw", "stream.bits", "back.raw"))
            given.write_bytes(samples.tobytes())
            encode_s = ran(["c2enc", mode.name, str(given), str(stream)])
            decode_s = ran(["c2dec", mode.name, str(stream), str(back)])
            size = stream.stat().st_size
            if size != frames * mode.frame_bytes:
                wanted = f"{frames} frames of {mode.frame_bytes} bytes"
                raise MelpactError("the stream has another length than its frames", where="c2enc", got=size, wanted=wanted)
            values = np.frombuffer(back.read_bytes(), "<i2")[: audio.n_samples]
        audio = Audio((values.astype(np.float32) / np.float32(32768))[None], self.sample_rate)
        return Coded(frames * mode.bits, size, audio, encode_s, decode_s)
