"""What a layout is: it recognises a source and lists its sounds. Opens no sound."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from melpact.audio.files import EXTENSIONS
from melpact.core.errors import CorpusError

AUDIO_FOLDERS = ("", "wavs", "wav", "audio", "clips", "flac")
_ENCODINGS = ("utf-8-sig", "latin-1")


@dataclass(frozen=True)
class Listed:
    """A sound that a corpus names: its file, and what is said of it ("" where nothing is).

    `seconds` is how long the list says it is; None where it does not. Parts of files have an offset and a length in samples.
    """

    id: str
    audio: Path
    speaker: str = ""
    language: str = ""
    text: str = ""
    split: str = ""
    licence: str = ""
    seconds: float | None = None
    offset_samples: int = 0
    n_samples: int | None = None


@dataclass(frozen=True)
class Layout:
    """One way in which corpora lie on disk.

    Attributes:
        note: for people, one line.
        recognises: whether a file or folder looks like it.
        listed: the sounds of a source; the second argument is a folder to look for sounds in, or None.
        rank: layouts of a lower rank are tried first.
        named: its ids are unique already and stay as they are.
    """

    note: str
    recognises: Callable[[Path], bool]
    listed: Callable[[Path, Path | None], Iterable[Listed]]
    rank: int
    named: bool = False


def rows(path: Path, delimiter: str) -> list[list[str]]:
    """The rows of a table that are not empty; quotes mean something between commas only.

    Raises:
        CorpusError: it cannot be read.
    """
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE
    for encoding in _ENCODINGS:
        try:
            with open(path, encoding=encoding, newline="") as file:
                found = list(csv.reader(file, delimiter=delimiter, quoting=quoting))
        except UnicodeDecodeError:
            continue
        except (OSError, csv.Error) as error:
            raise CorpusError("the list cannot be read", where=path, got=str(error)) from error
        return [[cell.strip() for cell in row] for row in found if any(cell.strip() for cell in row)]
    raise AssertionError("latin-1 decodes any bytes")


def first_line(path: Path) -> str:
    """The first line of a text file; empty where it is none."""
    try:
        with open(path, "rb") as file:
            line = file.readline(4096)
        return "" if b"\0" in line else line.decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def located(name: str, folders: Sequence[Path]) -> Path:
    """The sound file that a list means by `name`, with or without its suffix; the likeliest path where there is none."""
    given = Path(name)
    for folder in folders:
        for inner in AUDIO_FOLDERS:
            path = folder / inner / given
            if given.suffix.lower() in EXTENSIONS and path.is_file():
                return path
            for suffix in EXTENSIONS:
                if (found := path.with_name(path.name + suffix)).is_file():
                    return found
    return folders[0] / (given if given.suffix else given.with_suffix(".wav"))


def stem_of(name: str) -> str:
    """The name of a sound without its suffix, if it has the suffix of a sound."""
    return Path(name).with_suffix("").as_posix() if Path(name).suffix.lower() in EXTENSIONS else Path(name).as_posix()
