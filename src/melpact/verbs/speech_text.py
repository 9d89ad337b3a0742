"""Where a text to be spoken comes from: the argument itself, a file, or standard input."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from melpact.core.errors import ArtifactError

STDIN = "-"
SUFFIXES = (".txt", ".md", ".ssml", ".xml")
LONGEST_BYTES = 64 * 2**20


def read_text(given: str) -> tuple[str, str]:
    """A text, and where it is from: "text", "-" or the file's path.

    Args:
        given: "-" for standard input, the path of a text file, or else the text itself.

    Raises:
        ArtifactError: not UTF-8, unreadable, larger than `LONGEST_BYTES`; or the name of a text file that is not there.
    """
    if given == STDIN:
        return _decoded(sys.stdin.buffer.read(LONGEST_BYTES + 1), "standard input"), STDIN
    path = _path(given)
    if path is None:
        return given, "text"
    try:
        with open(path, "rb") as file:
            data = file.read(LONGEST_BYTES + 1)
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror}", where=path) from error
    return _decoded(data, str(path)), str(path)


def _path(given: str) -> Path | None:
    """The file that is meant; None where it is a text."""
    if "\n" in given or "\0" in given or len(given.encode(errors="replace")) > 1000:
        return None
    path = Path(given).expanduser()
    try:
        if path.is_file():
            return path
    except OSError:
        return None
    if re.fullmatch(r"\S+", given) and path.suffix.lower() in SUFFIXES:
        raise ArtifactError("does not exist", where=given, wanted="a text file", next="If it is the text itself: --text")
    return None


def _decoded(data: bytes, where: str) -> str:
    if len(data) > LONGEST_BYTES:
        raise ArtifactError("is too long for one text", where=where, wanted=f"at most {LONGEST_BYTES} bytes", next="Cut it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArtifactError(
            "is not UTF-8 text", where=where, got=f"byte {data[error.start]:#04x} at {error.start}",
            next=f"If it is in another coding: iconv -f latin1 -t utf-8 {where}",
        ) from None  # fmt: skip
