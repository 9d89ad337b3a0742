"""Writing sound files: whole or not at all, clipped but never wrapped. Reading is in `files`."""

from __future__ import annotations

import errno
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.core.atomic import replaced
from melpact.core.errors import AudioError, AudioFileError, AudioWarning

_FORMATS = {
    ".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".oga": "OGG", ".opus": "OGG", ".mp3": "MP3",
    ".aiff": "AIFF", ".aif": "AIFF", ".au": "AU", ".caf": "CAF", ".w64": "W64", ".rf64": "RF64",
}  # fmt: skip
_DEFAULT_SUBTYPES = {".ogg": "VORBIS", ".oga": "VORBIS", ".opus": "OPUS", ".mp3": "MPEG_LAYER_III"}
# Bits that a sample keeps, and so where it clips. What is absent is written as float and does not clip.
_BITS = {
    "PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "ULAW": 16, "ALAW": 16,
    "IMA_ADPCM": 16, "MS_ADPCM": 16, "ALAC_16": 16, "ALAC_20": 20, "ALAC_24": 24, "ALAC_32": 32,
}  # fmt: skip
_BLOCK = 1 << 18
_WAV_LIMIT_BYTES = 2**32 - 2**16


class OpenSound:
    """A sound file that is being written; `written` makes it.

    Attributes:
        n_samples: written so far, per channel.
        clipped: how many samples lay beyond full scale, over all channels.
        peak: the largest magnitude so far.
    """

    def __init__(self, sound: Any, coding: str) -> None:
        self._sound, self._bits = sound, _BITS.get(coding)
        self.n_samples = self.clipped = 0
        self.peak = 0.0

    def write(self, samples: NDArray[np.float32]) -> None:
        """The next samples, float32 [channels, time]."""
        for start in range(0, samples.shape[1], _BLOCK):
            block: NDArray[Any] = samples[:, start : start + _BLOCK]
            self.peak = max(self.peak, float(np.abs(block).max()))
            if self._bits is not None:
                self.clipped += int(np.count_nonzero(np.abs(block) > 1.0))
                block = _quantise(block, self._bits)
            self._sound.write(np.ascontiguousarray(block.T))
        self.n_samples += samples.shape[1]


@contextmanager
def written(
    path: str | Path, sample_rate: int, n_samples: int, *, channels: int = 1, subtype: str | None = None
) -> Iterator[OpenSound]:
    """A sound file that is written block by block, and is there whole or not at all: see `write`, whose errors it has.

    Args:
        n_samples: of the whole per channel, as far as it is known; the container and messages about the disk rest on it.
    """
    import soundfile

    target = Path(path)
    format, coding = _format(path, n_samples * channels, subtype)
    if target.is_dir():
        raise AudioFileError(
            "this is a folder", where=path, wanted="a file name", next=f"Write to '{target / 'sound.wav'}'"
        )
    target = Path(os.path.realpath(target))
    if not target.parent.is_dir():
        raise AudioFileError(
            "there is no such folder to write to",
            where=path,
            got=f"'{target.parent}'",
            wanted="an existing folder",
            next=f"Make it: mkdir -p '{target.parent}'",
        )
    try:
        with replaced(target) as temporary:
            with soundfile.SoundFile(str(temporary), "w", sample_rate, channels, coding, format=format) as file:
                sound = OpenSound(file, coding)
                yield sound
            if soundfile.info(str(temporary)).frames < sound.n_samples and format != "MP3":
                raise OSError("fewer samples arrived on disk than were written")
    except (OSError, AssertionError, soundfile.SoundFileError) as error:
        raise _failed(path, target, n_samples * channels, coding, error) from error
    if sound.clipped:
        warnings.warn(
            AudioWarning(
                f"{path}: {sound.clipped} of {sound.n_samples * channels} samples lay beyond full scale "
                f"(peak {sound.peak:.3f}) and were "
                f"clipped to {coding}. Scale the sound first, or write it with subtype='FLOAT'"
            ),
            stacklevel=5,
        )


def write(path: str | Path, audio: Audio, subtype: str | None = None) -> int:
    """Write a sound file, whole or not at all.

    The sound goes to a hidden file in the same folder, which is flushed to disk, checked and renamed over
    `path`. If anything fails, `path` is as it was and the hidden file is gone; a killed process leaves at
    most the hidden file ('.name.….part'), never half a `path`.

    Args:
        path: the extension chooses the container: .wav .flac .ogg .opus .mp3 .aiff .au .caf .w64 .rf64. A
            .wav beyond 4 GiB is written as RF64.
        audio: full scale is ±1. Integer codings round to the nearest step; what lies beyond full scale is
            clipped.
        subtype: libsndfile's name of the coding (PCM_16, PCM_24, FLOAT, VORBIS, …); PCM_16 for lossless
            containers.

    Returns:
        How many samples were clipped; where that is not 0, AudioWarning was given.

    Raises:
        AudioError: unknown extension, or a coding that the container does not have.
        AudioFileError: no such folder, no permission, disk full.
    """
    with written(path, audio.sample_rate, audio.n_samples, channels=audio.channels, subtype=subtype) as sound:
        sound.write(audio.samples)
    return sound.clipped


def _format(path: str | Path, values: int, subtype: str | None) -> tuple[str, str]:
    import soundfile

    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise AudioError(
            "no sound format goes by this extension", where=path, got=repr(suffix), wanted=" ".join(_FORMATS)
        )
    format = _FORMATS[suffix]
    coding = subtype.upper() if subtype is not None else _DEFAULT_SUBTYPES.get(suffix, "PCM_16")
    if not soundfile.check_format(format, coding):
        raise AudioError(
            f"{format} has no such coding",
            where=path,
            got=f"subtype = {subtype!r}",
            wanted=", ".join(soundfile.available_subtypes(format)),
        )
    width = 8 if coding == "DOUBLE" else 4 if coding == "FLOAT" else (_BITS.get(coding, 16) + 7) // 8
    if format == "WAV" and values * width > _WAV_LIMIT_BYTES:
        format = "RF64"
    return format, coding


def _quantise(block: NDArray[np.float32], bits: int) -> NDArray[Any]:
    """Nearest of 2^bits steps, clipped to the ends, left-aligned in int16 or int32 as libsndfile takes it."""
    full = 2.0 ** (bits - 1)
    steps = np.clip(np.rint(block.astype(np.float64) * full), -full, full - 1.0)
    width = 16 if bits <= 16 else 32
    return (steps * 2.0 ** (width - bits)).astype(np.int16 if width == 16 else np.int32)


def _failed(path: str | Path, target: Path, values: int, coding: str, error: Exception) -> AudioFileError:
    import soundfile

    if isinstance(error, OSError) and error.errno is not None:
        reason = os.strerror(error.errno)
    else:
        reason = str(error).strip() or "libsndfile wrote less than it was given"
    folder = target.parent
    if isinstance(error, soundfile.SoundFileError) and "System error" not in reason:
        return AudioFileError(
            "libsndfile cannot write this sound in this format; nothing was changed",
            where=path,
            got=reason.rsplit(" : ", 1)[-1].rstrip("."),
            wanted="another rate, channel count or format",
            next="Resample it, mix it down, or write a .wav",
        )
    if getattr(error, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS):
        wanted, mend = (
            "a folder that may be written to",
            f"Write to another folder, or see: ls -ld '{folder}'",
        )
    else:
        needed = values * ((_BITS.get(coding, 32) + 7) // 8)
        wanted = f"about {needed} bytes, {shutil.disk_usage(folder).free} are free in '{folder}'"
        mend = f"Look at the disk, free some space and write it again: df -h '{folder}'"
    return AudioFileError(
        "the file could not be written; nothing was changed", where=path, got=reason, wanted=wanted, next=mend
    )
