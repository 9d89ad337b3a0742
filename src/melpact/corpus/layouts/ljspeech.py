"""LJSpeech's metadata.csv: `id|text|normalised text` without a header, sounds in wavs/ (keithito.com/LJ-Speech-Dataset)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from melpact.corpus.layouts._layout import Layout, Listed, first_line, located, rows, stem_of
from melpact.corpus.layouts.table import has_header


def _list(source: Path) -> Path:
    return source / "metadata.csv" if source.is_dir() else source


def _recognises(source: Path) -> bool:
    path = _list(source)
    return path.is_file() and path.suffix == ".csv" and first_line(path).count("|") in (1, 2) and not has_header(path)


def _listed(source: Path, audio: Path | None) -> Iterator[Listed]:
    path = _list(source)
    folders = [path.parent] if audio is None else [audio, path.parent]
    for row in rows(path, "|"):
        yield Listed(stem_of(row[0]), located(row[0], folders), text=row[-1] if len(row) > 1 else "")


PLUGIN = Layout("metadata.csv of id|text|normalised text, sounds in wavs/", _recognises, _listed, rank=2)
