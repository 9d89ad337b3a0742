"""The sounds of `codec_suite`: each clip through each codec at each rate and back, laid on the original, kept by content."""

from __future__ import annotations

import json
import warnings
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.writing import write
from melpact.bench.cache import package_version, sound_digest, sources_digest
from melpact.bench.codec.aligning import laid
from melpact.bench.codec.coder import Coder
from melpact.bench.codec.table import Item, Made
from melpact.core.atomic import replaced
from melpact.core.errors import AudioWarning, MelpactError
from melpact.core.records import digest
from melpact.features.analysis import to_rate

_CODE = (
    "bench/codec/aligning", "bench/codec/codec2", "bench/codec/ogg", "bench/codec/opus", "bench/codec/program",
    "bench/align", "audio/audio", "audio/files", "audio/resample", "audio/writing", "features/analysis",
)  # fmt: skip
"""What all sounds and their bits depend on; a codec's version covers the rest."""
_FACTS = tuple(one.name for one in fields(Made) if one.name != "path")


@dataclass
class Studio:
    """What makes the sounds.

    Args:
        folder: where they are kept. rate: of the comparison, Hz.
    """

    folder: Path
    rate: int
    _warm: set[str] = field(default_factory=set)
    _versions: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        root = Path(__file__).parents[1]
        paths = tuple(root / f"{name}.py" for name in _CODE)
        self._code = [sources_digest((*paths, Path(__file__))), package_version(), self.rate]

    def made(self, item: Item, coder: Coder, asked: float) -> Made:
        """A clip there and back, made now unless it is kept.

        Raises:
            MelpactError, OSError: whatever reading and the codec refuse.
        """
        version = self._versions.get(coder.name) or self._versions.setdefault(coder.name, coder.version())
        path = self._place([item.domain, coder.name, version, coder.sample_rate, asked], item)
        kept = _kept(path)
        if kept is not None:
            return kept
        given = _given(item.path, coder.sample_rate, sound_digest(item.path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            if coder.name not in self._warm:  # what is loaded or compiled the first time is not the codec's own time
                coder.code(given, asked, item.domain)
                self._warm.add(coder.name)
            coded = coder.code(given, asked, item.domain)
        if coded.payload_bits < 1 or not np.isfinite(coded.audio.samples).all():
            raise MelpactError("gave no stream, or no sound", where=coder.name, got=f"{coded.payload_bits} bits")
        original = _given(item.path, self.rate, sound_digest(item.path))
        placed = laid(original.samples[0], to_rate(coded.audio.mono(), self.rate).samples[0], self.rate)
        made = Made(
            path, given.duration_s, coded.payload_bits, coded.file_bytes, coded.encode_s, coded.decode_s, placed.lag_s
        )
        return self._keep(made, Audio(placed.wave[None], self.rate))

    def ceiling(self, item: Item, sample_rate: int) -> Path:
        """What a codec of a rate is given, as 16-bit PCM, at the rate of the comparison.

        Raises:
            MelpactError, OSError: the clip cannot be read.
        """
        path = self._place(["pcm", sample_rate], item)
        if not path.is_file():
            given = _given(item.path, sample_rate, sound_digest(item.path)).samples
            whole = np.clip(np.rint(given * 32768.0), -32768, 32767) / 32768
            made = to_rate(Audio(whole.astype(np.float32), sample_rate), self.rate)
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, made, "FLOAT")
        return path

    def _place(self, parts: list[object], item: Item) -> Path:
        key = digest(["codec", 1, *self._code, sound_digest(item.path), *parts], 40)
        return self.folder / "sounds" / key[:2] / f"{key[2:]}.wav"

    def _keep(self, made: Made, audio: Audio) -> Made:
        made.path.parent.mkdir(parents=True, exist_ok=True)
        write(made.path, audio, "FLOAT")
        said = {name: value for name, value in asdict(made).items() if name in _FACTS}
        with replaced(made.path.with_suffix(".json")) as temporary:
            temporary.write_text(json.dumps(said), encoding="utf-8")
        return made


@lru_cache(maxsize=8)
def _given(path: Path, rate: int, content: str) -> Audio:
    """A clip, mono, at a rate; by content, since a file may be another one when it is asked for again."""
    return to_rate(read(path).mono(), rate)


def _kept(path: Path) -> Made | None:
    facts = path.with_suffix(".json")
    if not (path.is_file() and facts.is_file()):
        return None
    try:
        said = json.loads(facts.read_text(encoding="utf-8"))
        return Made(path, **{name: said[name] for name in _FACTS})
    except (OSError, ValueError, KeyError, TypeError):
        return None
