"""`train speech`: from a corpus with texts to a model that speaks, in stages that are each resumed: samples, tokens,
aligner, alignment, model; and mels of that model for a vocoder to learn.

All of it lies in the run's folder; `speech.json` there says what was asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from melpact.core.atomic import replaced
from melpact.core.errors import TrainingError
from melpact.verbs.train import TrainReport, _report, _run, _torch, _trains

if TYPE_CHECKING:
    from melpact.train.data import CorpusData
    from melpact.train.room import Run, Watch
    from melpact.verbs.progress import Progress

RECIPE, ALIGNER = "speech", "aligner"
JOB, PACKED, ALIGNMENT, MELS = "speech.json", "packed", "corpus.alignment", "mels"
FINETUNING: Mapping[str, Any] = MappingProxyType(
    {
        "steps": 2000, "adversarial_from": 400, "optimiser.lr": 2e-4, "optimiser.warmup_steps": 50, "ema_decay": 0.995,
        "validate_every": 250, "save_every": 100, "batch_size": 8,
    }
)  # fmt: skip
"""What differs from the recipe where a model goes on with a voice of one's own."""
_SHOWN = 5


@dataclass(frozen=True)
class Job:
    """What was asked. Changes that begin with "aligner." are the aligner's.

    Attributes:
        data: manifest or packed corpus. finetune: what the model begins from.
    """

    data: str
    recipe: str = RECIPE
    changes: Mapping[str, Any] = field(default_factory=dict)
    debug: bool = False
    finetune: str | None = None

    def facts(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "changes": dict(self.changes)}

    def save(self, folder: Path) -> None:
        """Write it into the folder.

        Raises:
            TrainingError: the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replaced(folder / JOB) as temporary:
                temporary.write_text(json.dumps(self.facts(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        except OSError as error:
            raise TrainingError(f"cannot be written: {error.strerror or error}", where=folder) from error

    @classmethod
    def load(cls, folder: Path) -> Job:
        """What `save` wrote.

        Raises:
            TrainingError: there is none, or it says something else.
        """
        try:
            return cls(**json.loads((folder / JOB).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError("does not say what was asked", where=folder / JOB, got=str(error)[:80]) from None


def train_speech(
    data: str | Path,
    out: str | Path,
    *,
    recipe: str = RECIPE,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    finetune: str | Path | None = None,
    device: str | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> TrainReport:
    """Train a model that speaks, from a corpus whose utterances say what is spoken; the same command goes on where it was
    interrupted.

    Args:
        data: manifest, or folder of a packed corpus.
        out: folder of the run, which keeps everything: samples (where a manifest is given), aligner, alignment, model.
        changes: of the recipe's settings; "aligner.steps" is one of the aligner's.
        finetune: what to begin from: a `.speech` file, a run, or the one that comes with the package, by its name.
        progress: told in utterances, while they are packed and aligned.
        recipe, debug, device, watch: as `train_vocoder`.

    Raises:
        MelpactError: as `train_vocoder`; no texts, or in no language that espeak-ng has; another run in the folder.
    """
    from melpact.models.speech.shipped import SPEAKER

    _torch()
    _trains(recipe, "speech")
    folder = Path(out)
    begun = None if finetune is None else str(finetune) if str(finetune) == SPEAKER else str(Path(finetune).resolve())
    job = Job(str(Path(data).resolve()), recipe, dict(changes or {}), debug, begun)
    if (folder / JOB).exists():
        if Job.load(folder).facts() != json.loads(json.dumps(job.facts())):
            raise TrainingError(
                "there is another run already", where=folder,
                next=f"Go on with it: melpact train resume {folder}; or give another -o",
            )  # fmt: skip
    elif (folder / "run.json").exists():
        raise TrainingError("there is a run already", where=folder, next="Give another -o")
    return _done(job, folder, {}, device, watch, progress)


def resumed(
    folder: Path, changes: Mapping[str, Any], device: str | None, watch: Watch | None, progress: Progress | None = None
) -> TrainReport:
    """Go on with what was asked, with some settings changed.

    Raises:
        MelpactError: as `train_speech`.
    """
    return _done(Job.load(folder), folder, changes, device, watch, progress)


def _done(
    job: Job, folder: Path, later: Mapping[str, Any], device: str | None, watch: Watch | None, progress: Progress | None
) -> TrainReport:
    from melpact.train.room import RUN, Run, go

    job = Job(job.data, job.recipe, {**job.changes, **later}, job.debug, job.finetune)
    alone, prepare = _aligner_run(job), None
    if (folder / RUN).exists():
        run = Run.load(folder).changed(_split(later)[0])
    else:
        run, prepare = _planned(job, folder)
    job.save(folder)
    packed = _packed(job.data, folder, run, watch, progress)
    data = _read(packed, run, watch)
    _aligned(data, folder, alone, device, watch, progress)
    run = Run(run.recipe, run.settings, str(packed.resolve()), run.extra)
    return _report(go(run, folder, data, device=device, watch=watch, prepare=prepare), run)


def _split(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Changes of the model's settings, and of the aligner's."""
    prefix = f"{ALIGNER}."
    aligner = {name.removeprefix(prefix): value for name, value in changes.items() if name.startswith(prefix)}
    return {name: value for name, value in changes.items() if not name.startswith(prefix)}, aligner


def _planned(job: Job, folder: Path) -> tuple[Run, Any]:
    """The model's run, and what is put into it before it begins."""
    asked: dict[str, Any] = {}
    prepare = None
    if job.finetune is not None:
        from melpact.train.beginning import put_speech

        asked, prepare = put_speech(job.finetune, folder)
        asked = {**({} if job.debug else FINETUNING), **asked}
    made = {**asked, **_split(job.changes)[0]}
    made.setdefault("alignment", str((folder / ALIGNMENT).resolve()))
    return _run(job.recipe, job.data, made, job.debug, {"finetune": job.finetune}), prepare


def _aligner_run(job: Job) -> Run:
    model, changes = _split(job.changes)
    shared: dict[str, Any] = {name: model[name] for name in ("dialect", "language", "seed") if name in model}
    return _run(ALIGNER, job.data, {**shared, **changes}, job.debug, {})


def _packed(data: str, folder: Path, run: Run, watch: Watch | None, progress: Progress | None) -> Path:
    """The packed corpus: the one that is given, or the manifest's, made in the run's folder."""
    from melpact.corpus.manifest import Manifest
    from melpact.corpus.packed import INDEX
    from melpact.train.recipes._speaking import ReadTraining
    from melpact.verbs.corpus import pack

    path = Path(data)
    if path.is_dir() or path.name == INDEX:
        return path if path.is_dir() else path.parent
    if not isinstance(run.settings, ReadTraining):
        raise TrainingError("is no recipe of speech", where=run.recipe)
    manifest, passed = Manifest.readable(path)
    _tell(watch, passed, "lines of the manifest")
    usable = folder / "corpus.jsonl"
    silent = [one.id for one in manifest if not one.text.strip()]
    if len(silent) == len(manifest):
        raise TrainingError(
            "no utterance says what is spoken", where=path, got=f"{len(manifest)} utterances, all with an empty text",
            next="melpact corpus import knows the layouts of corpora that come with texts",
        )  # fmt: skip
    _tell(watch, silent, "utterances without a text")
    manifest.only(lambda one: bool(one.text.strip())).save(usable)
    report = pack(usable, folder / PACKED, run.settings.spec.sample_rate, jobs=1, progress=progress)
    _tell(watch, [f"{one.item}: {one.message}" for one in report.failed], "utterances")
    return folder / PACKED


def _read(packed: Path, run: Run, watch: Watch | None) -> CorpusData:
    """The corpus with its tokens."""
    from melpact.train.data import CorpusData

    data = CorpusData(packed, getattr(run.settings, "language", ""))
    _ = data.texts
    if watch is not None:
        for note in data.notes:
            watch.said(note)
    return data


def _aligned(
    data: CorpusData, folder: Path, run: Run, device: str | None, watch: Watch | None, progress: Progress | None
) -> Path:
    """The alignment of the corpus, made by an aligner that is trained on it where there is none yet."""
    from melpact.core.errors import ArtifactError
    from melpact.train.alignment import Alignment
    from melpact.train.export import chosen
    from melpact.train.export_speech import aligned
    from melpact.train.room import Run, go

    path, own = folder / ALIGNMENT, folder / ALIGNER
    try:
        if Alignment.load(path).read == data.read_fingerprint:
            return path
    except ArtifactError:
        pass
    run = Run(run.recipe, run.settings, str(data.folder.resolve()), run.extra)
    go(run, own, data, device=device, watch=watch)
    total = len(data.lines()) + len(data.validation_lines(1_000_000))
    if progress is not None:
        progress.start(total, "utterances")
    try:
        made = aligned(chosen(own), data, progress.advance if progress is not None else lambda _: None)
    finally:
        if progress is not None:
            progress.done()
    if watch is not None and len(made.durations) < total:
        watch.said(f"{total - len(made.durations)} of {total} utterances are left out, shorter than their text can be")
    return made.save(path)


def _tell(watch: Watch | None, passed: Any, what: str) -> None:
    if watch is not None and passed:
        more = f"; and {len(passed) - _SHOWN} more" if len(passed) > _SHOWN else ""
        watch.said(f"{len(passed)} {what} are passed over: {'; '.join(passed[:_SHOWN])}{more}")


def forced_mels(
    speech: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    debug: bool = False,
    device: str | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> Path:
    """Mels of a speech model for every utterance of a corpus, given their truth, in `out`/mels; what is there already stays.

    Args:
        speech: a `.speech` file, a run, or the one that comes with the package, by its name.
        data: packed corpus with texts. Where it is not the one that a run was trained on, an aligner is trained on it.
        out: folder of the vocoder's run.
        debug: the aligner on a small scale.

    Raises:
        MelpactError: as `train_speech`.
    """
    _torch()
    from melpact.core.errors import ArtifactError
    from melpact.train.alignment import Alignment
    from melpact.train.beginning import speech_at
    from melpact.train.forced import forced

    folder = Path(out)
    facts, weights, settings = speech_at(speech)
    run = _run(ALIGNER, data, {"dialect": settings["dialect"], "language": settings["language"]}, debug, {})
    corpus = _read(Path(data), run, watch)
    try:
        alignment = Alignment.load(settings["alignment"])
        alignment.check(corpus.read_fingerprint)
    except (ArtifactError, TrainingError):
        alignment = Alignment.load(_aligned(corpus, folder, run, device, watch, progress))
    if progress is not None:
        progress.start(len(alignment.durations), "mels")
    try:
        advance = progress.advance if progress is not None else lambda _: None
        made, passed = forced(facts, weights, alignment, corpus, folder / MELS, voice=settings["voice"], advance=advance)
    finally:
        if progress is not None:
            progress.done()
    _tell(watch, passed, "utterances")
    if watch is not None:
        watch.said(f"{made} mels of {Path(speech).name} lie in {folder / MELS}")
    return folder / MELS
