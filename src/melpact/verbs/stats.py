"""`stats`: exact statistics over mel files, sounds or older statistics, counted in several threads.

What is counted, and how, is in `normalise.stats`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.files import EXTENSIONS
from melpact.contract.artifact import Header, read_header
from melpact.contract.dialect import Dialect, name_of
from melpact.contract.foreign import SUFFIXES, Axes, is_foreign, load_foreign
from melpact.contract.spec import MelSpec
from melpact.core.errors import ArtifactError, ContractError, SpecMismatch
from melpact.features.extract_file import MelBlocks
from melpact.normalise.stats import Stats
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.meaning import Changes, described
from melpact.verbs.mel_blocks import mel_blocks, mel_header
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import mel_files, sources


@dataclass(frozen=True)
class StatsReport:
    """What `stats` counted and where it was written. `stats` holds nothing where every file failed."""

    stats: Stats
    path: Path | None
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": None if self.path is None else str(self.path),
            "stats": self.stats.describe() if self.stats.count else None,
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def stats(
    inputs: Sequence[str | Path],
    out: str | Path | None = None,
    *,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    axes: Axes | None = None,
    key: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> StatsReport:
    """Count every value of every file; the result does not depend on order or threads, to the last bit.

    Args:
        inputs: .mel files, statistics files (their counts are added), folders and patterns; with
            `dialect` also
            sounds, which are analysed on the way, and .npy, .npz, .pt and .h5.
        out: statistics file to write; None writes nothing.
        dialect, changes, axes, key: the description of sounds and foreign mels; mel files must agree with it.
        jobs: threads; all CPUs by default.
        progress: told in files.

    Raises:
        SpecMismatch: files of two descriptions. ContractError: a folder with both mels and sounds.
        MelpactError: nothing to count; or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    spec = None if dialect is None else described(dialect, changes)
    if spec is None and changes:
        raise ArtifactError("changes of fields need a dialect that they change", where="changes", wanted="dialect")
    suffixes = (".mel",) if spec is None else (".mel", *SUFFIXES, *EXTENSIONS)
    found = [source.path for source in sources(inputs, mel_files(suffixes))]
    _refuse_mixed_folders(inputs, found)
    spec = _one_description(found, spec)
    total, lock = Stats(spec), threading.Lock()
    if len(found) == 1:
        progress.start(1, "files")

    def work(path: Path, tick: Tick) -> Path:
        counted = _count(path, spec, axes, key, tick)
        with lock:
            total.merge(counted)
        tick(1)
        return path

    result = batch(work, found, jobs=jobs, progress=progress)
    written = None
    if out is not None and total.count:
        written = total.save(out)
    return StatsReport(total, written, result.failed)


def _count(path: Path, spec: MelSpec, axes: Axes | None, key: str | None, tick: Tick) -> Stats:
    counted, files = Stats(spec), 1
    if is_foreign(path):
        counted.update(load_foreign(path, spec, axes=axes, key=key), where=path)
    elif _is_sound(path):
        for block in MelBlocks(path, spec).mels():
            counted.update(block, where=path, files=files)
            files = 0
            tick(0)
    elif read_header(path).kind == "stats":
        return Stats.load(path)
    else:
        for block in mel_blocks(mel_header(path)):
            counted.update(block, where=path, files=files)
            files = 0
            tick(0)
    return counted


def _is_sound(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS


def _header(path: Path) -> Header | None:
    """What an artifact says of itself; None where it cannot be read, which the batch will report by name."""
    try:
        return read_header(path)
    except ArtifactError:
        return None


def _one_description(found: Sequence[Path], spec: MelSpec | None) -> MelSpec:
    """The description of all files.

    Raises:
        SpecMismatch: two mel files, or a mel file and the dialect, disagree.
        ContractError: nobody says what it is.
    """
    first: Path | None = None
    mute = [path for path in found if is_foreign(path) or _is_sound(path)]
    if spec is None and mute:
        raise ContractError(
            "does not say what its numbers mean" if is_foreign(mute[0]) else "is a sound, of which any mel can be made",
            where=mute[0],
            wanted="a dialect",
            next="Say it: --dialect NAME (melpact dialects lists them)",
        )
    for path in found:
        header = None if is_foreign(path) or _is_sound(path) else _header(path)
        if header is None or header.spec is None:
            continue
        if spec is None:
            spec, first = header.spec, path
        elif header.spec != spec:
            known = f"{first} is {_name(spec)}" if first is not None else f"the dialect is {_name(spec)}"
            raise SpecMismatch(
                f"is of another description than the rest: {known}",
                where=path,
                got=_name(header.spec),
                wanted=_name(spec),
                next=f"Count each on its own; the difference: melpact diff '{first or _name(spec)}' '{path}'",
            )
    if spec is None:
        read_header(found[0])
        raise ContractError("no file says what its numbers mean", where=found[0], wanted="a mel file, or a dialect")
    return spec


def _refuse_mixed_folders(inputs: Sequence[str | Path], found: Sequence[Path]) -> None:
    for folder in (Path(given) for given in inputs if Path(given).is_dir()):
        inside = [path for path in found if path.is_relative_to(folder)]
        sounds = [path for path in inside if _is_sound(path)]
        if sounds and len(sounds) < len(inside):
            raise ContractError(
                "holds both sounds and mels, and counting both would count things twice",
                where=folder,
                got=f"{len(sounds)} sounds, {len(inside) - len(sounds)} mels",
                next=f"Name one kind: '{folder}/**/*.mel' or '{folder}/**/*{sounds[0].suffix}'",
            )


def _name(spec: MelSpec) -> str:
    return name_of(spec) or f"spec {spec.fingerprint}"
