"""`Symbols`: a model's own table of what it reads, and a text as numbers of it: by letters, by espeak-ng's sounds, or by
ARPABET. Tables are read from what people keep them in; our own models' tokens are in `tokens`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from melpact.core.errors import ArtifactError, ContractError
from melpact.text.arpabet import arpabet
from melpact.text.espeak import clauses

Reads = Literal["letters", "phonemes", "arpabet"]
_SPACE = "▁"
_KEYS = ("symbols", "reads", "blank", "begin", "end", "unknown", "spaces")


@dataclass(frozen=True)
class Read:
    """A text as numbers.

    Attributes:
        numbers: into the model's table. names: what each stands for. left_out: what the table lacks, each once.
    """

    numbers: tuple[int, ...]
    names: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Symbols:
    """A table and how a text becomes its symbols.

    Attributes:
        table: symbol → number.
        reads: "letters" of the text, "phonemes" (letters of the International Phonetic Alphabet as espeak-ng gives them,
            with stress, spaces and marks), or "arpabet".
        blank: a number before, between and behind all others; None: none.
        begin, end: numbers in front and behind. unknown: for what the table lacks; None: it is left out.
        spaces: whether spaces between words are read.
    """

    table: Mapping[str, int]
    reads: Reads
    blank: int | None = None
    begin: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    unknown: int | None = None
    spaces: bool = True
    title: str = field(default="symbols", compare=False)

    def __call__(self, text: str, language: str = "") -> Read:
        """The numbers of a text.

        Args:
            language: espeak-ng's name of one; where sounds are read.

        Raises:
            ContractError: nothing of the text is in the table. MelpactError: espeak-ng is not there, or lacks the language.
        """
        numbers, names, missing = list[int](), list[str](), dict[str, None]()
        for symbol in self._split(text, language):
            number = self.table.get(symbol)
            if number is None and symbol == " ":
                number = self.table.get(_SPACE)
            if number is None:
                if symbol != " ":
                    missing.setdefault(symbol)
                if self.unknown is None or symbol == " ":
                    continue
                number = self.unknown
            numbers.append(number)
            names.append(symbol)
        if not numbers:
            raise ContractError("nothing of this text is in the model's table", where=self.title, got=repr(text[:40]))
        whole = [*self.begin, *numbers, *self.end]
        if self.blank is not None:
            whole = [self.blank, *(one for number in whole for one in (number, self.blank))]
        return Read(tuple(whole), tuple(names), tuple(missing))

    def _split(self, text: str, language: str) -> list[str]:
        if self.reads == "letters":
            lower = not any(symbol.isupper() and len(symbol) == 1 for symbol in self.table)
            upper = not any(symbol.islower() and len(symbol) == 1 for symbol in self.table)
            cased = text.lower() if lower else text.upper() if upper else text
            return [_SPACE, *cased.replace(" ", _SPACE)] if _SPACE in self.table else list(cased)
        found: list[str] = []
        for clause in clauses(text, language or "en-us"):
            if found and self.spaces:
                found.append(" ")
            found += arpabet(clause.ipa, spaces=self.spaces) if self.reads == "arpabet" else [
                letter for letter in clause.ipa if self.spaces or letter != " "
            ]  # fmt: skip
            found += [clause.end] if clause.end else []
        return found


def read_symbols(given: str | Path | Sequence[str] | Mapping[str, Any], folder: Path | None = None) -> Symbols:
    """A table from what people keep it in.

    Args:
        given: a list or string of symbols, whose places are their numbers; symbol → number; or these as "symbols" of a
            mapping with "reads", "blank", "begin", "end", "unknown", "spaces". Or a file: .json of one of these, .txt of
            lines "symbol number" or, without numbers, of symbols, .model of sentencepiece (characters).
        folder: where relative paths start.

    Raises:
        ArtifactError: unreadable. ContractError: no table.
    """
    title = "symbols"
    if isinstance(given, Path) or (isinstance(given, str) and Path(given).suffix.lower() in (".json", ".txt", ".model")):
        path = (folder or Path()) / Path(given).expanduser()
        given, title = _file(path), path.name
    said: dict[str, Any] = {"symbols": given}
    if isinstance(given, Mapping) and "symbols" in given:
        said = dict(given)
        strange = sorted(set(said) - set(_KEYS))
        if strange:
            raise ContractError(f"has no {', '.join(strange)}", where=title, wanted=", ".join(_KEYS))
        if isinstance(said["symbols"], str) and Path(said["symbols"]).suffix.lower() in (".json", ".txt", ".model"):
            said["symbols"] = _file((folder or Path()) / said["symbols"])
            if isinstance(said["symbols"], Mapping) and "symbols" in said["symbols"]:
                said = {**said["symbols"], **{key: value for key, value in said.items() if key != "symbols"}}
    table = _table(said["symbols"], title)
    reads = said.get("reads", _guess(table))
    if reads not in get_args(Reads):
        raise ContractError("does not say what is read", where=title, got=reads, wanted=", ".join(get_args(Reads)))

    def number(name: str) -> int | None:
        value = said.get(name)
        if isinstance(value, str):
            if value not in table:
                raise ContractError(f"its {name} is not in the table", where=title, got=value)
            return table[value]
        return None if value is None else int(value)

    begin, end = number("begin"), number("end")
    return Symbols(
        table, reads, number("blank"), () if begin is None else (begin,), () if end is None else (end,), number("unknown"),
        bool(said.get("spaces", True)), title,
    )  # fmt: skip


def _guess(table: Mapping[str, int]) -> Reads:
    if "AH0" in table:
        return "arpabet"
    return "phonemes" if any(symbol in table for symbol in "əˈɪʃ") else "letters"


def _table(given: Any, where: str) -> dict[str, int]:
    found: Any = None
    if isinstance(given, Mapping):
        found = {str(symbol): number for symbol, number in given.items()}
    elif isinstance(given, str | list | tuple):
        found = {str(symbol): number for number, symbol in reversed(list(enumerate(given)))}
    if not found or not all(isinstance(number, int) and number >= 0 for number in found.values()):
        raise ContractError("is no table of symbols", where=where, wanted="symbols in order, or symbol → number")
    return dict(found)


def _file(path: Path) -> Any:
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".model":
            return _sentencepiece(data, path)
        text = data.decode("utf-8")
        return json.loads(text) if path.suffix.lower() == ".json" else _lines(text)
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}", where=path, wanted="a table of symbols") from error
    except ValueError as error:
        raise ArtifactError("is no table of symbols", where=path, got=" ".join(str(error).split())[:100]) from None


def _lines(text: str) -> dict[str, int] | list[str]:
    """Lines "symbol number", where the symbol may be a space; or of symbols alone."""
    lines = [line.rstrip("\r") for line in text.split("\n") if line.strip("\r")]
    table: dict[str, int] = {}
    for line in lines:
        symbol, space, number = line.rpartition(" ")
        if not space or not number.strip().isdigit():
            return lines
        table[symbol or " "] = int(number)
    return table


def _sentencepiece(data: bytes, path: Path) -> dict[str, int]:
    """Pieces of a sentencepiece model, by their order: message ModelProto { repeated SentencePiece pieces = 1 }, message
    SentencePiece { string piece = 1 } (sentencepiece_model.proto)."""
    pieces: list[str] = []
    for field_number, value in _fields(data):
        if field_number == 1 and isinstance(value, bytes):
            name = next((one for number, one in _fields(value) if number == 1 and isinstance(one, bytes)), b"")
            pieces.append(name.decode("utf-8"))
    if any(len(piece) > 1 and not (piece.startswith("<") and piece.endswith(">")) for piece in pieces):
        raise ContractError("holds pieces of several letters", where=path, wanted="a model of characters")
    return {piece: number for number, piece in reversed(list(enumerate(pieces)))}


def _fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """Fields of a protobuf message, in order.

    Raises:
        ValueError: no message.
    """
    found: list[tuple[int, int | bytes]] = []
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(data) or shift > 63:
                raise ValueError("cut short")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            found.append((key >> 3, varint()))
            continue
        size = varint() if kind == 2 else {1: 8, 5: 4}.get(kind, -1)
        if size < 0 or at + size > len(data):
            raise ValueError("no message of that kind")
        found.append((key >> 3, data[at : at + size]))
        at += size
    return found
