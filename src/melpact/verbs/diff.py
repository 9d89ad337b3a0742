"""`diff`: two descriptions field by field, what it costs to cross from one to the other, and two mels of one description
number by number."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.bridges.ways import Bridge, bridge
from melpact.contract.artifact import Header, read_header
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.diff import SpecDiff
from melpact.contract.foreign import is_foreign
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, UnknownDialect
from melpact.verbs.meaning import described, looks_like_json
from melpact.verbs.mel_blocks import mel_blocks, mel_header


@dataclass(frozen=True)
class Numbers:
    """Two mels of one description, compared over the frames that both have; in the unit of their values."""

    frames_a: int
    frames_b: int
    frames_compared: int
    max_difference: float
    mean_difference: float
    unit: str

    @property
    def same(self) -> bool:
        """Whether every number is the same and neither has more frames."""
        return self.max_difference == 0 and self.frames_a == self.frames_b


@dataclass(frozen=True)
class Compared:
    """What `diff` found. `names` are the two things as the user would call them.

    `numbers` only for two mels of one description; `bridges` there and back, only for two descriptions that differ.
    """

    names: tuple[str, str]
    spec: SpecDiff
    numbers: Numbers | None = None
    bridges: tuple[Bridge, ...] = ()

    def same(self, tolerance: float = 0.0) -> bool:
        """Whether both mean the same and, for two mels, no number differs by more than `tolerance`."""
        if not self.spec.same:
            return False
        n = self.numbers
        return n is None or (n.frames_a == n.frames_b and n.max_difference <= tolerance)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "names": list(self.names),
            "same": self.same(),
            "spec": self.spec.to_json(),
            "numbers": None if self.numbers is None else vars(self.numbers),
            "bridges": [way.to_json() for way in self.bridges],
        }


def diff(a: str | Path | Mel | MelSpec | Dialect, b: str | Path | Mel | MelSpec | Dialect) -> Compared:
    """Compare two things that have a description.

    Args:
        a, b: mel or statistics files, names of dialects, JSON files or texts of a spec, or the objects
            themselves.

    Raises:
        ContractError: a foreign mel, which does not say what its numbers mean. ArtifactError: a file
            that cannot be read.
        DialectError: neither a file nor a dialect.
    """
    (name_a, spec_a, mel_a), (name_b, spec_b, mel_b) = _side(a), _side(b)
    difference: SpecDiff = spec_a.diff(spec_b)
    numbers = None
    if mel_a is not None and mel_b is not None and spec_a == spec_b:
        numbers = _compare(mel_a, mel_b)
    ways = () if difference.same else (bridge(spec_a, spec_b), bridge(spec_b, spec_a))
    return Compared((name_a, name_b), difference, numbers, ways)


def _side(what: str | Path | Mel | MelSpec | Dialect) -> tuple[str, MelSpec, Header | Mel | None]:
    if isinstance(what, Mel):
        return repr(what), what.spec, what
    if isinstance(what, MelSpec | Dialect):
        spec = described(what)
        return (
            (what.name if isinstance(what, Dialect) else name_of(spec) or f"spec {spec.fingerprint}"),
            spec,
            None,
        )
    text = str(what)
    if looks_like_json(text):
        spec = described(text)
        return (
            (name_of(spec) or f"spec {spec.fingerprint}" if text.lstrip().startswith("{") else text),
            spec,
            None,
        )
    path = Path(text)
    if path.is_file():
        if is_foreign(path):
            raise ContractError(
                "does not say what its numbers mean, so there is nothing to compare",
                where=path,
                wanted="a melpact file, a dialect's name or a JSON spec",
                next=f"See what is known of it: melpact show '{path}'",
            )
        header = read_header(path)
        if header.spec is not None and header.kind != "mel":
            return text, header.spec, None
        header = mel_header(path)
        assert header.spec is not None
        return text, header.spec, header
    try:
        return text, described(text), None
    except UnknownDialect as error:
        raise UnknownDialect(f"there is no file and no dialect {text!r}", next=error.next) from None


def _compare(a: Header | Mel, b: Header | Mel) -> Numbers:
    largest, total, count = 0.0, 0.0, 0
    frames = [0, 0]
    unit = ""
    for left, right in zip_longest(_blocks(a), _blocks(b)):
        for i, block in enumerate((left, right)):
            frames[i] += 0 if block is None else block.n_frames
            unit = unit if block is None else (block.spec.unit if block.spec.scaling.kind == "none" else "scaled")
        if left is None or right is None:
            continue
        if left.values.shape[:-1] != right.values.shape[:-1]:
            raise ContractError(
                "two batches of other sizes", got=f"{list(left.values.shape)} and {list(right.values.shape)}"
            )
        common = min(left.n_frames, right.n_frames)
        difference: NDArray[np.float64] = np.abs(
            left.values[..., :common].astype(np.float64) - right.values[..., :common].astype(np.float64)
        )
        if difference.size:
            largest, total = max(largest, float(difference.max())), total + float(difference.sum())
            count += difference.size
    return Numbers(frames[0], frames[1], min(frames), largest, total / count if count else 0.0, unit)


def _blocks(mel: Header | Mel) -> Any:
    return iter([mel]) if isinstance(mel, Mel) else mel_blocks(mel)
