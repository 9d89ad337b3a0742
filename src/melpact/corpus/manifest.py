"""`Manifest`: which sounds a corpus consists of, one line of JSON each. Where the lines come from is in `layouts`.

The first line says what the file is; every other line is one `Utterance`. Paths are relative to the manifest's folder. The
lines are in the order of their ids, so that the same corpus is always the same file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field, ValidationError

from melpact.core.atomic import replaced
from melpact.core.errors import CorpusError
from melpact.core.records import Record, canonical_json, digest

KIND, SCHEMA = "melpact corpus", 1
_HASHED_BYTES = 1 << 20


class Utterance(Record):
    """One sound of a corpus: a file, or a part of one.

    Attributes:
        id: unique in the corpus.
        audio: the file, relative to the manifest's folder, with forward slashes; or an absolute path.
        sample_rate: of the file, Hz.
        n_samples: of this utterance, per channel, at the file's rate.
        offset_samples: where it begins in the file.
        channels: of the file.
        speaker, language, text, split, licence: empty where unknown. Languages are short codes (en, de, ja); splits are
            words such as train, valid, test.
        sha256: of the file's bytes, 64 hexadecimal digits; empty where it was not computed.
    """

    id: str = Field(min_length=1)
    audio: str = Field(min_length=1)
    sample_rate: int = Field(gt=0)
    n_samples: int = Field(gt=0)
    offset_samples: int = Field(default=0, ge=0)
    channels: int = Field(default=1, gt=0)
    speaker: str = ""
    language: str = ""
    text: str = ""
    split: str = ""
    licence: str = ""
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return self.n_samples / self.sample_rate

    def replace(self, **changes: Any) -> Utterance:
        """This utterance with some fields changed, checked again."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


class Manifest:
    """Utterances with unique ids, in the order of their ids, and the folder that their paths start from.

    Args:
        utterances: in any order.
        root: the folder of relative paths.

    Raises:
        CorpusError: two utterances of one id.
    """

    def __init__(self, utterances: Iterable[Utterance], root: str | Path = ".") -> None:
        self.utterances = tuple(sorted(utterances, key=lambda utterance: utterance.id))
        self.root = Path(root)
        for before, after in zip(self.utterances, self.utterances[1:], strict=False):
            if before.id == after.id:
                raise CorpusError(
                    "two utterances have one id",
                    where=before.id,
                    got=f"{before.audio} and {after.audio}",
                    wanted="ids that occur once",
                )

    def __len__(self) -> int:
        return len(self.utterances)

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.utterances)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Manifest) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Manifest({len(self)} utterances, {self.duration_s / 3600:.2f} h, {self.fingerprint})"

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return sum(utterance.duration_s for utterance in self.utterances)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the content: every fact but where the files lie."""
        lines = (canonical_json(u.model_dump(exclude_defaults=True, exclude={"audio"})) for u in self.utterances)
        return digest({"corpus": SCHEMA, "utterances": list(lines)})

    def path_of(self, utterance: Utterance) -> Path:
        """Where its file lies."""
        return self.root / utterance.audio

    def only(self, wanted: Callable[[Utterance], bool]) -> Manifest:
        """The utterances that are wanted."""
        return Manifest((utterance for utterance in self.utterances if wanted(utterance)), self.root)

    def save(self, path: str | Path) -> Path:
        """Write it, whole or not at all; relative paths are made relative to the folder of `path`.

        Raises:
            CorpusError: the folder cannot be written, or the disk is full.
        """
        path = Path(path)
        moved = os.path.realpath(path.parent) != os.path.realpath(self.root)
        lines = [canonical_json({"kind": KIND, "schema": SCHEMA})]
        for utterance in self.utterances:
            facts = utterance.model_dump(mode="json", exclude_defaults=True)
            if moved and not PurePosixPath(utterance.audio).is_absolute():
                facts["audio"] = relative_to(self.path_of(utterance), path.parent)
            lines.append(canonical_json(facts))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replaced(path) as temporary:
                temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError as error:
            raise CorpusError(
                f"cannot be written: {error.strerror or error}", where=path, next="Free some space or choose another folder"
            ) from error
        return path

    @classmethod
    def load(cls, path: str | Path) -> Manifest:
        """Read a file that `save` wrote, or that another program wrote in its manner.

        Raises:
            CorpusError: no such file, another kind of file, another schema, or a line that is not an utterance; the message
                says which line.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(
                "is not a corpus manifest that can be read",
                where=path,
                got=getattr(error, "strerror", None) or "bytes that are not UTF-8",
                next="Make one: melpact corpus import FOLDER -o corpus.jsonl",
            ) from error
        lines = text.split("\n")
        _check_header(path, lines[0] if lines else "")
        utterances = [_utterance(path, number, line) for number, line in enumerate(lines[1:], start=2) if line.strip()]
        if not utterances:
            raise CorpusError("holds no utterances", where=path, wanted="at least one line after the first")
        try:
            return cls(utterances, path.parent)
        except CorpusError as error:
            raise CorpusError(error.what, where=f"{path}: {error.where}", got=error.got, wanted=error.wanted) from error

    @classmethod
    def readable(cls, path: str | Path) -> tuple[Manifest, tuple[str, ...]]:
        """As `load`, but what cannot be read is passed over: lines that are no utterances, and the second of one id. Returns
        the rest, and what was passed over, a sentence each.

        Raises:
            CorpusError: no such file, another kind of file, or nothing in it can be read.
        """
        path = Path(path)
        try:
            return cls.load(path), ()
        except CorpusError as error:
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            lines = text.split("\n")
            if not text:
                raise
            _check_header(path, lines[0])
            reason = error
        kept: dict[str, Utterance] = {}
        passed = []
        for number, line in enumerate(lines[1:], start=2):
            try:
                if line.strip():
                    one = _utterance(path, number, line)
                    if kept.setdefault(one.id, one) is not one:
                        passed.append(f"{path}, line {number}: the id {one.id} is there already")
            except CorpusError as error:
                passed.append(str(error))
        if not kept:
            raise reason
        return cls(kept.values(), path.parent), tuple(passed)


def _check_header(path: Path, line: str) -> None:
    try:
        header = json.loads(line)
    except json.JSONDecodeError:
        header = None
    if not isinstance(header, dict) or header.get("kind") != KIND:
        raise CorpusError(
            "is not a corpus manifest",
            where=f"{path}, line 1",
            got=repr(line[:60]),
            wanted=canonical_json({"kind": KIND, "schema": SCHEMA}),
            next=f"Make one of it: melpact corpus import '{path}' -o corpus.jsonl",
        )
    if header.get("schema") != SCHEMA:
        raise CorpusError(
            "was written by another version of melpact",
            where=f"{path}, line 1",
            got=f"schema {header.get('schema')}",
            wanted=f"schema {SCHEMA}",
        )


def _utterance(path: Path, number: int, line: str) -> Utterance:
    where = f"{path}, line {number}"
    try:
        return Utterance.model_validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if first["type"] == "json_invalid":
            raise CorpusError("is not JSON", where=where, got=repr(line[:60]), wanted="one object per line, whole") from None
        raise CorpusError(f"{field}: {first['msg']}", where=where, got=repr(first["input"])[:60]) from None


def relative_to(path: Path, folder: Path) -> str:
    """`path` as seen from `folder`, with forward slashes; absolute where there is no way (another drive)."""
    try:
        return Path(os.path.relpath(os.path.abspath(path), os.path.abspath(folder))).as_posix()
    except ValueError:
        return path.absolute().as_posix()


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_HASHED_BYTES):
            total.update(block)
    return total.hexdigest()
