"""Writing sound files: whole or not at all, clipped but never wrapped. Reading is in `files`."""

from __future__ import annotations

import errno
import os
import shutil
import warnings
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
    import soundfile

    target = Path(path)
    format, coding = _format(path, audio, subtype)
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
            clipped = _encode(temporary, audio, format, coding)
            if soundfile.info(str(temporary)).frames < audio.n_samples and format != "MP3":
                raise OSError("fewer samples arrived on disk than were written")
    except (OSError, AssertionError, soundfile.SoundFileError) as error:
        raise _failed(path, target, audio, coding, error) from error
    if clipped:
        warnings.warn(
            AudioWarning(
                f"{path}: {clipped} of {audio.samples.size} samples lay beyond full scale "
                f"(peak {audio.peak:.3f}) and were "
                f"clipped to {coding}. Scale the sound first, or write it with subtype='FLOAT'"
            ),
            stacklevel=3,
        )
    return clipped


def _format(path: str | Path, audio: Audio, subtype: str | None) -> tuple[str, str]:
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
    if format == "WAV" and audio.samples.size * width > _WAV_LIMIT_BYTES:
        format = "RF64"
    return format, coding


def _encode(path: Path, audio: Audio, format: str, coding: str) -> int:
    """Write all samples to `path`; returns how many were clipped."""
    import soundfile

    clipped = 0
    with soundfile.SoundFile(
        str(path), "w", audio.sample_rate, audio.channels, coding, format=format
    ) as sound:
        for start in range(0, audio.n_samples, _BLOCK):
            block: NDArray[Any] = audio.samples[:, start : start + _BLOCK]
            if coding in _BITS:
                clipped += int(np.count_nonzero(np.abs(block) > 1.0))
                block = _quantise(block, _BITS[coding])
            sound.write(np.ascontiguousarray(block.T))
    return clipped


def _quantise(block: NDArray[np.float32], bits: int) -> NDArray[Any]:
    """Nearest of 2^bits steps, clipped to the ends, left-aligned in int16 or int32 as libsndfile takes it."""
    full = 2.0 ** (bits - 1)
    steps = np.clip(np.rint(block.astype(np.float64) * full), -full, full - 1.0)
    width = 16 if bits <= 16 else 32
    return (steps * 2.0 ** (width - bits)).astype(np.int16 if width == 16 else np.int32)


def _failed(path: str | Path, target: Path, audio: Audio, coding: str, error: Exception) -> AudioFileError:
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
        needed = audio.samples.size * ((_BITS.get(coding, 32) + 7) // 8)
        wanted = f"about {needed} bytes, {shutil.disk_usage(folder).free} are free in '{folder}'"
        mend = f"Look at the disk, free some space and write it again: df -h '{folder}'"
    return AudioFileError(
        "the file could not be written; nothing was changed", where=path, got=reason, wanted=wanted, next=mend
    )
