"""A folder of sounds, searched to the bottom, or one sound. Nothing is guessed from the folders' names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from melpact.audio.files import EXTENSIONS, find
from melpact.corpus.layouts._layout import Layout, Listed


def _recognises(source: Path) -> bool:
    return source.is_dir() or source.suffix.lower() in EXTENSIONS


def _listed(source: Path, audio: Path | None) -> Iterator[Listed]:
    root = source if source.is_dir() else source.parent
    for path in find([source]):
        yield Listed(path.relative_to(root).with_suffix("").as_posix(), path, text=_beside(path))


def _beside(path: Path) -> str:
    """The text in a .txt or .lab file of the same name."""
    for suffix in (".normalized.txt", ".txt", ".lab"):
        text = path.with_name(path.stem + suffix)
        if text.is_file():
            return " ".join(text.read_text(encoding="utf-8", errors="replace").split())
    return ""


PLUGIN = Layout("sounds in folders; a text of the same name beside each is taken up", _recognises, _listed, rank=9)
