"""A table of codecs as files of a folder: page, JSON, Markdown, CSV, and the sounds of some clips."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

from melpact.audio.files import read, write
from melpact.bench.codec.table import ClipFacts, CodecTable
from melpact.bench.codec.tables import clips_csv, equal_csv, markdown, points_csv
from melpact.bench.page.coded import coded
from melpact.contract.artifact import replacing
from melpact.core.errors import AudioWarning, MelpactError
from melpact.core.records import digest

HEARD = 4
"""Clips of each kind whose sounds are written; every sound of every clip would be thousands."""


def without_files(found: CodecTable) -> CodecTable:
    """Where the sounds are not kept."""
    return found.model_copy(update={"clips": tuple(one.model_copy(update={"files": {}}) for one in found.clips)})


def with_sounds(found: CodecTable, folder: Path) -> CodecTable:
    """The sounds of some clips of each kind, evenly over all, as files beside the table; the other clips name none."""
    heard = set[str]()
    for group in found.groups:
        count = min(HEARD, len(group.clips))
        heard |= {group.clips[int((i + 0.5) * len(group.clips) / count)] for i in range(count)}
    told = []
    for number, one in enumerate(found.clips, start=1):
        place = Path("sounds") / f"{number:02d}_{_plain(one.name)}"
        told.append(one.model_copy(update={"files": _written(one, folder, place) if one.name in heard else {}}))
    return found.model_copy(update={"clips": tuple(told)})


def _written(one: ClipFacts, folder: Path, place: Path) -> dict[str, str]:
    (folder / place).mkdir(parents=True, exist_ok=True)
    files = {}
    for row, path in one.files.items():
        name = (place / f"{_plain(row)}.flac").as_posix()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", AudioWarning)
                write(folder / name, read(path).mono())
        except MelpactError:
            continue
        files[row] = name
    return files


def _plain(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in name).strip("._")
    return kept[:80] or digest(name, 8)


def write_table(found: CodecTable, folder: Path) -> dict[str, Path]:
    """The table as files of the folder; returns name → path."""
    texts = {
        "codec.json": json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "codec.md": markdown(found), "points.csv": points_csv(found), "clips.csv": clips_csv(found),
        "equal.csv": equal_csv(found), "codec.html": coded(found, folder),
    }  # fmt: skip
    for name, text in texts.items():
        with replacing(folder / name) as file:
            file.write(text.encode())
    return {name: folder / name for name in texts}
