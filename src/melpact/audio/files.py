"""Sound files: probe, read whole or in blocks, write atomically, find in folders.

Everything that libsndfile reads is read (WAV, RF64, FLAC, Ogg, MP3, AIFF, …). What a broken file looks like
on disk is in `headers`; resampling is in `resample`.
"""

from __future__ import annotations

import difflib
import glob
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio, require_finite
from melpact.audio.headers import Missing, missing_bytes, promised_nothing, reads_as_text, wav_codec
from melpact.audio.samples import resolve
from melpact.core.errors import AudioError, AudioFileError, AudioTooShort

EXTENSIONS = (
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".aiff",
    ".aif",
    ".au",
    ".caf",
    ".w64",
    ".rf64",
    ".sph",
)

# libsndfile's answer when it cannot know the length, as for FLAC that was written to a pipe.
_UNKNOWN_FRAMES = 2**62


@dataclass(frozen=True)
class AudioInfo:
    """What a sound file says about itself.

    Attributes:
        path: as given.
        sample_rate: Hz.
        channels: 1 or more.
        n_samples: per channel, 1 or more.
        format: the container in libsndfile's spelling: WAV, FLAC, OGG, MP3, …
        subtype: the sample coding in libsndfile's spelling: PCM_16, PCM_24, FLOAT, VORBIS, …
    """

    path: Path
    sample_rate: int
    channels: int
    n_samples: int
    format: str
    subtype: str

    @property
    def duration_s(self) -> float:
        return self.n_samples / self.sample_rate


def probe(path: str | Path) -> AudioInfo:
    """Facts from the header, without decoding the sound: cheap for a file of any length.

    A file that was cut short is refused here where that can be seen without decoding it all (WAV, RF64,
    AIFF, W64, AU, CAF, FLAC, Ogg); `read` and `blocks` notice the rest.

    Raises:
        AudioFileError: missing, a folder, 0 bytes, not a sound file, cut short, or without samples.
    """
    with _opened(path) as sound:
        return _info(path, sound)


def read(path: str | Path, *, start_s: float = 0.0, duration_s: float | None = None) -> Audio:
    """The sound of a file, or a part of it.

    Args:
        path: a file that libsndfile reads, or "sample:NAME". Integer samples are divided by their full scale.
        start_s: where to start; rounded to the nearest sample; must lie inside the file.
        duration_s: at most this much; the rest of the file if None or if the file ends earlier.

    Raises:
        AudioFileError: missing, a folder, 0 bytes, not a sound file, cut short, or without samples.
        AudioTooShort: the start lies beyond the end, or the duration is below one sample.
        AudioNotFinite: NaN or infinity in the part that was read; names how many and where in the file.
    """
    path = resolve(path)
    with _opened(path) as sound:
        info = _info(path, sound)
        start = _sample_count(start_s, info.sample_rate, "start_s")
        if start >= info.n_samples:
            raise AudioTooShort(
                "the start lies beyond the end of the file",
                where=path,
                got=f"start_s = {start_s}",
                wanted=f"less than {info.duration_s:g} s",
            )
        count = info.n_samples - start
        if duration_s is not None:
            count = min(count, _sample_count(duration_s, info.sample_rate, "duration_s"))
            if count == 0:
                raise AudioTooShort(
                    "the duration is less than one sample",
                    where=path,
                    got=f"duration_s = {duration_s}",
                    wanted=f"at least {1 / info.sample_rate:g} s",
                )
        samples = np.empty((info.channels, count), np.float32)
        filled = 0
        for block in _decoded(path, sound, start, count, 1 << 18):
            samples[:, filled : filled + block.shape[1]] = block
            filled += block.shape[1]
        require_finite(samples, where=path, first_sample=start)
        return Audio(samples, info.sample_rate)


def blocks(path: str | Path, block_samples: int) -> Iterator[NDArray[np.float32]]:
    """A file in consecutive float32 [channels, n] blocks; memory use does not depend on its length.

    Every block has n = block_samples except the last, which has 1 <= n <= block_samples. A file that cannot
    be opened is refused at the call, not at the first block.

    Raises:
        AudioError: block_samples below 1.
        AudioFileError: as `read`; a cut that only decoding shows is raised after the last good block.
        AudioNotFinite: NaN or infinity in a block; the position is counted from the start of the file.
    """
    if block_samples < 1:
        raise AudioError(
            "a block has at least one sample", where="block_samples", got=block_samples, wanted="1 or more"
        )
    info = probe(path)

    def produce() -> Iterator[NDArray[np.float32]]:
        with _opened(path) as sound:
            position = 0
            for block in _decoded(path, sound, 0, info.n_samples, block_samples):
                require_finite(block, where=path, first_sample=position)
                position += block.shape[1]
                yield block

    return produce()


def find(paths: Sequence[str | Path]) -> list[Path]:
    """Every sound file that `paths` mean: files as they are, folders to the bottom, glob patterns, "sample:NAME".

    Folders and patterns give only files with an audio extension (`EXTENSIONS`) whose name does not start
    with a dot.

    Returns:
        Sorted paths, each file once, even where two paths lead to it.

    Raises:
        AudioFileError: a path that does not exist, a folder or pattern without sound, or nothing asked for.
    """
    if isinstance(paths, (str, Path)):
        paths = [paths]
    found: dict[str, Path] = {}
    for given in paths:
        path = resolve(given)
        if path.is_dir():
            hits = [Path(root) / name for root, _, names in os.walk(path) for name in names]
        elif path.exists():
            found.setdefault(os.path.realpath(path), path)
            continue
        elif glob.has_magic(str(given)):
            hits = [Path(hit) for hit in glob.glob(str(given), recursive=True)]
        else:
            raise _missing(given)
        hits = [
            hit
            for hit in hits
            if hit.suffix.lower() in EXTENSIONS and not hit.name.startswith(".") and hit.is_file()
        ]
        if not hits:
            raise AudioFileError(
                "no sound files here", where=given, wanted="files ending in " + " ".join(EXTENSIONS)
            )
        for hit in sorted(hits):
            found.setdefault(os.path.realpath(hit), hit)
    if not found:
        raise AudioFileError(
            "no paths were given",
            where="find",
            wanted="files, folders or patterns such as 'speech/**/*.flac'",
        )
    return sorted(found.values())


def write(path: str | Path, audio: Audio, subtype: str | None = None) -> int:
    """Write a sound file, whole or not at all; see `melpact.audio.writing.write`."""
    from melpact.audio import writing

    return writing.write(path, audio, subtype)


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    """An open soundfile.SoundFile of a file that is there, is not empty and looks like sound."""
    file = Path(path)
    if not file.exists():
        raise _missing(path)
    if file.is_dir():
        raise AudioFileError(
            "this is a folder",
            where=path,
            wanted="one sound file",
            next="List what is in it with melpact.audio.files.find([folder])",
        )
    if not file.is_file():
        raise AudioFileError(
            "this is a pipe or a device",
            where=path,
            wanted="a file on disk",
            next=f"Save it first: cat '{path}' > sound.wav",
        )
    try:
        size = file.stat().st_size
        with open(file, "rb") as raw:
            head = raw.read(512)
    except OSError as error:
        raise AudioFileError(
            "the file cannot be read",
            where=path,
            got=error.strerror or str(error),
            wanted="a readable file",
            next=f"Look at its permissions: ls -l '{path}'",
        ) from error
    if size == 0:
        raise AudioFileError(
            "the file is empty",
            where=path,
            got="0 bytes",
            wanted="a sound file",
            next="Whatever wrote it failed; write it again",
        )
    import soundfile

    try:
        sound = soundfile.SoundFile(str(file))
    except (soundfile.LibsndfileError, TypeError) as error:
        if reads_as_text(head):
            start = head.decode("utf-8", "replace").split("\n")[0].strip()[:40]
            raise AudioFileError(
                "this is text, not sound",
                where=path,
                got=repr(start),
                wanted="a sound file (WAV, FLAC, Ogg, MP3, …)",
                next="Point to the sound file itself",
            ) from error
        missing = missing_bytes(file)
        if missing is not None:
            raise _cut_short_bytes(path, missing) from error
        codec = wav_codec(head)
        got = codec if codec else f"{size} bytes that start with {head[:8].hex(' ')}"
        raise AudioFileError(
            "libsndfile cannot read this",
            where=path,
            got=got,
            wanted="a sound file (WAV, FLAC, Ogg, MP3, …)",
            next=f"Convert it: ffmpeg -i '{path}' '{file.with_suffix('.flac').name}'",
        ) from error
    with sound:
        yield sound


def _info(path: str | Path, sound: Any) -> AudioInfo:
    missing = missing_bytes(Path(path))
    if missing is not None:
        raise _cut_short_bytes(path, missing)
    if sound.frames < 1:
        promised_note = promised_nothing(Path(path))
        raise AudioFileError(
            "the file has no samples",
            where=path,
            got=promised_note or "0 samples",
            wanted="at least one",
            next="Whatever wrote it failed; write or copy it again",
        )
    if sound.frames >= _UNKNOWN_FRAMES:
        raise AudioFileError(
            "the header does not say how long the sound is",
            where=path,
            got="no length",
            wanted="a length in samples",
            next=f"Write it again: ffmpeg -i '{path}' '{Path(path).stem}-whole{Path(path).suffix}'",
        )
    if sound.format == "FLAC":
        _last_sample_decodes(path, sound)
    return AudioInfo(
        Path(path), int(sound.samplerate), int(sound.channels), int(sound.frames), sound.format, sound.subtype
    )


def _last_sample_decodes(path: str | Path, sound: Any) -> None:
    import soundfile

    try:
        sound.seek(sound.frames - 1)
        got = len(sound.read(1, dtype="float32"))
        sound.seek(0)
    except soundfile.LibsndfileError:
        got = 0
    if got != 1:
        raise _cut_short(path, "no sample at the end", f"{sound.frames} samples, as its header promises")


def _decoded(
    path: str | Path, sound: Any, start: int, count: int, block_samples: int
) -> Iterator[NDArray[np.float32]]:
    """Exactly `count` samples from `start`, as contiguous float32 [channels, n] blocks."""
    import soundfile

    done = 0
    try:
        if start:
            sound.seek(start)
        while done < count:
            block = sound.read(min(block_samples, count - done), dtype="float32", always_2d=True)
            if len(block) == 0:
                break
            done += len(block)
            yield np.ascontiguousarray(block.T)
    except soundfile.LibsndfileError as error:
        raise AudioFileError(
            f"decoding failed after sample {start + done}",
            where=path,
            got=str(error.error_string).strip(),
            wanted=f"{sound.frames} samples, as its header promises",
            next="Copy or download the file again",
        ) from error
    if done < count:
        raise _cut_short(path, f"{start + done} samples", f"{sound.frames}, as its header promises")


def _cut_short(path: str | Path, got: str, wanted: str) -> AudioFileError:
    return AudioFileError(
        "the file was cut short",
        where=path,
        got=got,
        wanted=wanted,
        next="Copy or download it again, or make it whole as it is: "
        f"ffmpeg -i '{path}' '{Path(path).stem}-whole.flac'",
    )


def _cut_short_bytes(path: str | Path, missing: Missing) -> AudioFileError:
    if missing.promised is None:
        return _cut_short(
            path, f"{missing.present} bytes and no last page", "a page that is marked as the last"
        )
    got, wanted = f"{missing.present} bytes of sound", f"{missing.promised} bytes, as its header promises"
    return _cut_short(path, got, wanted)


def _missing(path: str | Path) -> AudioFileError:
    parent = Path(path).parent
    if not parent.is_dir():
        return AudioFileError(
            "no such file",
            where=path,
            got=f"no folder '{parent}' either",
            wanted="an existing sound file",
            next="Look for a misspelt folder",
        )
    near = nearest_name(Path(path))
    suggestion = f"Did you mean '{parent / near}'?" if near else f"See what is there: ls '{parent}'"
    return AudioFileError(
        "no such file", where=path, wanted="an existing sound file", next=suggestion.rstrip(".")
    )


def nearest_name(path: Path) -> str | None:
    """The name in the folder of `path` that is most like its own, or None."""
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return None
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(path.name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _sample_count(seconds: float, sample_rate: int, name: str) -> int:
    if not math.isfinite(seconds) or seconds < 0:
        raise AudioError(
            "a time is finite and not negative", where=name, got=seconds, wanted="seconds, 0 or more"
        )
    return round(seconds * sample_rate)
