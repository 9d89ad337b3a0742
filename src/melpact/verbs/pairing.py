"""Which sound belongs to which: folders by name, single files, manifests, arrays. Opens no sound.

A pair is found by its path below the folder without the suffix, else by its bare name where that is unambiguous on both
sides. What has no partner is named; it ends nothing.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from melpact.audio.audio import Audio
from melpact.audio.files import find
from melpact.audio.samples import resolve
from melpact.bench.cache import Given
from melpact.bench.run import Entry
from melpact.core.errors import MelpactError

MANIFESTS = (".csv", ".tsv", ".json", ".jsonl")
_OWN = ("name", "original", "text", "input")
Sounds = str | Path | Audio | Sequence[str | Path | Audio]


@dataclass(frozen=True)
class Paired:
    """Utterances and systems, ready for the bench; `extra`: sounds of systems without an original."""

    entries: list[Entry]
    systems: tuple[str, ...]
    extra: list[str] = field(default_factory=list)


def is_manifest(given: Any) -> bool:
    """Whether it is a path to a table of utterances."""
    return isinstance(given, str | Path) and Path(given).suffix.lower() in MANIFESTS


def paired(
    reference: Sounds, systems: Mapping[str, Sounds], *, input: Sounds | None = None, texts: Mapping[str, str] | None = None
) -> Paired:
    """Originals with every system's version.

    Args:
        reference: a folder, a file, an `Audio`, or a list of these.
        systems: name → the same kind of thing; lists belong together by position.
        input: what the systems were given, likewise.
        texts: name of an utterance → what is said.

    Raises:
        MelpactError: lists of different lengths, a path that does not exist, nothing that fits.
    """
    texts = dict(texts or {})
    originals = _collected(reference, "the original")
    found = {name: _collected(sounds, name) for name, sounds in systems.items()}
    inputs = None if input is None else _collected(input, "input")
    together = all(side.by_place for side in (originals, *found.values()) if side is not None)
    entries, extra = [], []
    partners = {name: _matched(originals, side, name, by_position=not together) for name, side in found.items()}
    given = None if inputs is None else _matched(originals, inputs, "input", by_position=not inputs.by_place)
    for place, original in originals.sounds.items():
        made = {name: fit[place] for name, fit in partners.items() if place in fit}
        missing = tuple(f"{place}: no partner in {name}" for name in systems if name not in made)
        text = texts.get(place) or texts.get(Path(place).name)
        entries.append(Entry(place, original, made, None if given is None else given.get(place), text, missing))
    for name, fit in partners.items():
        used = {id(sound) for sound in fit.values()}
        extra += [f"{place}: only in {name}, no original" for place, s in found[name].sounds.items() if id(s) not in used]
    if not any(entry.made for entry in entries):
        raise MelpactError(
            "no sound has a partner",
            where="evaluate",
            got=f"originals such as {next(iter(originals.sounds))!r}, systems such as "
            f"{next((place for side in found.values() for place in side.sounds), None)!r}",
            wanted="the same names on both sides, whatever their suffix",
            next="Rename them, or give a manifest: melpact evaluate table.csv",
        )
    return Paired(entries, tuple(systems), extra)


@dataclass(frozen=True)
class _Side:
    sounds: dict[str, Given]
    by_place: bool


def _collected(given: Sounds, what: str) -> _Side:
    """Place → sound. Folders give places that can be matched; single sounds and lists only positions."""
    if isinstance(given, str | Path):
        path = resolve(given)
        if path.is_dir():
            sounds: dict[str, Given] = {}
            for file in find([path]):
                place = file.relative_to(path).with_suffix("").as_posix()
                if place in sounds:
                    raise MelpactError(
                        f"two files of one name in {what}",
                        where=path,
                        got=f"{sounds[place]} and {file}",
                        wanted="one file per utterance",
                    )
                sounds[place] = file
            return _Side(sounds, True)
        if not path.exists():
            find([path])
        return _Side({path.stem: path}, False)
    if isinstance(given, Audio):
        return _Side({"sound": given}, False)
    listed: dict[str, Given] = {}
    width = len(str(len(given)))
    for i, one in enumerate(given):
        sound = one if isinstance(one, Audio) else resolve(one)
        place = f"{i + 1:0{width}}" if isinstance(sound, Audio) else sound.with_suffix("").as_posix()
        if place in listed:
            place = f"{place} ({i + 1})"
        listed[place] = sound
    if not listed:
        raise MelpactError("an empty list", where=what, wanted="paths or Audio")
    return _Side(_shortened(listed), False)


def _shortened(listed: dict[str, Given]) -> dict[str, Given]:
    """Bare names where they are all different."""
    bare = [Path(place).name for place in listed]
    return dict(zip(bare, listed.values())) if len(set(bare)) == len(bare) else listed


def _matched(originals: _Side, side: _Side, name: str, *, by_position: bool) -> dict[str, Given]:
    """Place of the original → the side's sound."""
    if by_position and not (originals.by_place or side.by_place):
        if len(originals.sounds) != len(side.sounds):
            raise MelpactError(
                "lists of different lengths",
                where=name,
                got=f"{len(side.sounds)} sounds",
                wanted=f"{len(originals.sounds)}, one per original",
            )
        return dict(zip(originals.sounds, side.sounds.values()))
    fit = {place: sound for place, sound in side.sounds.items() if place in originals.sounds}
    bare_originals, bare_side = _by_bare_name(originals), _by_bare_name(side)
    for bare, place in bare_originals.items():
        theirs = bare_side.get(bare)
        if place is not None and place not in fit and theirs is not None and theirs not in originals.sounds:
            fit[place] = side.sounds[theirs]
    return fit


def _by_bare_name(side: _Side) -> dict[str, str | None]:
    """Bare name → place; None where several places have it."""
    found: dict[str, str | None] = {}
    for place in side.sounds:
        bare = Path(place).name
        found[bare] = None if bare in found else place
    return found


def manifest(path: str | Path) -> Paired:
    """Utterances from a table: columns `original` and one per system; `name`, `text` and `input` may be there.

    Paths are relative to the table. CSV and TSV have a header; JSON is a list of objects, or one object per line.

    Raises:
        MelpactError: cannot be read, no column `original`, no column for a system, or two rows of one name.
    """
    path = Path(path)
    rows = _rows(path)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    systems = tuple(name for name in columns if name not in _OWN)
    if "original" not in columns or not systems:
        raise MelpactError(
            "this table does not say what to compare",
            where=path,
            got=f"columns {', '.join(columns) or '(none)'}",
            wanted="a column 'original' and one per system; 'name', 'text' and 'input' if you like",
        )
    entries: list[Entry] = []
    stems = [Path(row.get("original") or str(i)).with_suffix("").as_posix() for i, row in enumerate(rows)]
    names = [row.get("name") or stem for row, stem in zip(rows, stems)]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise MelpactError("two rows of one name", where=path, got=sorted(doubled)[0], next="Add a column 'name'")
    for name, row in zip(names, rows):
        original = row.get("original")
        if not original:
            raise MelpactError("a row without an original", where=path, got=name)
        made = {system: _below(path, row[system]) for system in systems if row.get(system)}
        missing = tuple(f"{name}: no partner in {system}" for system in systems if system not in made)
        input = _below(path, row["input"]) if row.get("input") else None
        entries.append(Entry(name, _below(path, original), made, input, row.get("text") or None, missing))
    return Paired(entries, systems)


def _below(table: Path, given: str) -> Path:
    path = resolve(given)
    return path if path.is_absolute() else table.parent / path


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MelpactError("the table cannot be read", where=path, got=str(error)) from error
    try:
        if path.suffix.lower() in (".csv", ".tsv"):
            rows = list(csv.DictReader(text.splitlines(), delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
            bad = next((i for i, row in enumerate(rows) if None in row), None)
            if bad is not None:
                raise ValueError(f"row {bad + 1} has more cells than the header")
        elif path.suffix.lower() == ".jsonl" or not text.lstrip().startswith("["):
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            rows = json.loads(text)
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise ValueError("no rows" if not rows else "a row that is not an object")
    except (ValueError, csv.Error) as error:
        raise MelpactError("the table cannot be understood", where=path, got=str(error)) from error
    return [{str(k): str(v) for k, v in row.items() if v not in (None, "")} for row in rows]


def texts(path: str | Path) -> dict[str, str]:
    """What is said, by utterance: a CSV or TSV with the columns name and text (or without header, or with '|' between), a
    JSON object, JSON lines, or a folder of .txt files.

    Raises:
        MelpactError: cannot be read or understood.
    """
    path = Path(path)
    if path.is_dir():
        found = {file.relative_to(path).with_suffix("").as_posix(): file for file in sorted(path.rglob("*.txt"))}
        if not found:
            raise MelpactError("no .txt files here", where=path)
        return {name: file.read_text(encoding="utf-8").strip() for name, file in found.items()}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MelpactError("the texts cannot be read", where=path, got=str(error)) from error
    try:
        if path.suffix.lower() in (".json", ".jsonl"):
            value = json.loads(text) if text.lstrip().startswith("{") and "\n{" not in text.strip() else None
            if isinstance(value, dict) and not {"name", "text"} <= set(value):
                return {str(name): str(said) for name, said in value.items()}
            return {_bare(row["name"]): row["text"] for row in _rows(path) if "name" in row and "text" in row}
        first = text.splitlines()[0] if text.splitlines() else ""
        between = "\t" if "\t" in first else "|" if "|" in first else ","
        split = [line.split("|") for line in text.splitlines()] if between == "|" else None
        lines = [row for row in split or csv.reader(text.splitlines(), delimiter=between) if len(row) >= 2]
    except (ValueError, csv.Error) as error:
        raise MelpactError("the texts cannot be understood", where=path, got=str(error)) from error
    if not lines:
        raise MelpactError("no texts here", where=path, wanted="lines of: name, text")
    name, said = 0, 1
    if {"name", "text"} <= {cell.strip().lower() for cell in lines[0]}:
        head = [cell.strip().lower() for cell in lines[0]]
        name, said, lines = head.index("name"), head.index("text"), lines[1:]
    return {_bare(row[name]): row[said].strip() for row in lines if len(row) > max(name, said)}


def _bare(name: str) -> str:
    """A name without an audio suffix."""
    from melpact.audio.files import EXTENSIONS

    path = Path(name.strip())
    return path.with_suffix("").as_posix() if path.suffix.lower() in EXTENSIONS else path.as_posix()
