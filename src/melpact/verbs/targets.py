"""Which files are meant and where their results go: folders, globs, name clashes. Opens nothing."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from melpact.audio.files import EXTENSIONS as SOUNDS
from melpact.contract.foreign import SUFFIXES as FOREIGN
from melpact.core.errors import ArtifactError, ContractError, MelpactError

Find = Callable[[Sequence[str | Path]], list[Path]]


@dataclass(frozen=True)
class Source:
    """An input file, and its place below the input folder it was found in (its bare name if it was named)."""

    path: Path
    place: Path


@dataclass(frozen=True)
class Job:
    """One input file and the file to be made from it."""

    source: Path
    target: Path

    def __str__(self) -> str:
        return str(self.source)


def sources(inputs: Sequence[str | Path], find: Find) -> list[Source]:
    """The files that `inputs` mean, each once, in the order given (sorted inside a folder or pattern).

    Args:
        inputs: files, folders and glob patterns.
        find: finds the files of one of them (`audio.files.find`, or `mel_files`).

    Raises:
        MelpactError: whatever `find` raises for an input that leads to nothing.
    """
    if not inputs:
        find([])
    seen: dict[str, Source] = {}
    for given in inputs:
        root = _root(given)
        for path in find([given]):
            place = path.relative_to(root) if root is not None else Path(path.name)
            seen.setdefault(os.path.realpath(path), Source(path, place))
    return list(seen.values())


def _root(given: str | Path) -> Path | None:
    """The folder below which places are kept: the input folder, or a pattern up to its first wildcard."""
    path = Path(given)
    if path.is_dir():
        return path
    if path.exists() or not glob.has_magic(str(given)):
        return None
    plain: list[str] = []
    for part in path.parts[:-1]:
        if glob.has_magic(part):
            break
        plain.append(part)
    return Path(*plain) if plain else Path()


def mel_files(suffixes: Sequence[str]) -> Find:
    """A finder for files of these suffixes: a named file is taken as it is, folders are searched."""

    def find(inputs: Sequence[str | Path]) -> list[Path]:
        if not inputs:
            raise ArtifactError("no paths were given", wanted="files, folders or patterns")
        found: list[Path] = []
        for given in inputs:
            path = Path(given)
            if path.is_dir():
                hits = [Path(root) / name for root, _, names in os.walk(path) for name in names]
            elif path.exists():
                found.append(path)
                continue
            elif glob.has_magic(str(given)):
                hits = [Path(hit) for hit in glob.glob(str(given), recursive=True)]
            else:
                raise ArtifactError("does not exist", where=path, wanted="a file, a folder or a pattern")
            here = [h for h in hits if not h.name.startswith(".") and h.is_file()]
            hits = [h for h in here if h.suffix.lower() in suffixes]
            if not hits:
                raise ArtifactError(
                    "no such files here", where=given, wanted=f"files ending in {' '.join(suffixes)}",
                    next=_instead({h.suffix.lower() for h in here}, given),
                )  # fmt: skip
            found += sorted(hits)
        return found

    return find


def _instead(endings: set[str], given: str | Path) -> str | None:
    """What to do with the files that lie there."""
    if found := sorted(endings & set(FOREIGN)):
        return f"There are {' '.join(found)} files: say what they mean with --dialect NAME"
    if endings & set(SOUNDS):
        return f"These are sounds; make their mels first: melpact extract {given} -o MELS --dialect NAME"
    return None


def plan(found: Sequence[Source], out: str | Path, suffix: str) -> list[Job]:
    """Where the result of every file goes; folders are made when the file is written.

    `out` is the file itself for a single input where `out` ends in `suffix`, and a folder otherwise.

    Raises:
        MelpactError: two inputs would be written to one file, an output would replace an input, or `out` is a
            file where a folder is needed.
    """
    out = Path(out)
    if len(found) == 1 and out.suffix.lower() == suffix and not out.is_dir():
        jobs = [Job(found[0].path, out)]
    else:
        if suffix == ".wav" and not out.is_dir() and out.suffix.lower() in SOUNDS and out.suffix.lower() != suffix:
            raise MelpactError("sounds are written as WAV", where=out, got=out.suffix, wanted=f"{out.stem}.wav, or a folder")
        if out.exists() and not out.is_dir():
            raise MelpactError("is a file, not a folder", where=out, wanted=f"a folder for {len(found)} result(s)")
        if len(found) > 1 and out.suffix.lower() == suffix:
            raise MelpactError(
                "names one file, but there are several results",
                where=out,
                got=f"{len(found)} inputs",
                wanted="a folder",
            )
        jobs = [Job(source.path, out / source.place.with_suffix(suffix)) for source in found]
    _refuse_clashes(jobs)
    return jobs


def output_folder(out: str | Path) -> Path:
    """The folder for results, made if it does not exist.

    Raises:
        ContractError: there is a file of that name.
    """
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise ContractError("is a file, not a folder", where=folder, next="Give another folder with -o")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _refuse_clashes(jobs: Sequence[Job]) -> None:
    taken: dict[str, Job] = {}
    inputs = {os.path.realpath(job.source) for job in jobs}
    for job in jobs:
        key = os.path.realpath(job.target)
        if key in inputs:
            raise MelpactError("would replace an input", where=job.target, wanted="another output folder")
        first = taken.setdefault(os.path.normcase(key), job)
        if first is not job:
            raise MelpactError(
                "two inputs would be written to one file",
                where=job.target,
                got=f"{first.source} and {job.source}",
                wanted="one result per file",
                next="Give their common folder as the input (its structure is kept), or two output folders",
            )
