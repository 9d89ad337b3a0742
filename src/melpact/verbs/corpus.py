"""`corpus show`, `split` and `pack`: what a corpus holds, its parts, and its samples in one place.

Importing is in `corpus_import`, looking for flaws in `corpus_lint`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from melpact.core.errors import CorpusError
from melpact.corpus.manifest import Manifest, Utterance
from melpact.corpus.packed import INDEX, Entry, Packed
from melpact.corpus.packing import PackWriter
from melpact.corpus.splitting import Keep, split
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.progress import Progress, Silent


@dataclass(frozen=True)
class Part:
    """What one split, language or rate holds."""

    name: str
    utterances: int
    speakers: int
    seconds: float


@dataclass(frozen=True)
class CorpusSheet:
    """What a corpus holds, by split, by language and by sample rate."""

    path: Path
    fingerprint: str
    packed: bool
    utterances: int
    seconds: float
    shortest_s: float
    longest_s: float
    splits: tuple[Part, ...]
    languages: tuple[Part, ...]
    rates: tuple[Part, ...]
    damaged: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "path": str(self.path)}


@dataclass(frozen=True)
class PackReport:
    """What `pack` did: the packed corpus, whether it was there already, what could not be read."""

    packed: Packed
    skipped: bool
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.packed.path), "fingerprint": self.packed.fingerprint, "utterances": len(self.packed),
            "seconds": self.packed.duration_s, "sample_rate": self.packed.sample_rate, "skipped": self.skipped,
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }  # fmt: skip


def show(path: str | Path) -> CorpusSheet:
    """What a manifest or a packed corpus holds; of a packed one, every sample is held to its hash.

    Raises:
        CorpusError: neither of the two.
    """
    path = Path(path)
    if path.is_dir() or path.name == INDEX:
        packed = Packed.load(path if path.is_dir() else path.parent)
        rate = packed.sample_rate
        return _sheet(path, packed.fingerprint, packed.entries, lambda _: rate, tuple(packed.damaged()))
    manifest = Manifest.load(path)
    return _sheet(path, manifest.fingerprint, manifest.utterances, lambda u: u.sample_rate)


def split_corpus(
    path: str | Path,
    out: str | Path | None = None,
    *,
    valid: float = 0.05,
    test: float = 0.05,
    keep: Sequence[Keep] = ("speaker",),
    put: Mapping[str, str] | None = None,
    again: bool = True,
    seed: int = 0,
) -> CorpusSheet:
    """Give every utterance a split; see `corpus.splitting.split`. Writes the manifest itself where `out` is not given.

    Raises:
        CorpusError: no manifest, or nothing that can be split as asked.
    """
    made = split(Manifest.load(path), valid=valid, test=test, keep=keep, put=put, again=again, seed=seed)
    written = made.save(path if out is None else out)
    return _sheet(written, made.fingerprint, made.utterances, lambda u: u.sample_rate)


def pack(
    path: str | Path,
    out: str | Path,
    sample_rate: int,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> PackReport:
    """Decode and resample a whole corpus into one folder; nothing is done where it already holds exactly this.

    Args:
        path: the manifest.
        out: the folder. What it holds is whole at any time.
        sample_rate: Hz of all of it.
        jobs: threads; all CPUs by default.
        progress: told in utterances.

    Raises:
        CorpusError: no manifest, nothing that can be read, or no room on the disk.
    """
    manifest = Manifest.load(path)
    writer = PackWriter(out, manifest, sample_rate)
    if writer.is_done():
        return PackReport(Packed.load(out), True, [])

    def work(item: _Named, tick: Tick) -> str:
        writer.put(item.utterance)
        tick(1)
        return item.utterance.id

    items = [_Named(utterance) for utterance in manifest]
    try:
        result = batch(work, items, jobs=jobs, progress=progress if progress is not None else Silent(), what="utterances")
        return PackReport(writer.finish(), False, result.failed)
    finally:
        writer.discard()


@dataclass(frozen=True)
class _Named:
    utterance: Utterance

    def __str__(self) -> str:
        return self.utterance.id


def parse_put(words: Iterable[str]) -> dict[str, str]:
    """SPEAKER=SPLIT words as a mapping.

    Raises:
        CorpusError: a word of another form.
    """
    found = {}
    for word in words:
        speaker, sign, name = word.rpartition("=")
        if not sign or not speaker or not name:
            raise CorpusError("not a speaker and a split", where="--put", got=repr(word), wanted="SPEAKER=SPLIT")
        found[speaker] = name
    return found


def _sheet(
    path: Path,
    fingerprint: str,
    items: Sequence[Utterance] | Sequence[Entry],
    rate: Callable[[Any], int],
    damaged: tuple[str, ...] = (),
) -> CorpusSheet:
    seconds = {item.id: item.n_samples / rate(item) for item in items}

    def parts(name: Callable[[Any], str]) -> tuple[Part, ...]:
        grouped: dict[str, list[Any]] = defaultdict(list)
        for item in items:
            grouped[name(item)].append(item)
        return tuple(
            Part(key, len(members), len({m.speaker for m in members} - {""}), sum(seconds[m.id] for m in members))
            for key, members in sorted(grouped.items())
        )

    return CorpusSheet(
        path, fingerprint, isinstance(items[0], Entry), len(items), sum(seconds.values()), min(seconds.values()),
        max(seconds.values()), parts(lambda item: item.split), parts(lambda item: item.language),
        parts(lambda item: f"{rate(item)} Hz"), damaged,
    )  # fmt: skip
