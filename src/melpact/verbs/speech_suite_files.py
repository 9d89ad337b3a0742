"""A table of speech as files of a folder: page, JSON, Markdown, CSV, and some of the sounds."""

from __future__ import annotations

import json
from pathlib import Path

from melpact.audio.files import read, write
from melpact.bench.page.spoken import spoken
from melpact.bench.speech.table import SentenceFacts, SpeechTable
from melpact.bench.speech.tables import markdown, scores_csv, sentences_csv
from melpact.contract.artifact import replacing
from melpact.core.errors import MelpactError
from melpact.core.records import digest

HEARD = 6
"""Sounds of each speaker, part, language and row that are written, besides every sound that failed in some way."""
FAILED = 40


def without_files(found: SpeechTable) -> SpeechTable:
    """Where the sounds are not kept."""
    return found.model_copy(update={"sentences": tuple(one.model_copy(update={"file": ""}) for one in found.sentences)})


def with_sounds(found: SpeechTable, folder: Path) -> SpeechTable:
    """Some sounds, and those that failed, as files beside the table; the others name none."""
    told, counts, failed = list[SentenceFacts](), dict[tuple[str, ...], int](), dict[str, int]()
    for one in found.sentences:
        place = (one.speaker, one.part, one.language, one.row)
        ill = bool(one.failures) and failed.get(one.speaker, 0) < FAILED
        if one.file and (ill or counts.get(place, 0) < (HEARD if one.part != "failures" else 1)):
            counts[place] = counts.get(place, 0) + 1
            failed[one.speaker] = failed.get(one.speaker, 0) + bool(one.failures)
            told.append(one.model_copy(update={"file": _written(one, folder)}))
        else:
            told.append(one.model_copy(update={"file": ""}))
    return found.model_copy(update={"sentences": tuple(told)})


def _written(one: SentenceFacts, folder: Path) -> str:
    place = Path("sounds") / _plain(one.speaker) / _plain(one.part)
    name = (place / f"{_plain(one.name)}_{_plain(one.row)}.flac").as_posix()
    (folder / place).mkdir(parents=True, exist_ok=True)
    try:
        write(folder / name, read(one.file))
    except MelpactError:
        return ""
    return name


def _plain(name: str) -> str:
    kept = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in name).strip("._")
    return kept[:80] or digest(name, 8)


def write_table(found: SpeechTable, folder: Path) -> dict[str, Path]:
    """The table as files of the folder; returns name → path."""
    texts = {
        "speech.json": json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        "speech.md": markdown(found), "scores.csv": scores_csv(found), "sentences.csv": sentences_csv(found),
        "speech.html": spoken(found, folder),
    }  # fmt: skip
    for name, text in texts.items():
        with replacing(folder / name) as file:
            file.write(text.encode())
    return {name: folder / name for name in texts}
