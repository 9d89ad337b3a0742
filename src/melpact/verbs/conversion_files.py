"""A table of conversions as files of a folder: page, JSON, Markdown, CSV, and the sounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from melpact.audio.files import read, write
from melpact.bench.conversion.material import Clip, Conversion
from melpact.bench.conversion.table import ConversionTable
from melpact.bench.conversion.tables import conversions_csv, markdown, scores_csv
from melpact.bench.page.converted import converted
from melpact.contract.artifact import replacing
from melpact.core.errors import MelpactError
from melpact.core.records import digest


def without_files(found: ConversionTable) -> ConversionTable:
    """Where the sounds are not kept."""
    return found.model_copy(update={"pairs": tuple(one.model_copy(update={"files": {}}) for one in found.pairs)})


def with_sounds(found: ConversionTable, conversions: Sequence[Conversion], folder: Path) -> ConversionTable:
    """Every sound as a file beside the table, and a recording of the target; paths from the folder."""
    told = []
    for number, (facts, one) in enumerate(zip(found.pairs, conversions, strict=True), start=1):
        place = Path("sounds") / f"{number:02d}_{_plain(one.source.speaker)}_to_{_plain(one.target.name)}"
        (folder / place).mkdir(parents=True, exist_ok=True)
        files = {}
        target: Clip = one.parallel or one.target.others[0]
        for row, path in {**facts.files, "target": str(target.path)}.items():
            files[row] = (place / f"{_plain(row)}.flac").as_posix()
            try:
                write(folder / files[row], read(path))
            except MelpactError:
                del files[row]
        told.append(facts.model_copy(update={"files": files}))
    return found.model_copy(update={"pairs": tuple(told)})


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in name).strip(".") or digest(name, 8)


def write_table(found: ConversionTable, folder: Path) -> dict[str, Path]:
    """The table as files of the folder; returns name → path."""
    texts = {
        "conversion.json": json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "conversion.md": markdown(found), "scores.csv": scores_csv(found), "pairs.csv": conversions_csv(found),
        "conversion.html": converted(found, folder),
    }  # fmt: skip
    for name, text in texts.items():
        with replacing(folder / name) as file:
            file.write(text.encode())
    return {name: folder / name for name in texts}
