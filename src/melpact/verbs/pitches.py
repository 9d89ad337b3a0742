"""Where the pitch of a mel comes from: a file of F0, the sound it was made from, or the mel itself.

Finding pitch in a sound is `melpact.features.pitch`; which vocoders need one is theirs to say.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.files import EXTENSIONS
from melpact.contract.mel import Mel
from melpact.core.errors import ArtifactError, ContractError
from melpact.features.pitch import at_times, frame_times_s, pitch, pitch_at

Floats = NDArray[np.float32]
F0_SUFFIXES = (".npy", ".csv")
ESTIMATED = "estimated from the mel, through its inversion"


@dataclass(frozen=True)
class Pitches:
    """The pitch for every mel of a job.

    Args:
        f0: a file (.npy: Hz per frame; .csv: Hz per frame, or time in s and Hz), or a folder with one per mel, by its stem.
        audio: a sound, or a folder with one per mel, by its stem.
        several: whether there are several mels, so that one file cannot belong to all.

    With neither it is estimated from the mel. Frames without a voice hold 0; NaN is read as 0.

    Raises:
        ContractError: both are given, or one file for several mels.
    """

    f0: Path | None = None
    audio: Path | None = None
    several: bool = False

    def __post_init__(self) -> None:
        if self.f0 is not None and self.audio is not None:
            raise ContractError("the pitch comes from a file or from a sound", where="--f0, --audio", wanted="one of them")
        given = self.f0 or self.audio
        if given is not None and self.several and not given.is_dir():
            raise ContractError("one pitch cannot belong to several mels", where=given, wanted="a folder with one per mel")

    def of(self, mel: Mel, source: Path) -> tuple[Floats, str]:
        """(Hz per frame, where it is from) for the mel that was read from `source`.

        Raises:
            ArtifactError, AudioError: no such file, or not readable. ContractError: it does not fit the mel.
        """
        if self.f0 is not None:
            path = _beside(self.f0, source, F0_SUFFIXES)
            return read_f0(path, mel), path.name
        if self.audio is not None:
            path = _beside(self.audio, source, None)
            return _fitted(pitch(path, mel.spec), mel, path), path.name
        return estimated(mel), ESTIMATED


def estimated(mel: Mel) -> Floats:
    """Hz per frame of the sound that the mel's inversion gives; a mel hides harmonics that its bands do not resolve."""
    from melpact.vocoders.griffin_lim.vocoder import invert

    made = invert(mel, effort="fast")
    return pitch_at(made.samples[0], made.sample_rate, frame_times_s(mel.spec, mel.n_frames))


def read_f0(path: Path, mel: Mel) -> Floats:
    """A file of F0 at the mel's frames; see `Pitches`.

    Raises:
        ArtifactError: unreadable, or neither kind. ContractError: another number of frames, or negative.
    """
    if path.suffix.lower() == ".csv":
        table = _table(path)
        if table.shape[1] == 2:
            if (np.diff(table[:, 0]) <= 0).any():
                raise ContractError("the times of a pitch grow from row to row", where=path, wanted="time in s, Hz")
            return at_times(table[:, 0], _voiced(table[:, 1], path), frame_times_s(mel.spec, mel.n_frames))
        values = table[:, 0]
    else:
        try:
            values = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise ArtifactError("is no array that can be read", where=path, got=str(error)[:200]) from None
        if values.dtype.kind not in "fiu" or values.size != max(values.shape, default=0):
            got = f"{values.dtype} {list(values.shape)}"
            raise ArtifactError("is no list of pitches", where=path, got=got, wanted="Hz per frame, [frames]")
        values = values.reshape(-1)
    if values.size != mel.n_frames:
        raise ContractError(
            "the pitch does not fit the mel",
            where=path,
            got=f"{values.size} values",
            wanted=f"{mel.n_frames}, one for every {1000 / mel.spec.frame_rate_hz:.2f} ms",
            next="Give a .csv with two columns, time in s and Hz: it is brought to the mel's frames",
        )
    return _voiced(values, path)


def _beside(given: Path, source: Path, suffixes: tuple[str, ...] | None) -> Path:
    """The file itself, or the one of the mel's stem in the folder."""
    if not given.is_dir():
        if not given.exists():
            raise ArtifactError("does not exist", where=given, wanted="a file, or a folder with one file per mel")
        return given
    hits = [path for path in sorted(given.iterdir()) if path.stem == source.stem and path.is_file()]
    hits = [path for path in hits if path.suffix.lower() in (EXTENSIONS if suffixes is None else suffixes)]
    if len(hits) != 1:
        what = "sounds" if suffixes is None else "files of pitch"
        raise ArtifactError(f"holds {len(hits)} {what} for this mel", where=given, wanted=f"one named {source.stem}")
    return hits[0]


def _table(path: Path) -> NDArray[np.float64]:
    """Numbers [rows, 1 or 2] of a file with commas, semicolons, tabs or blanks between them, and perhaps a heading."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError("cannot be read as text", where=path, got=str(error)[:200]) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    cut = next((mark for mark in ",;\t" if lines and mark in lines[0]), " ")
    rows = [[cell for cell in row if cell.strip()] for row in csv.reader(lines, delimiter=cut)]
    if rows and not _numbers(rows[0]):
        rows = rows[1:]
    widths = {len(row) for row in rows}
    if not rows or widths not in ({1}, {2}) or not all(_numbers(row) for row in rows):
        raise ArtifactError("is no table of pitch", where=path, wanted="one column (Hz), or two (time in s, Hz)")
    return np.array([[float(cell) for cell in row] for row in rows], np.float64)


def _numbers(cells: list[str]) -> bool:
    try:
        [float(cell) for cell in cells]
    except ValueError:
        return False
    return True


def _voiced(values: NDArray[np.floating], path: Path) -> Floats:
    hz = np.nan_to_num(np.asarray(values, np.float64), nan=0.0)
    if not np.isfinite(hz).all() or (hz < 0).any():
        raise ContractError("a pitch is not below 0 Hz, nor infinite", where=path, wanted="Hz, 0 where unvoiced")
    return hz.astype(np.float32)


def _fitted(found: Floats, mel: Mel, path: Path) -> Floats:
    """A track of a sound that is a few frames shorter or longer than the mel; further apart they do not belong together."""
    apart = found.size - mel.n_frames
    if abs(apart) > max(4, mel.n_frames // 50):
        raise ContractError(
            "the sound and the mel are not of one length", where=path, got=f"{found.size} frames", wanted=f"{mel.n_frames}"
        )
    return found[: mel.n_frames] if apart >= 0 else np.pad(found, (0, -apart))
