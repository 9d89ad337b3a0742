"""Lists of `name|text`, as HiFi-GAN, Tacotron 2 and VITS are trained from; `name|speaker|text` where the middle is a number.

HiFi-GAN takes the first field of a line as the name of a .wav (meldataset.py, `get_dataset_filelist`); the others' names
carry their suffix. A list called training, train, validation, valid, val, dev or test says the split.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from melpact.corpus.layouts._layout import Layout, Listed, first_line, located, rows, stem_of

_SPLITS = {"training": "train", "train": "train", "validation": "valid", "valid": "valid", "val": "valid", "dev": "valid",
           "test": "test"}  # fmt: skip


def _lists(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    return sorted(path for path in source.glob("*.txt") if path.stem in _SPLITS and "|" in first_line(path))


def _recognises(source: Path) -> bool:
    lists = _lists(source) if source.exists() else []
    return bool(lists) and all("|" in first_line(path) for path in lists)


def _split(path: Path) -> str:
    words = path.stem.lower().replace("-", "_").split("_")
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")


def _listed(source: Path, audio: Path | None) -> Iterator[Listed]:
    for path in _lists(source):
        folders = [path.parent, path.parent.parent] if audio is None else [audio, path.parent]
        found = rows(path, "|")
        numbered = all(len(row) >= 3 and row[1].isdigit() for row in found)
        for row in found:
            text = row[-1] if len(row) > 1 else ""
            yield Listed(
                stem_of(row[0]), located(row[0], folders), speaker=row[1] if numbered else "", text=text, split=_split(path)
            )


PLUGIN = Layout("lists of name|text or name|speaker|text (HiFi-GAN, Tacotron 2, VITS)", _recognises, _listed, rank=3)
