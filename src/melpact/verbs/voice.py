"""`voice`: sounds → the same in another voice. One of them is in `voice_sounding`, the target in `voice_learning`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from melpact.audio.files import find
from melpact.contract.dialect import dialect
from melpact.core.errors import ContractError, MelpactError, SpecMismatch
from melpact.models.convert.base import Converter
from melpact.models.convert.hearing import SoundListener
from melpact.models.convert.opening import encoder, usual
from melpact.models.convert.settings import Converting
from melpact.models.convert.voice import Target
from melpact.verbs.batch import Failure, Tick, batch
from melpact.verbs.converters import check_asked, opened
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.refining import chosen
from melpact.verbs.targets import Job, plan, sources
from melpact.verbs.voice_learning import DEFAULT_DIALECT, target_of
from melpact.verbs.voice_live import online_sound, sung_live
from melpact.verbs.voice_sounding import Sung, maker, sung


@dataclass(frozen=True)
class VoiceFile:
    """One sound that was written."""

    source: Path
    path: Path
    sung: Sung

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        pitch = None if self.sung.pitch is None else vars(self.sung.pitch)
        live = self.sung.live
        own = {**vars(self.sung), "pitch": pitch, "notes": list(self.sung.notes)}
        own["repairs"] = None if self.sung.repairs is None else vars(self.sung.repairs)
        own["live"] = None if live is None else {**vars(live), "latency": live.latency.to_json()}
        return {"source": str(self.source), "path": str(self.path), **own}


@dataclass(frozen=True)
class VoiceReport:
    """What `voice` did, by what, and what is to be said of it."""

    converter: Converter
    target: Target
    settings: Converting
    vocoder: str
    refiner: str | None
    notes: tuple[str, ...]
    done: list[VoiceFile]
    failed: list[Failure]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        pitch = None if self.target.pitch is None else vars(self.target.pitch)
        return {
            "converter": {
                "method": self.converter.method,
                "title": self.converter.title,
                "fingerprint": self.converter.fingerprint,
            },
            "target": {"title": self.target.title, "fingerprint": self.target.fingerprint, "pitch": pitch},
            "settings": self.settings.model_dump(mode="json"),
            "vocoder": self.vocoder,
            "refiner": self.refiner,
            "notes": list(self.notes),
            "done": [item.to_json() for item in self.done],
            "failed": [{"source": f.item, "error": f.error, "message": f.message} for f in self.failed],
        }


def voice(
    inputs: Sequence[str | Path],
    out: str | Path,
    to: Sequence[str | Path] = (),
    *,
    blend: str | None = None,
    method: str | None = None,
    content: str | Path | None = None,
    settings: Converting | dict[str, Any] | None = None,
    vocoder: str | None = None,
    refiner: str | Path | None = None,
    look_ahead_ms: float | None = None,
    trace: str | Path | None = None,
    progress: Progress | None = None,
) -> VoiceReport:
    """Convert sound files to another voice.

    Args:
        inputs: sound files, folders and patterns.
        out: a folder, in which the structure of an input folder is kept; or the .wav file of a single input.
        to: whom to sound like: a .voice file, or sounds and folders of one voice.
        blend: "A:.7,B:.3" instead.
        method: one of `models.convert.opening.METHODS`; a trained converter's file; or a training. By default what
            `models.convert.opening.usual` says, and "envelope" with `look_ahead_ms`.
        content: a content encoder for retrieval, as `models.convert.opening.encoder` opens it.
        settings: all of them, or those that differ from the defaults, by name.
        vocoder: a vocoder's file or name, or "griffin_lim"; by default what `vocode` takes.
        refiner: of the converted mels, as `models.refine.refiner` opens it, or "default": the shipped one; by default none.
        look_ahead_ms: convert as if the sound were still coming, hearing so far ahead; see `voice_online`.
        trace: a folder for every mel and sound on the way.
        progress: told in files.

    Raises:
        MelpactError: nothing to do, no usable reference, two inputs with one target; or the only input failed.
    """
    progress = progress if progress is not None else Silent()
    asked = _asked(settings)
    ears = None if content is None else encoder(content)
    taken = opened(method, ears)
    spec = dialect(DEFAULT_DIALECT).spec if taken.spec is None else taken.spec
    planned = plan(sources(inputs, find), out, ".wav")
    target, notes, left_out = target_of(to, blend, spec, content=ears)
    if method is None and ears is None and look_ahead_ms is None:
        taken, why = usual(target)
        notes = (*notes, *((f"{taken.method}: {why}",) if why else ()))
    check_asked(taken, asked)
    if taken.spec is not None and target.spec != taken.spec:
        raise SpecMismatch(
            "this voice is of another mel than the converter takes", where="--blend" if blend else "--to",
            next=f"Learn it again from its sounds; {target.spec.diff(taken.spec).summary()}",
        )  # fmt: skip
    target = taken.knowing(target)
    if look_ahead_ms is not None and not (trace is None and refiner is None):
        what = "a trace is" if refiner is None else "refining is"
        flag = "--trace" if refiner is None else "--refine"
        raise ContractError(f"{what} of whole mels", where=f"{flag}, --lookahead-ms", wanted="one of them")
    if look_ahead_ms is not None and isinstance(ears, SoundListener):
        raise ContractError("this content encoder hears whole sounds", where="--content, --lookahead-ms")
    better = None if refiner is None else chosen(refiner, target.spec)
    if look_ahead_ms is None:
        name, sounding = maker(vocoder, target.spec)
    else:
        name, online = online_sound(vocoder, target.spec)
    if len(planned) == 1:
        progress.start(1, "files")

    def work(job: Job, tick: Tick) -> VoiceFile:
        folder = None if trace is None else Path(trace)
        if folder is not None and len(planned) > 1:
            folder = folder / job.source.stem
        try:
            if look_ahead_ms is not None:
                made = sung_live(
                    job.source, job.target, taken, target, asked, online, look_ahead_ms=look_ahead_ms, tick=tick
                )
            else:
                made = sung(job.source, job.target, taken, target, asked, sounding, refiner=better, trace=folder, tick=tick)
        except MelpactError as error:
            error.where = job.source if error.where is None else error.where
            raise
        tick(1)
        return VoiceFile(job.source, job.target, made)

    result = batch(work, planned, jobs=1, progress=progress)
    said = (*notes, *(note for item in result.done for note in item.sung.notes))
    refining = None if better is None else better.name
    unique = tuple(dict.fromkeys(said))
    return VoiceReport(taken, target, asked, name, refining, unique, result.done, [*left_out, *result.failed])


def _asked(settings: Converting | dict[str, Any] | None) -> Converting:
    from pydantic import ValidationError

    if settings is None or isinstance(settings, Converting):
        return Converting() if settings is None else settings
    try:
        return Converting(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = "--" + ".".join(str(part) for part in first["loc"]).removesuffix("_semitones")
        raise ContractError(str(first["msg"]), where=where, got=first["input"]) from None
