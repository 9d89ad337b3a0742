"""`Packed`: a corpus decoded and resampled once, as one file of 16-bit samples that crops are read from.

A folder holds `samples-….i16` (little-endian, one utterance behind the other) and `index.json` (where each begins, its
scale, its hash). The index is written last: a folder with an index is whole. Decoding is what a run would otherwise spend
most of its time on. Writing one is in `packing`, drawing crops in `crops`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import CorpusError
from melpact.core.records import canonical_json, digest

KIND, SCHEMA = "melpact packed corpus", 1
INDEX = "index.json"


@dataclass(frozen=True)
class Entry:
    """One utterance of a packed corpus.

    `start` and `n_samples` are positions in the file of samples; sample = integer · `scale`. `sha256` is of its integers.
    """

    id: str
    start: int
    n_samples: int
    scale: float
    sha256: str
    speaker: str = ""
    language: str = ""
    split: str = ""
    text: str = ""


class Packed:
    """Utterances of one sample rate, mono, read at any place by any thread; sent to another process, it opens the file anew.

    Use `Packed.load`; `only` gives a part of it that reads the same file.

    Attributes:
        entries: in the order of their ids.
        sample_rate: Hz.
        path: the file of samples.
        fingerprint: 16 hexadecimal digits that name the numbers, the speakers and the splits in `entries`.
    """

    def __init__(self, entries: Sequence[Entry], sample_rate: int, path: Path) -> None:
        if not entries:
            raise CorpusError("no utterance is left", where=path, wanted="at least one")
        self.entries, self.sample_rate, self.path = tuple(entries), sample_rate, path
        self._samples: NDArray[np.int16] = np.memmap(path, "<i2", "r")
        self.n_samples: NDArray[np.int64] = np.array([entry.n_samples for entry in entries], np.int64)
        facts = [[e.id, e.sha256, e.scale, e.speaker, e.language, e.split] for e in entries]
        self.fingerprint = digest({"packed": SCHEMA, "sample_rate": sample_rate, "entries": facts})

    def __len__(self) -> int:
        return len(self.entries)

    def __reduce__(self) -> tuple[Any, ...]:
        return Packed, (self.entries, self.sample_rate, self.path)

    def __repr__(self) -> str:
        hours = self.duration_s / 3600
        return f"Packed({len(self)} utterances, {hours:.2f} h at {self.sample_rate} Hz, {self.fingerprint})"

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return int(self.n_samples.sum()) / self.sample_rate

    def samples(self, index: int, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Samples [start, stop) of utterance `index`, float32 in [-1, 1]; the whole of it by default.

        Raises:
            CorpusError: a range outside the utterance.
        """
        entry = self.entries[index]
        stop = entry.n_samples if stop is None else stop
        if not 0 <= start <= stop <= entry.n_samples:
            raise CorpusError(
                "samples outside the utterance", where=entry.id, got=f"[{start}, {stop})", wanted=f"[0, {entry.n_samples})"
            )
        part = self._samples[entry.start + start : entry.start + stop]
        return part.astype(np.float32) * np.float32(entry.scale)

    def only(self, wanted: Callable[[Entry], bool]) -> Packed:
        """The utterances that are wanted, from the same file: `packed.only(lambda entry: entry.split == "train")`.

        Raises:
            CorpusError: none is.
        """
        return Packed([entry for entry in self.entries if wanted(entry)], self.sample_rate, self.path)

    def damaged(self) -> list[str]:
        """The ids of the utterances whose samples are not those that were written."""
        return [
            entry.id for entry in self.entries
            if sha256(self._samples[entry.start : entry.start + entry.n_samples].tobytes()).hexdigest() != entry.sha256
        ]  # fmt: skip

    @classmethod
    def load(cls, folder: str | Path) -> Packed:
        """Open a folder that `packing.PackWriter` wrote. Samples are read when they are asked for.

        Raises:
            CorpusError: no packed corpus, one of another version, or one whose samples are cut short.
        """
        folder = Path(folder)
        index = read_index(folder)
        path = folder / str(index["samples"])
        total = int(index["n_samples"])
        size = path.stat().st_size if path.is_file() else 0
        if size != 2 * total:
            raise CorpusError(
                "the packed samples are not whole",
                where=path,
                got=f"{size} bytes",
                wanted=f"{2 * total} bytes",
                next=f"Pack it again: melpact corpus pack corpus.jsonl --rate {index['sample_rate']} -o '{folder}'",
            )
        entries = [Entry(**entry) for entry in index["entries"]]
        return cls(entries, int(index["sample_rate"]), path)


def read_index(folder: Path) -> dict[str, Any]:
    """What a packed corpus says of itself.

    Raises:
        CorpusError: no packed corpus, or one of another version.
    """
    again = "Pack a corpus: melpact corpus pack corpus.jsonl --rate 22050 -o FOLDER"
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError(
            "is not a packed corpus, or was never finished", where=folder, wanted=f"a folder with {INDEX}", next=again
        ) from None
    except (OSError, ValueError) as error:
        raise CorpusError("its index cannot be read", where=folder / INDEX, got=str(error), next=again) from error
    if not isinstance(index, dict) or index.get("kind") != KIND or index.get("schema") != SCHEMA:
        raise CorpusError(
            "is not a packed corpus that this version reads",
            where=folder / INDEX,
            wanted=canonical_json({"kind": KIND, "schema": SCHEMA}),
            next=again,
        )
    return index
