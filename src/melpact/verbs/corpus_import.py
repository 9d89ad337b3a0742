"""`corpus import`: any layout of sounds → one manifest. What each layout looks like is in `corpus.layouts`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from melpact.audio.files import probe
from melpact.core.errors import CorpusError
from melpact.core.plugins import plugins
from melpact.corpus.layouts._layout import Layout, Listed
from melpact.corpus.manifest import Manifest, Utterance, file_hash, relative_to
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.progress import Progress, Silent

_SECONDS_OFF = 0.1


@dataclass(frozen=True)
class ImportReport:
    """What `import_corpus` wrote: the manifest, the layout of every source, what could not be read, what does not agree."""

    path: Path
    manifest: Manifest
    layouts: dict[str, str]
    notes: list[str]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "path": str(self.path), "fingerprint": self.manifest.fingerprint, "utterances": len(self.manifest),
            "seconds": self.manifest.duration_s, "layouts": self.layouts, "notes": self.notes,
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }  # fmt: skip


def layouts() -> dict[str, Layout]:
    """The layouts by name, in the order in which they are tried."""
    found: dict[str, Layout] = plugins("melpact.corpus.layouts")
    return dict(sorted(found.items(), key=lambda item: item[1].rank))


def import_corpus(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    layout: str = "auto",
    audio: str | Path | None = None,
    speaker: str | None = None,
    language: str | None = None,
    split: str | None = None,
    licence: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """List every sound of some sources in a manifest; sounds that cannot be read are named and left out.

    Args:
        sources: folders, lists, tables or manifests. With several, ids of all but manifests begin with the source's name,
            or that of its folder where others are called the same ("metadata.csv").
        out: the manifest to write.
        layout: how they lie, or "auto": the first that recognises a source.
        audio: folder in which lists' sounds are looked for first.
        speaker: one name for all; "folder", the folder that a sound lies in; or a regular expression with one group in
            round brackets, searched in the id.
        language, split, licence: of all sounds, in place of what the sources say.
        jobs: threads; all CPUs by default.
        progress: told in files.

    Raises:
        CorpusError: a source that does not exist or has no known layout, or nothing in it that can be read.
        AudioFileError: the only sound cannot be read.
    """
    if not sources:
        raise CorpusError("no source was given", where="corpus import", wanted="a folder, a list or a table")
    chosen, found = {}, []
    paths = [Path(given) for given in sources]
    for source, called in zip(paths, _names(paths), strict=True):
        name, kind = layout_of(source, layout)
        chosen[str(source)] = name
        named = kind.listed(source, None if audio is None else Path(audio))
        listed = [replace(item, id=_cleaned(item.id)) for item in named]
        if len(sources) > 1 and not kind.named:
            listed = [replace(item, id=f"{called}/{item.id}") for item in listed]
        found += listed
    if not found:
        raise CorpusError("the list names no sound", where=sources[0])
    found = _with_unique_ids(found)
    speaks = _speaker_rule(speaker)
    folder = Path(out).parent

    def work(item: Listed, tick: Tick) -> tuple[Utterance, str | None]:
        info = probe(item.audio)
        utterance = Utterance(
            id=item.id,
            audio=relative_to(item.audio, folder),
            sample_rate=info.sample_rate,
            n_samples=info.n_samples if item.n_samples is None else item.n_samples,
            offset_samples=item.offset_samples,
            channels=info.channels,
            speaker=item.speaker if speaks is None else speaks(item),
            language=item.language if language is None else language,
            text=item.text,
            split=item.split if split is None else split,
            licence=item.licence if licence is None else licence,
            sha256=file_hash(item.audio),
        )
        tick(1)
        off = item.seconds is not None and abs(item.seconds - info.duration_s) > _SECONDS_OFF
        return utterance, f"{item.id}: listed with {item.seconds} s, has {info.duration_s:.2f} s" if off else None

    result = batch(work, found, jobs=jobs, progress=progress if progress is not None else Silent())
    if not result.done:
        raise CorpusError(
            f"none of {len(found)} sounds can be read", where=sources[0], got=result.failed[0].message,
            next="Say where they lie: --audio FOLDER",
        )  # fmt: skip
    manifest = Manifest([utterance for utterance, _ in result.done], folder)
    path = manifest.save(out)
    return ImportReport(path, manifest, chosen, [note for _, note in result.done if note], result.failed)


def layout_of(source: Path, name: str = "auto") -> tuple[str, Layout]:
    """The layout of a source by name, or the first that recognises it.

    Raises:
        CorpusError: no such source, no such layout, or none that recognises it.
    """
    known = layouts()
    if name != "auto" and name not in known:
        raise CorpusError("no such layout", where="layout", got=repr(name), wanted=f"auto, {', '.join(known)}")
    if not source.exists():
        raise CorpusError("no such file or folder", where=source, wanted="a folder of sounds, a list or a table")
    if name != "auto":
        return name, known[name]
    for known_name, kind in known.items():
        if kind.recognises(source):
            return known_name, kind
    raise CorpusError(
        "no layout recognises this", where=source, wanted="; ".join(f"{n}: {kind.note}" for n, kind in known.items()),
        next="Say which it is: --layout NAME",
    )  # fmt: skip


def _cleaned(id: str) -> str:
    return "/".join(part for part in id.replace("\\", "/").split("/") if part not in ("", ".", ".."))


def _with_unique_ids(found: Sequence[Listed]) -> list[Listed]:
    """Ids that several sounds of different suffixes share get the suffix; a sound that is listed twice stays an error."""
    counted = Counter(item.id for item in found)
    return [replace(item, id=f"{item.id}{item.audio.suffix}") if counted[item.id] > 1 else item for item in found]


def _speaker_rule(speaker: str | None) -> Callable[[Listed], str] | None:
    if speaker is None:
        return None
    if speaker == "folder":
        return lambda item: item.audio.parent.name
    if "(" not in speaker:
        return lambda item: speaker
    try:
        pattern = re.compile(speaker)
    except re.error as error:
        raise CorpusError("not a regular expression", where="speaker", got=repr(speaker), wanted=str(error)) from error
    if pattern.groups != 1:
        raise CorpusError("a pattern for speakers has one group", where="speaker", got=repr(speaker), wanted="'(p[0-9]+)_'")

    def found(item: Listed) -> str:
        hit = pattern.search(item.id)
        if hit is None:
            raise CorpusError("the pattern for speakers does not match this id", where=item.id, wanted=speaker)
        return str(hit.group(1))

    return found


def _names(sources: Sequence[Path]) -> list[str]:
    """What each source is called among the others."""
    stems = [source.stem for source in sources]
    folders = [source.resolve().parent.name for source in sources]
    return [stem if stems.count(stem) == 1 else folder or stem for stem, folder in zip(stems, folders, strict=True)]
