"""`laboratory`: what refiners, mismatches and degradations do to sound, and what repairs them, as one page.

Opens files, refiners and vocoders; what is measured with them is in `melpact.bench.collapse`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.audio.files import find, read
from melpact.audio.samples import names as shipped_prompts
from melpact.audio.samples import resolve
from melpact.bench.cache import sources_digest
from melpact.bench.collapse.dose import broken_sounds
from melpact.bench.collapse.lab import SMOOTHED, Participants, Plan, Suite, laboratory
from melpact.bench.collapse.page import page
from melpact.bench.collapse.parts import Clip, Maker, Treatment, average_pool, unchanged
from melpact.bench.collapse.result import LabReport
from melpact.bridges.ways import bridge
from melpact.contract.artifact import replacing
from melpact.contract.dialect import Dialect
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.degradations.kinds import degradations
from melpact.models.refine.affine import Affine
from melpact.models.refine.base import Refiner
from melpact.models.refine.opening import refiner as open_refiner
from melpact.models.refine.settings import Refining
from melpact.models.refine.shipped import NAMES as SHIPPED_REFINERS
from melpact.normalise.calibration import pair
from melpact.pipeline.bridging import class_of
from melpact.verbs.meaning import Changes, described
from melpact.verbs.pairing import texts as read_texts
from melpact.verbs.progress import Progress, Silent
from melpact.verbs.targets import output_folder
from melpact.vocoders.griffin_lim.vocoder import invert
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import vocoder as open_vocoder
from melpact.vocoders.shipped import NAMES as SHIPPED_VOCODERS

DEFAULT = "hifigan_22k"
INVERSION, UNTRAINED, POOL, AFFINE = "griffin_lim", "untrained", "average_pool", "affine"
CLIPS, SECONDS, QUICK_CLIPS, QUICK_SECONDS = 8, 4.0, 2, 2.5


@dataclass(frozen=True)
class Made:
    """The report, and the files it was written to."""

    report: LabReport
    html: Path
    json: Path

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"html": str(self.html), "json": str(self.json), **self.report.to_json()}


def run_laboratory(
    sounds: Sequence[str | Path],
    out: str | Path,
    *,
    refiners: Sequence[str | Path] = (),
    settings: Refining | None = None,
    vocoders: Sequence[str | Path] = (),
    finetuned: str | Path | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    changes: Changes | None = None,
    suite: Suite = "speech",
    text: Mapping[str, str] | str | Path | None = None,
    clips: int | None = None,
    seconds: float | None = None,
    n_doses: int | None = None,
    quick: bool = False,
    seed: int = 0,
    cache: bool = True,
    progress: Progress | None = None,
) -> Made:
    """Measure and write the page.

    Args:
        sounds: files and folders; the shipped recordings where none are given. Of more than `clips` files as
            many of every input, evenly spread.
        out: folder for laboratory.html and laboratory.json.
        refiners: names and files; those that come with the package where none are named. A line per band fitted to
            over-smoothed mels of the shipped recordings, and a published average pool, are always beside them.
        settings: how the refiners are asked.
        vocoders: names and files, the first is that of chapters 3 and 4; the shipped ones where none are named. The
            inversion and a network of random weights are always beside them.
        finetuned: a vocoder that was trained on to such mels, for chapter 4.
        dialect, changes: the mel of everything; that of the first vocoder, else hifigan_22k.
        suite: "speech" or "singing": which metrics.
        text: utterance → what is said, or a table of it.
        clips, seconds: how many sounds, and how much of the beginning of each.
        n_doses: per fault and degradation.
        quick: two short clips and a few doses: to see the page, not to quote it.
        cache: whether what was measured before is used, and kept; an interrupted run goes on where it stopped.

    Raises:
        MelpactError: no sounds, a refiner or vocoder that cannot be opened, a folder that cannot be written.
    """
    from melpact.features.lane_cache import cache_folder

    for name, number in (("clips", clips), ("seconds", seconds), ("doses", n_doses)):
        if number is not None and not number > 0:
            raise MelpactError("has to be above zero", where=f"--{name}", got=f"{number:g}")
    progress = progress if progress is not None else Silent()
    folder = output_folder(out)
    opened = [(_label(one), open_vocoder(one)) for one in (vocoders or SHIPPED_VOCODERS) if str(one) != INVERSION]
    spec = described(dialect, changes) if dialect is not None else _spec_of(opened, changes)
    plan = Plan.quick(suite, seed) if quick else Plan(suite=suite, seed=seed)
    plan = plan.model_copy(update={"n_doses": n_doses}) if n_doses is not None else plan
    texts = read_texts(text) if isinstance(text, str | Path) else dict(text or {})
    count, length = (QUICK_CLIPS, QUICK_SECONDS) if quick else (CLIPS, SECONDS)
    heard, failed = _clips(sounds, spec, texts, clips or count, seconds or length)
    who = _participants(refiners, settings, opened, bool(vocoders) and str(vocoders[0]) == INVERSION, finetuned, spec, seed)
    try:
        report = laboratory(
            heard, who, plan, cache=cache_folder() / "evaluate" if cache else None, start=progress.start,
            advance=progress.advance,
        )  # fmt: skip
    finally:
        progress.done()
    report = report.model_copy(update={"failed": (*report.failed, *failed)})
    first = next(iter(report.metrics))
    higher = report.metrics[first].better == "higher"
    broken = broken_sounds(heard[0], who.main, report.doses, first, higher=higher, seed=seed)
    whole = page(report, *_examples(heard[0], who), broken)
    paths = folder / "laboratory.html", folder / "laboratory.json"
    said = json.dumps(report.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    for path, words in zip(paths, (whole, said), strict=True):
        with replacing(path) as file:
            file.write(words.encode())
    return Made(report, *paths)


def _label(one: str | Path) -> str:
    return Path(one).stem if Path(str(one)).suffix else str(one)


def _spec_of(opened: Sequence[tuple[str, NeuralVocoder]], changes: Changes | None) -> MelSpec:
    return described(opened[0][1].spec if opened else DEFAULT, changes)


def _clips(
    sounds: Sequence[str | Path], spec: MelSpec, texts: Mapping[str, str], count: int, seconds: float
) -> tuple[list[Clip], list[str]]:
    """Clips, and the files that cannot be used."""
    given = list(sounds) or [f"sample:{name}" for name in shipped_prompts()]
    files = spread([find([resolve(str(one))]) for one in given], count)
    heard: list[Clip] = []
    failed: list[str] = []
    for path in files:
        name = path.stem if all(clip.name != path.stem for clip in heard) else str(path)
        try:
            heard.append(Clip.of(name, read(path, duration_s=seconds).mono(), spec, texts.get(path.stem)))
        except MelpactError as error:
            failed.append(str(error))
    if not heard:
        raise MelpactError("no sound can be used", where="laboratory", got=failed[0] if failed else None)
    return heard, failed


def spread(found: Sequence[Sequence[Path]], count: int) -> list[Path]:
    """At most `count` files: as many of every input as there are, evenly spread over each."""
    shares = [0] * len(found)
    while sum(shares) < count and any(taken < len(files) for taken, files in zip(shares, found, strict=True)):
        room = [i for i, files in enumerate(found) if shares[i] < len(files)]
        shares[min(room, key=lambda i: (shares[i], i))] += 1
    chosen = [files[i * len(files) // n] for files, n in zip(found, shares, strict=True) for i in range(n)]
    return list(dict.fromkeys(chosen))


def _participants(
    refiners: Sequence[str | Path],
    settings: Refining | None,
    opened: Sequence[tuple[str, NeuralVocoder]],
    inversion_first: bool,
    finetuned: str | Path | None,
    spec: MelSpec,
    seed: int,
) -> Participants:
    missing: dict[str, str] = {}
    treatments = [unchanged()]
    for one in refiners or SHIPPED_REFINERS:
        if str(one) in (AFFINE, POOL):
            continue
        found = open_refiner(one)
        if found.spec is not None and found.spec != spec:
            missing[_label(one)] = f"takes another mel: {spec.diff(found.spec).summary()}"
        else:
            treatments.append(_refined(_label(one), found, settings))
    treatments += [_refined(AFFINE, fitted(spec, seed), None), average_pool()]
    title = "the mel's inversion, without a model"
    inversion = Maker(INVERSION, title, _inversion_key(), "signal processing", _invert(seed))
    trained = []
    for name, maker in opened:
        made = _maker(name, maker, spec, "trained", missing)
        trained += [made] if made is not None else []
    untrained = _untrained(spec, seed, missing)
    makers = [inversion, *trained, *([untrained] if untrained is not None else [])]
    main = inversion if inversion_first or not trained else trained[0]
    tuned = None
    if finetuned is not None:
        tuned = _maker("fine-tuned", open_vocoder(finetuned), spec, "fine-tuned", missing)
    return Participants(treatments, makers, main, tuned, missing)


def fitted(spec: MelSpec, seed: int = 0) -> Affine:
    """A line per band from over-smoothed to natural mels of the shipped recordings: what a mere calibration can do."""
    kind = degradations()[SMOOTHED]
    pairs = []
    for i, name in enumerate(shipped_prompts()):
        clip = Clip.of(name, read(resolve(f"sample:{name}")).mono(), spec)
        pairs.append(pair(name, kind.apply(clip.mel, kind.doses[1], np.random.default_rng([seed, i])), clip.mel))
    return Affine.fit(pairs)


def _refined(name: str, found: Refiner, settings: Refining | None) -> Treatment:
    asked = (settings or Refining()).model_dump_json()
    return Treatment(name, found.title, f"{found.fingerprint} {asked}", lambda mel: found(mel, settings))


def _inversion_key() -> str:
    root = Path(__file__).parents[1]
    return sources_digest((root / "vocoders" / "griffin_lim", root / "features"))


def _invert(seed: int) -> Callable[[Mel], Audio]:
    return lambda mel: invert(mel, effort="fast", seed=seed)


def _maker(name: str, maker: NeuralVocoder, spec: MelSpec, kind: Any, missing: dict[str, str]) -> Maker | None:
    """A vocoder as it takes the laboratory's mels; None, with the reason in `missing`, where only an estimate would do."""
    way = bridge(spec, maker.spec)
    if maker.spec != spec and class_of(way) != "exact":
        missing[name] = f"takes another mel: {way.difference.summary()}"
        return None
    if maker.takes.driven_by_pitch:
        missing[name] = "is driven by a pitch, which a changed mel does not have"
        return None
    key = f"{maker.fingerprint} {maker.runtime.name}"
    title = f"{maker.family}, {maker.n_weights} weights"
    return Maker(name, title, key, kind, maker if maker.spec == spec else lambda mel: maker(way.apply(mel)))


def _untrained(spec: MelSpec, seed: int, missing: dict[str, str]) -> Maker | None:
    """A small network of random weights that takes the mel."""
    from melpact.vocoders.families import family

    sizes = {
        **family("vocos").small, "n_mels": spec.n_mels, "n_fft": spec.n_fft, "hop_length": spec.hop_length,
        "padding": "same" if spec.padding == "same" else "center",
    }  # fmt: skip
    try:
        maker = NeuralVocoder.fresh("vocos", sizes, spec, seed=seed)
    except MelpactError as error:
        missing[UNTRAINED] = str(error).rstrip(".")
        return None
    return _maker(UNTRAINED, maker, spec, "untrained", missing)


def _examples(clip: Clip, who: Participants) -> tuple[list[tuple[str, Audio]], list[tuple[str, Mel]]]:
    """Sounds to hear and mels to see, of one clip."""
    sounds = [(f"{clip.name}: the recording", clip.audio)]
    mels: list[tuple[str, Mel]] = []
    for treatment in who.refiners:
        try:
            mel = treatment.apply(clip.mel)
        except MelpactError:
            continue
        mels.append((treatment.name, mel))
        for maker in who.makers:
            try:
                sounds.append((f"{treatment.name}, {maker.name}", maker.sound(mel)))
            except MelpactError:
                continue
    return sounds, mels
