"""`train`: begin a training from a recipe, rehearse it, resume it, list the recipes, and write down what came out.

How a training runs is `melpact.train`, which needs torch and is imported when one of these is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from melpact.core.errors import MelpactError, TrainingError

if TYPE_CHECKING:
    from melpact.train.export import Exported
    from melpact.train.recipes import Trained
    from melpact.train.rehearsal import Rehearsed
    from melpact.train.room import Ended, Run, Watch
    from melpact.train.task import Data
    from melpact.verbs.progress import Progress

Which = Literal["best", "last"]
VOICE = "target.voice"
"""In a run's folder: whom a converter is adapted to."""


@dataclass(frozen=True)
class RecipeSheet:
    """A recipe: what it trains, where it comes from, and its settings with their defaults, as plain values."""

    name: str
    title: str
    source: str
    trains: str
    meaning: str
    settings: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "settings": dict(self.settings)}


@dataclass(frozen=True)
class TrainReport:
    """What a run came to: its folder, its last and its best checkpoint, the last validation with nulls and ceilings; the
    voice that a converter was adapted to."""

    folder: Path
    step: int
    last: Path | None
    best: Path | None
    scores: Mapping[str, Any] | None
    steps_per_s: float
    trains: str = "vocoder"
    voice: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        paths = {name: None if (path := getattr(self, name)) is None else str(path) for name in ("last", "best", "voice")}
        return {**vars(self), **paths, "folder": str(self.folder)}


def recipes() -> list[RecipeSheet]:
    """Every recipe, by name.

    Raises:
        MelpactError: torch is not installed.
    """
    _torch()
    from melpact.train.recipes import recipes as known

    return [
        RecipeSheet(name, one.title, one.source, one.trains, _meaning(one.settings), one.settings().model_dump(mode="json"))
        for name, one in known().items()
    ]


def train_vocoder(
    recipe: str,
    data: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    finetune: str | Path | None = None,
    mels: str | Path | None = None,
    speech: str | Path | None = None,
    device: str | None = None,
    watch: Watch | None = None,
    progress: Progress | None = None,
) -> TrainReport:
    """Train a vocoder by a recipe.

    Args:
        recipe: its name.
        data: folder of a packed corpus.
        out: folder of the run; a run that is there already is not touched.
        changes: of its settings; "optimiser.lr" is a field within a field.
        debug: begin from the settings of the recipe's debug twin.
        finetune: what to begin from: a vocoder's file, a published checkpoint, a run, or one that comes with the package.
        mels: folder of mels that another model predicts for sounds of the corpus; each is verified beside its sound, and
            they are mixed with the sounds' own mels by the setting `predicted_ratio`.
        speech: instead, a speech model (a `.speech` file, a run, or the one that ships): its mels of the corpus, given their
            truth, are made in the run's folder first. progress: told while they are.
        device: as torch says it; an accelerator where there is one by default.
        watch: told of every step.

    Raises:
        MelpactError: no such recipe or setting, data that does not fit, a run that is there already, a run that collapsed
            (the message names the last good state).
    """
    _torch()
    from melpact.train.room import go

    folder = _free(out)
    _trains(recipe, "vocoder")
    changes, prepare = dict(changes or {}), None
    if speech is not None:
        from melpact.verbs.train_speech import forced_mels

        if mels is not None:
            raise TrainingError("are both given", where="--mels, --speech", wanted="one of them")
        mels = forced_mels(speech, data, folder, debug=debug, device=device, watch=watch, progress=progress)
    if finetune is not None:
        from melpact.train.beginning import put, settings_of, vocoder_at

        found = vocoder_at(finetune)
        changes, prepare = {**settings_of(found), **changes}, put(found)
    run = _run(recipe, data, changes, debug, {"finetune": finetune, "mels": mels})
    corpus = _corpus(run, watch)
    return _report(go(run, folder, corpus, device=device, watch=watch, prepare=prepare), run)


def train_refiner(
    recipe: str,
    data: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    finetune: str | Path | None = None,
    device: str | None = None,
    watch: Watch | None = None,
) -> TrainReport:
    """Train a refiner by a recipe, on the mels of a corpus and what the recipe does to them.

    Args:
        recipe, data, out, changes, debug, device, watch: as `train_vocoder`; the setting `pairs` takes a user's own.
        finetune: what to begin from: a `.refiner` file or a run, of one pass or of diffusion.

    Raises:
        MelpactError: as `train_vocoder`.
    """
    _torch()
    from melpact.train.room import go

    folder = _free(out)
    _trains(recipe, "refiner")
    changes, prepare = dict(changes or {}), None
    if finetune is not None:
        from melpact.train.beginning import put_refiner, refiner_at, settings_of_refiner

        facts, weights = refiner_at(finetune)
        changes, prepare = {**settings_of_refiner(facts), **changes}, put_refiner(facts, weights)
    run = _run(recipe, data, changes, debug, {"finetune": finetune})
    return _report(go(run, folder, _corpus(run, watch), device=device, watch=watch, prepare=prepare), run)


def train_content(
    recipe: str,
    data: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    device: str | None = None,
    watch: Watch | None = None,
) -> TrainReport:
    """Train a content encoder by a recipe: what is spoken, whoever speaks.

    Args:
        recipe, data, out, changes, debug, device, watch: as `train_vocoder`; the setting `teacher` is the file of what a
            recogniser hears in the corpus.

    Raises:
        MelpactError: as `train_vocoder`.
    """
    _torch()
    from melpact.train.room import go

    folder = _free(out)
    _trains(recipe, "content")
    run = _run(recipe, data, changes, debug, {})
    return _report(go(run, folder, _corpus(run, watch), device=device, watch=watch), run)


def train_aligner(
    recipe: str,
    data: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    device: str | None = None,
    watch: Watch | None = None,
) -> TrainReport:
    """Train an aligner by a recipe: when each sound of a corpus's texts is said.

    Args:
        recipe, data, out, changes, debug, device, watch: as `train_vocoder`.

    Raises:
        MelpactError: as `train_vocoder`; no texts, or in no language that espeak-ng has.
    """
    _torch()
    from melpact.train.room import go

    folder = _free(out)
    _trains(recipe, "aligner")
    run = _run(recipe, data, changes, debug, {})
    return _report(go(run, folder, _corpus(run, watch), device=device, watch=watch), run)


def train_codec(
    recipe: str,
    data: str | Path,
    out: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    finetune: str | Path | None = None,
    device: str | None = None,
    watch: Watch | None = None,
) -> TrainReport:
    """Train a waveform codec by a recipe.

    Args:
        recipe, data, out, changes, debug, device, watch: as `train_vocoder`; the setting `begin` takes players of another
            run's checkpoint.
        finetune: what both players begin from: a `.codec` file, a run, or the codec that ships, by its name.

    Raises:
        MelpactError: as `train_vocoder`.
    """
    _torch()
    from melpact.train.room import go

    folder = _free(out)
    _trains(recipe, "codec")
    if finetune is not None:
        from melpact.train.beginning import settings_of_codec

        changes = {**settings_of_codec(finetune), **(changes or {})}
    run = _run(recipe, data, changes, debug, {})
    return _report(go(run, folder, _corpus(run, watch), device=device, watch=watch), run)


def rehearse(
    recipe: str,
    data: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    debug: bool = False,
    device: str | None = None,
) -> Rehearsed:
    """What a training would be: shapes, parameters, memory and the time of one step; nothing is written.

    Raises:
        MelpactError: as `train_vocoder`.
    """
    _torch()
    from melpact.train.loop import Trainer
    from melpact.train.recipes import recipe as named
    from melpact.train.rehearsal import rehearse as rehearsed
    from melpact.train.runtime import runtime

    run = _run(recipe, data, changes, debug, {})
    settings, corpus = run.settings, _corpus(run, None)
    with runtime(device, settings.precision, deterministic=settings.deterministic) as place:
        return rehearsed(Trainer(named(recipe).build(settings, corpus), settings, place))


def resume(
    folder: str | Path,
    *,
    changes: Mapping[str, Any] | None = None,
    device: str | None = None,
    watch: Watch | None = None,
) -> TrainReport:
    """Go on with a run from its last whole checkpoint; the result is that of a run that was never interrupted.

    Args:
        folder: of the run.
        changes: of its settings, where it should go on differently ("steps").
        device, watch: as `train_vocoder`.

    Raises:
        MelpactError: no run there, another corpus than it was begun with, or as `train_vocoder`.
    """
    _torch()
    from melpact.train.room import Run, go
    from melpact.verbs.train_speech import JOB, resumed

    if (Path(folder) / JOB).is_file():
        return resumed(Path(folder), changes or {}, device, watch)
    run = Run.load(Path(folder)).changed(changes or {})
    return _report(go(run, Path(folder), _corpus(run, watch), device=device, watch=watch), run)


def export(
    where: str | Path, out: str | Path, *, which: Which = "best", data: str | Path | None = None, dialect: str | None = None
) -> Exported:
    """Write what a run trained as the file that a command takes after --with, --method or --vae.

    Args:
        where: the run's folder, or a checkpoint; or a `.vae` file or folder of AutoencoderKL: written as NAME.vae, with a
            prior counted on `data`, or as NAME.onnx.
        out: NAME.vocoder, NAME.refiner, NAME.content, NAME.converter, NAME.codec, NAME.vae, NAME.speech or NAME.alignment,
            by what the run trained.
        which: the checkpoint of a folder: the best by its score (the last where none has one), or the last.
        data: packed corpus on which a VAE's prior is counted, or which an aligner aligns; that of the run by default.
        dialect: the mel of a folder of AutoencoderKL, where its family is not known.

    Raises:
        MelpactError: no checkpoint there, or the file cannot be written.
    """
    _torch()
    from melpact.models.codec.vae.facts import SUFFIX as VAE
    from melpact.models.codec.waveform.facts import SUFFIX as CODEC
    from melpact.models.convert.content import SUFFIX as CONTENT
    from melpact.models.convert.gan_facts import SUFFIX as CONVERTER
    from melpact.models.refine.facts import SUFFIX as REFINER
    from melpact.models.speech.facts import SUFFIX as SPEECH
    from melpact.train.alignment import SUFFIX as ALIGNMENT
    from melpact.train.export import export as written
    from melpact.vocoders.opening import SUFFIX as VOCODER

    target = Path(out)
    if target.suffix.lower() not in (VOCODER, REFINER, CONTENT, CONVERTER, CODEC, VAE, SPEECH, ALIGNMENT, ".onnx"):
        known = (VOCODER, REFINER, CONTENT, CONVERTER, CODEC, VAE, SPEECH)
        wanted = f"{', '.join(f'NAME{suffix}' for suffix in known)} or NAME{ALIGNMENT}"
        raise TrainingError("says no kind of file", where=target, wanted=wanted)
    return written(where, target, which, data, dialect)


def _meaning(settings: type) -> str:
    """What the settings mean: the docstrings of the record and of those that it extends."""
    ours = [kind for kind in settings.__mro__ if kind.__module__.startswith("melpact.train")]
    docs = [inspect.cleandoc(kind.__doc__ or "") for kind in ours]
    return "\n\n".join(docs)


def _free(out: str | Path) -> Path:
    """The folder of a run that is to begin."""
    from melpact.train.room import RUN

    folder = Path(out)
    if (folder / RUN).exists():
        raise TrainingError(
            "there is a run already", where=folder, next=f"Go on with it: melpact train resume {folder}; or give another -o"
        )
    return folder


def _trains(recipe: str, what: Trained) -> None:
    """Refuse a recipe of something else."""
    from melpact.train.recipes import recipe as named

    trains = named(recipe).trains
    if trains != what:
        raise TrainingError(f"is a recipe of a {trains}", where=recipe, next=f"melpact train {trains} --recipe {recipe} …")


def _run(
    recipe: str, data: str | Path, changes: Mapping[str, Any] | None, debug: bool, extra: Mapping[str, str | Path | None]
) -> Run:
    from melpact.train.recipes import recipe as named
    from melpact.train.room import Run
    from melpact.vocoders.shipped import is_shipped

    chosen = named(recipe)
    settings = chosen.made(changes or {}, base=chosen.debug if debug else None)
    given = {
        name: str(path) if is_shipped(str(path)) else str(Path(path).resolve())
        for name, path in extra.items()
        if path is not None
    }
    return Run(recipe, settings, str(Path(data).resolve()), given)


def _corpus(run: Run, watch: Watch | None) -> Data:
    """The data of a run; what has to be known of it is said."""
    from melpact.train.data import CorpusData
    from melpact.train.predicted import PredictedData
    from melpact.train.recipes._speaking import ReadTraining
    from melpact.train.recipes._vocoding import VocoderTraining, spec_of

    corpus: CorpusData | PredictedData = CorpusData(run.data, getattr(run.settings, "language", ""))
    if isinstance(corpus, CorpusData) and isinstance(run.settings, ReadTraining):
        _ = corpus.texts
    if "mels" in run.extra and isinstance(corpus, CorpusData) and isinstance(run.settings, VocoderTraining):
        corpus = PredictedData(corpus, run.extra["mels"], spec_of(run.settings), run.settings.predicted_ratio)
    if watch is not None:
        for note in corpus.notes:
            watch.said(note)
    return corpus


def _report(ended: Ended, run: Run) -> TrainReport:
    from melpact.train.recipes import recipe as named

    voice = ended.folder / VOICE
    return TrainReport(**vars(ended), trains=named(run.recipe).trains, voice=voice if voice.exists() else None)


def _torch() -> None:
    try:
        import melpact.nn.torch_runtime  # noqa: F401
    except ImportError:
        raise MelpactError("training needs torch", where="melpact train", next="pip install 'melpact[train]'") from None
