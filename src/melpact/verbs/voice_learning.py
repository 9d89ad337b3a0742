"""`voice learn`: reference sounds → a voice; and whom a conversion is to sound like. The sounds: `voice_references`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.files import find
from melpact.contract.dialect import dialect
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.models.convert.hearing import Encoder
from melpact.models.convert.learning import learn
from melpact.models.convert.retrieval import contents
from melpact.models.convert.voice import Blend, Content, Target, Voice
from melpact.models.convert.voice_file import SUFFIX
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.voice_references import Reference, heard, together

DEFAULT_DIALECT = "hifigan_22k"


@dataclass(frozen=True)
class LearnReport:
    """A voice, what it was learnt from, and what is to be said of that; `path` where it was written."""

    voice: Voice
    path: Path | None
    references: tuple[Reference, ...]
    failed: tuple[Failure, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        voice = self.voice
        return {
            "path": None if self.path is None else str(self.path),
            "voice": {
                "fingerprint": voice.fingerprint, "content": None if voice.content is None else voice.content.encoder,
                "seconds": voice.seconds, "sounding_s": voice.stats.seconds,
                "pitch": None if voice.pitch is None else vars(voice.pitch),
                "exponential": {
                    "half_life_s": voice.recent.half_life_s, "missing_share": voice.recent.missing_share,
                    "effective_frames": voice.recent.effective_frames,
                },
            },
            "references": [one.to_json() for one in self.references],
            "notes": list(self.notes),
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }  # fmt: skip


def voice_learn(
    references: Sequence[str | Path],
    out: str | Path | None = None,
    *,
    spec: MelSpec | None = None,
    content: Encoder | None = None,
    progress: Progress | None = None,
) -> LearnReport:
    """Learn a voice from sounds of it.

    Args:
        references: sound files, folders and patterns.
        out: the .voice file to write; None: it is not kept.
        spec: of its mels; that of `DEFAULT_DIALECT` by default.
        content: an encoder whose features are kept with the voice; one that hears sounds has to be known here.

    Raises:
        AudioError: no reference can be used; AudioTooShort: they hold less than a second of voice.
    """
    own = dialect(DEFAULT_DIALECT).spec if spec is None else spec
    path = None if out is None else Path(out)
    if path is not None and path.suffix.lower() != SUFFIX:
        raise ContractError("a voice is kept in a file of its own", where="--out", got=path.name, wanted=f"NAME{SUFFIX}")
    progress = progress if progress is not None else Silent()
    files = find(list(references))
    if len(files) == 1:
        progress.start(1, "files")

    def work(file: Path, tick: Tick) -> Reference:
        tick(0)
        found = heard(file, own, content)
        tick(1)
        return found

    result = batch(work, files, jobs=1, progress=progress)
    if not result.done:
        result.check()
    notes = (*together(result.done), *(note for one in result.done for note in one.notes))
    origin = {"references": [one.path.name for one in result.done], "notes": list(notes)}
    voice = learn([one.mel for one in result.done], [one.f0_hz for one in result.done], provenance=origin)
    if content is not None:
        voice = contents(content, _with_heard(voice, result.done, content))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        voice.save(path)
    return LearnReport(voice, path, tuple(result.done), tuple(result.failed), notes)


def _with_heard(voice: Voice, found: Sequence[Reference], content: Encoder) -> Voice:
    """With what was heard in the references, as much of each as the voice keeps of its frames."""
    kept = [one.content[:, :n] for one, n in zip(found, voice.frames.lengths, strict=True) if one.content is not None]
    return voice.with_content(Content(np.concatenate(kept, axis=1), content.fingerprint)) if kept else voice


def target_of(
    to: Sequence[str | Path],
    blend: str | None,
    spec: MelSpec,
    progress: Progress | None = None,
    content: Encoder | None = None,
) -> tuple[Target, tuple[str, ...], tuple[Failure, ...]]:
    """Whom a conversion is to sound like, what is to be said of the references, and those that could not be used.

    Args:
        to: one .voice file, or sounds and folders of one voice.
        blend: "A:.7,B:.3", each a .voice file, a sound or a folder; instead of `to`.

    Raises:
        ContractError: neither or both, or a blend that cannot be read. MelpactError: see `voice_learn`.
    """
    if bool(to) == bool(blend):
        raise ContractError(
            "whom to sound like is said once", where="--to, --blend", wanted="one of them",
            next="Give sounds of a voice: --to anna.wav; --to sample:en_noservice comes with the package",
        )  # fmt: skip
    if blend is None:
        return _one(to, spec, progress, content)
    parts, notes, failed = list[tuple[Voice, float]](), list[str](), list[Failure]()
    for name, weight in parsed(blend):
        voice, said, left_out = _one([name], spec, progress, content)
        parts.append((voice, weight))
        notes += said
        failed += left_out
    return Blend.of(parts), tuple(notes), tuple(failed)


def parsed(blend: str) -> list[tuple[str, float]]:
    """(voice, weight) of each part of "A:.7,B:.3".

    Raises:
        ContractError: a part without a name or a number.
    """
    parts = []
    for part in blend.split(","):
        name, colon, weight = part.strip().rpartition(":")
        try:
            parts.append((name, float(weight)))
        except ValueError:
            colon = ""
        if not (name and colon):
            raise ContractError(
                "a blend is voices and their weights", where="--blend", got=part.strip() or "nothing", wanted="A:.7,B:.3"
            )
    return parts


def _one(
    to: Sequence[str | Path], spec: MelSpec, progress: Progress | None, content: Encoder | None
) -> tuple[Voice, tuple[str, ...], tuple[Failure, ...]]:
    kept = [Path(one) for one in to if Path(one).suffix.lower() == SUFFIX]
    if kept:
        if len(to) > 1:
            raise ContractError(
                "one voice at a time", where="--to", got=f"{len(to)} of them",
                next=f"Mix voices with --blend {kept[0]}:.5,OTHER:.5, or learn one from all their sounds",
            )  # fmt: skip
        return Voice.load(kept[0]), (), ()
    try:
        report = voice_learn(to, spec=spec, content=content, progress=progress)
    except MelpactError as error:
        error.where = "--to" if error.where is None else error.where
        raise
    return report.voice, report.notes, report.failed
