"""A table whose first row names its columns: file, and any of id, speaker, language, text, split, licence, seconds.

A folder may hold one as metadata.csv, or sub-folders that each do. Columns are parted by |, a tabulator or a comma.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from melpact.core.errors import CorpusError
from melpact.corpus.layouts._layout import Layout, Listed, first_line, located, rows, stem_of

_DELIMITERS = ("|", "\t", ",")
_FILE = ("file", "audio", "path", "wav", "filename", "audio_file")
_SAME = {"lang": "language", "license": "licence", "transcript": "text", "sentence": "text", "speaker_id": "speaker",
         "duration": "seconds", "speaker_name": "speaker"}  # fmt: skip


def _columns(path: Path) -> tuple[str, list[str]]:
    """(delimiter, column names), ("", []) where the first row names no file."""
    line = first_line(path)
    for delimiter in _DELIMITERS:
        names = [cell.strip().lower() for cell in line.split(delimiter)]
        if len(names) > 1 and set(names) & set(_FILE):
            return delimiter, [("file" if name in _FILE else _SAME.get(name, name)) for name in names]
    return "", []


def has_header(path: Path) -> bool:
    """Whether the first row names columns, a file among them."""
    return bool(_columns(path)[0])


def _tables(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    own = source / "metadata.csv"
    found = [own] if own.is_file() else sorted(source.glob("*/metadata.csv"))
    return [path for path in found if has_header(path)]


def _recognises(source: Path) -> bool:
    if source.is_file():
        return source.suffix.lower() in (".csv", ".tsv", ".txt") and has_header(source)
    return source.is_dir() and bool(_tables(source))


def _listed(source: Path, audio: Path | None) -> Iterator[Listed]:
    for path in _tables(source):
        delimiter, names = _columns(path)
        folders = [path.parent] if audio is None else [audio, path.parent]
        outer = path.parent.relative_to(source).as_posix() if source.is_dir() else "."
        for number, row in enumerate(rows(path, delimiter)[1:], start=2):
            if len(row) != len(names):
                raise CorpusError(
                    "a row with another number of columns than the first", where=f"{path}, row {number}", got=len(row),
                    wanted=f"{len(names)}: {', '.join(names)}",
                )  # fmt: skip
            said = dict(zip(names, row, strict=True))
            own = said.get("id") or stem_of(said["file"])
            yield Listed(
                id=own if outer == "." else f"{outer}/{own}",
                audio=located(said["file"], folders),
                speaker=said.get("speaker", ""),
                language="" if said.get("language") == "-" else said.get("language", ""),
                text=said.get("text", ""),
                split=said.get("split", ""),
                licence=said.get("licence", ""),
                seconds=_seconds(said.get("seconds", "")),
            )


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


PLUGIN = Layout("a table with a header: file, speaker, language, text, seconds …", _recognises, _listed, rank=1)
