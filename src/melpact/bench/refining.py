"""Refiners on spoilt mels: one clip through every degradation, dose and refiner, measured as a mel and after a vocoder.

What a worker does with one clip, start to end, kept side by side in the bench's cache so that an interrupted run goes on.
What the numbers of all clips say together is in `refine_table`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.align import pair
from melpact.bench.anchor import Scene, anchors
from melpact.bench.cache import Found, Given, Shelf, anchor_digest, metric_key, sound_digest
from melpact.bench.metric import Metric, metrics
from melpact.bench.refine_null import Line, straightened
from melpact.bench.refine_opening import INVERSIONS, REFINING, SPOILING, code, opened, vocoder_digest, vocoder_of
from melpact.bench.run import in_unit
from melpact.bench.sound import Sound
from melpact.bench.task import METRICS, Outcome, load, observed
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.core.records import digest
from melpact.degradations.kinds import degradation
from melpact.degradations.pairs import fault_of
from melpact.features.analysis import extract, to_rate
from melpact.models.refine.base import Refiner
from melpact.models.refine.settings import Refining
from melpact.normalise.calibration.pairs import FRAMES_APART

MEL, COST = "mel", "cost"
"""Found beside the metrics: the distance of the mels themselves, and ms of one core per second of sound to refine."""
BYPASS, AFFINE, CLEAN = "bypass", "affine", "clean"
"""Left alone; a line per band, fitted to this very degradation and dose on other clips; never spoilt (the ceiling)."""
PREDICTED = "predicted"
"""The condition in which each clip's own predicted mel is given."""
BESIDE = ("shaped_noise", "constant_mel", "true_phase")


@dataclass(frozen=True)
class Condition:
    """A degradation at a dose; or what a model predicted for the clips, which has none."""

    degradation: str
    dose: float | None = None

    @property
    def label(self) -> str:
        """As it is written on the command line."""
        return self.degradation if self.dose is None else f"{self.degradation}:{self.dose:g}"


@dataclass(frozen=True)
class Arm:
    """A refiner as it is asked to work.

    Attributes:
        name: in the table.
        refiner: a file, the name of a shipped one, or a refiner.
        settings: None: the refiner's own.
    """

    name: str
    refiner: str | Path | Refiner
    settings: Refining | None = None

    def parts(self) -> list[Any]:
        """What its mels depend on."""
        asked = opened(self.refiner).asked(self.settings)
        return [opened(self.refiner).fingerprint, asked.model_dump(mode="json")]


@dataclass(frozen=True)
class Refinery:
    """What is the same for every clip.

    Attributes:
        spec: of the mels; the rate of the comparison is its own.
        conditions, arms: what is tried; every arm on every condition.
        stepped: arms that are tried on one condition of each clip only.
        vocoder: a file, the name of a shipped one, "griffin_lim" or "griffin_lim_fast".
        metrics: of the sound, names. seconds: of each clip, from its start. seed: of everything random. cache: folder, or
            None.
    """

    spec: MelSpec
    conditions: tuple[Condition, ...]
    arms: tuple[Arm, ...]
    metrics: tuple[str, ...]
    stepped: tuple[Arm, ...] = ()
    vocoder: str = INVERSIONS[0]
    seconds: float | None = None
    seed: int = 0
    cache: Path | None = None

    def chosen(self) -> dict[str, Metric]:
        """The metrics of the sound by name, in the unit of the mel."""
        known = metrics()
        return {name: in_unit(known[name], self.spec) for name in self.metrics}

    def every(self) -> dict[str, Metric]:
        """The distance of the mels and the metrics of the sound."""
        return {MEL: mel_metric(self.spec), **self.chosen()}


@dataclass(frozen=True)
class Clip:
    """One clip that no refiner was trained on.

    Attributes:
        lines: label of a condition → what the affine null does there.
        predicted: the file of the mel that a model predicted for it, if any.
        stepped: the condition on which `Refinery.stepped` is tried; None: on none.
    """

    name: str
    original: Given
    lines: Mapping[str, Line] = field(default_factory=dict)
    stepped: Condition | None = None
    predicted: Path | None = None


def side(condition: Condition | None, arm: str) -> str:
    """Under what an outcome holds a sound."""
    return arm if condition is None else f"{condition.label} {arm}"


def sound_of(given: Given, refinery: Refinery) -> Audio:
    """The clip as it is compared: mono, at the mel's rate, cut to length."""
    audio = to_rate(load(given), refinery.spec.sample_rate)
    if refinery.seconds is not None:
        most = max(refinery.spec.min_samples(), round(refinery.seconds * audio.sample_rate))
        audio = Audio.of(audio.samples[:, :most], audio.sample_rate)
    return audio


def spoilt(mel: Mel, condition: Condition, seed: int, content: str, predicted: Path | None = None) -> Mel:
    """The mel of a clip after a degradation; larger doses draw what smaller ones draw.

    Raises:
        ContractError: the predicted mel is missing, or does not lie on the clip.
    """
    if condition.dose is None:
        return _predicted(mel, predicted)
    rng = np.random.default_rng([seed, int(digest([content, condition.degradation], 8), 16)])
    return degradation(condition.degradation).apply(mel, condition.dose, rng)


def _predicted(mel: Mel, path: Path | None) -> Mel:
    """As many frames as the clip has, up to two fewer."""
    if path is None:
        raise ContractError("no predicted mel of this clip's name")
    found = Mel.load(path)
    if found.spec != mel.spec:
        raise ContractError("is in another description", where=path, got=found.spec.diff(mel.spec).summary())
    if found.values.ndim != 2 or found.n_frames < mel.n_frames - FRAMES_APART:
        got = f"shape {list(found.values.shape)}"
        raise ContractError("is not as long as its sound", where=path, got=got, wanted=f"{mel.n_frames} frames")
    cut = Mel(found.values[:, : mel.n_frames], mel.spec, found.utterance)
    reason = fault_of(cut.raw().values, mel.raw().values[:, : cut.n_frames], mel.spec)
    if reason is not None:
        raise ContractError(reason, where=path)
    return cut


def distance(made: Mel, clean: Mel) -> float:
    """Mean absolute difference before scaling, in the unit of the description, over the frames that `made` has."""
    return float(np.abs(made.raw().values - clean.raw().values[:, : made.n_frames]).mean(dtype=np.float64))


def measure(clip: Clip, refinery: Refinery) -> Outcome:
    """Everything about one clip: `found[side][metric]`, and what failed. Nothing is raised for a bad file."""
    outcome = Outcome(clip.name)
    try:
        work = _Work(clip, refinery)
    except (MelpactError, OSError) as error:
        outcome.failed[""] = str(error)
        return outcome
    outcome.seconds = work.audio.duration_s
    work.take(outcome, None, CLEAN, ["clean"], lambda: work.mel)
    for name in BESIDE:
        work.anchor(outcome, name)
    for condition in refinery.conditions:
        work.take(outcome, condition, BYPASS, ["bypass"], partial(work.spoilt, condition))
        if side(condition, BYPASS) in outcome.failed:
            continue
        line = clip.lines.get(condition.label)
        if line is not None:
            parts = ["affine", {name: values.tolist() for name, values in line.items()}]
            work.take(outcome, condition, AFFINE, parts, partial(work.straightened, condition, line))
        for arm in refinery.arms:
            work.refine(outcome, condition, arm)
    if clip.stepped is not None:
        for arm in refinery.stepped:
            work.refine(outcome, clip.stepped, arm)
    return outcome


class _Work:
    """One clip and what has been made of it so far."""

    def __init__(self, clip: Clip, refinery: Refinery) -> None:
        self._clip, self._settings = clip, refinery
        self.content = sound_digest(clip.original)
        self.audio = sound_of(clip.original, refinery)
        self.mel = extract(self.audio, refinery.spec)
        self._sound: Sound | None = None
        self._metrics = refinery.chosen()
        self._missing = {name: metric.missing() for name, metric in self._metrics.items()}
        self._spoilt: tuple[Condition, Mel] | None = None

    @property
    def sound(self) -> Sound:
        if self._sound is None:
            self._sound = Sound(self.audio, self._settings.spec.sample_rate)
        return self._sound

    def spoilt(self, condition: Condition) -> Mel:
        """Of the last condition the mel is kept."""
        if self._spoilt is None or self._spoilt[0] != condition:
            made = spoilt(self.mel, condition, self._settings.seed, self.content, self._clip.predicted)
            self._spoilt = condition, made
        return self._spoilt[1]

    def straightened(self, condition: Condition, line: Line) -> Mel:
        """What the affine null makes of it."""
        return straightened(self.spoilt(condition), line)

    def refine(self, outcome: Outcome, condition: Condition, arm: Arm) -> None:
        """One refiner on one condition."""
        try:
            parts = ["refiner", code(*REFINING), *arm.parts()]
        except (MelpactError, OSError) as error:
            outcome.failed[side(condition, arm.name)] = str(error)
            return
        self.take(outcome, condition, arm.name, parts, lambda: opened(arm.refiner)(self.spoilt(condition), arm.settings))

    def take(
        self, outcome: Outcome, condition: Condition | None, arm: str, parts: list[Any], make: Callable[[], Mel]
    ) -> None:
        """A mel, its distance from the clean one, and the sound that the vocoder makes of it."""
        s = self._settings
        where = side(condition, arm)
        spoiling: list[Any] = [] if condition is None else [condition.degradation, condition.dose, code(*SPOILING)]
        if condition is not None and condition.dose is None and self._clip.predicted is not None:
            spoiling.append(sound_digest(self._clip.predicted))
        shelf = Shelf(s.cache, [*self._shared(), *spoiling, vocoder_digest(s.vocoder), *parts])
        results = self._kept(shelf)
        if shelf.facts is None or len(results) < len(self._metrics):
            try:
                if condition is not None:
                    self.spoilt(condition)  # not part of what the refiner takes
                began = time.process_time()
                mel = make()
                spent = time.process_time() - began
                shelf.keep_facts({MEL: distance(mel, self.mel), COST: 1000 * spent / self.audio.duration_s})
                self._hear(vocoder_of(s.vocoder)(mel), shelf, results)
            except (MelpactError, OSError) as error:
                outcome.failed[where] = str(error)
                return
        facts = shelf.facts or {}
        outcome.found[where] = {**results, MEL: Found(facts[MEL]), COST: Found(facts[COST])}

    def anchor(self, outcome: Outcome, name: str) -> None:
        """A sound that everybody knows the worth of."""
        shelf = Shelf(self._settings.cache, [*self._shared(), "anchor", name, anchor_digest(name)])
        results = self._kept(shelf)
        if len(results) < len(self._metrics):
            rng = np.random.default_rng([self._settings.seed, int(self.content[:12], 16)])
            scene = Scene(self.sound.audio, None, None, self._settings.spec, rng)
            try:
                self._hear(anchors()[name].make(scene), shelf, results)
            except (MelpactError, OSError) as error:
                outcome.failed[name] = str(error)
                return
        outcome.found[name] = results

    def _shared(self) -> list[Any]:
        s = self._settings
        return ["refining", 1, self.content, s.seconds, s.spec.fingerprint, s.seed]

    def _kept(self, shelf: Shelf) -> dict[str, Found]:
        found = {}
        for name, metric in self._metrics.items():
            reason = self._missing[name]
            kept = Found(reason=reason) if reason else shelf.get(metric_key(METRICS, name, metric, None))
            if kept is not None:
                found[name] = kept
        return found

    def _hear(self, made: Audio, shelf: Shelf, results: dict[str, Found]) -> None:
        seed = int(self.content[:8], 16) ^ self._settings.seed
        both = pair(self.sound, made, name=self._clip.name, seed=seed, max_lag_s=0.0, spec=self._settings.spec)
        for name, metric in self._metrics.items():
            if name not in results:
                results[name] = observed(metric, both)
                shelf.put(metric_key(METRICS, name, metric, None), results[name])
        shelf.write()


def mel_metric(spec: MelSpec) -> Metric:
    """The distance of the mels themselves, as a metric over observations that were made elsewhere."""

    def no_sound(pair: Any) -> Any:
        raise AssertionError("this distance is not of sounds")

    return Metric(
        title="mel error", unit=spec.unit, better="lower", perfect=0.0, observe=no_sound,
        meaning="Mean absolute difference of the refined mel and the one that was never spoilt, before any vocoder.",
        source="mean |M(refined) - M(clean)|",
    )  # fmt: skip
