"""One utterance: its original, every system's version, every anchor, all metrics. What a worker does, start to end.

The original is read and analysed once for all of them. How tasks are spread over processes is in `workers`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.align import MAX_LAG_S, pair
from melpact.bench.anchor import Scene, anchors
from melpact.bench.cache import Found, Given, Shelf, anchor_digest, decoded, encoded, metric_key, sound_digest
from melpact.bench.metric import Metric
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound
from melpact.contract.spec import MelSpec
from melpact.core.errors import MelpactError
from melpact.core.plugins import plugins

METRICS, HABITS = "melpact.bench.metrics", "melpact.bench.habits"
BANDWIDTH_FLOOR_DB = -75.0


@dataclass(frozen=True)
class Settings:
    """What is the same for every utterance.

    Attributes:
        rate: of the comparison, Hz.
        spec: the mel of the comparison.
        metrics: names, in the folder `package`.
        anchors: names.
        max_lag_s: the longest delay that is looked for.
        seed: of everything random.
        cache: folder, or None.
    """

    rate: int
    spec: MelSpec
    metrics: tuple[str, ...]
    anchors: tuple[str, ...]
    package: str = METRICS
    max_lag_s: float = MAX_LAG_S
    seed: int = 0
    cache: Path | None = None

    def chosen(self) -> dict[str, Metric]:
        """The metrics by name."""
        known = plugins(self.package)
        return {name: known[name] for name in self.metrics}


@dataclass(frozen=True)
class Task:
    """One utterance: `sides` are the systems' sounds by name (without those that have none)."""

    name: str
    original: Given
    sides: Mapping[str, Given]
    other: Given | None = None
    input: Given | None = None
    text: str | None = None


@dataclass(frozen=True)
class Facts:
    """What was found out about a sound before anything was scored.

    Attributes:
        lag_s: how much later than the original it was.
        gain_db: the gain that brings it closest to the original; None for silence.
        flipped: whether that gain is negative.
        rate: of its file, Hz. length_s: its own length. peak: largest sample; beyond 1 it clips in most files.
        bandwidth_hz: where its long-term spectrum falls 75 dB below its maximum for good.
        match: correlation with the original after alignment.
    """

    lag_s: float
    gain_db: float | None
    flipped: bool
    rate: int
    length_s: float
    peak: float
    bandwidth_hz: float
    match: float


@dataclass
class Outcome:
    """What one task gave. `found[side][metric]`, `facts[side]`, `failed[side]`: why a side could not be looked at;
    `failed[""]`: why the original could not. `seconds`: length of the original."""

    name: str
    seconds: float = 0.0
    found: dict[str, dict[str, Found]] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    original: dict[str, Any] = field(default_factory=dict)


def load(given: Given) -> Audio:
    """The sound of a file, or the sound itself."""
    if isinstance(given, Audio):
        return given
    from melpact.audio.files import read

    return read(given)


def measure(task: Task, settings: Settings) -> Outcome:
    """Everything about one utterance. What fails is named in the outcome; nothing is raised for a bad file."""
    outcome = Outcome(task.name)
    bench = _Bench(task, settings)
    try:
        outcome.seconds, outcome.original = bench.open()
    except (MelpactError, OSError) as error:
        outcome.failed[""] = str(error)
        return outcome
    for side, given in task.sides.items():
        try:
            parts = ["system", sound_digest(given)]
        except OSError as error:
            outcome.failed[side] = f"{given}: {error.strerror or error}"
            continue
        bench.side(outcome, side, parts, lambda given=given: load(given), settings.max_lag_s)  # type: ignore[misc]
    for name in settings.anchors:
        try:
            parts = ["anchor", name, anchor_digest(name), *bench.anchor_parts(name)]
        except OSError as error:
            outcome.failed[name] = str(error)
            continue
        # what is made of the original lies on it; only the systems' input may have been moved
        reach = settings.max_lag_s if name == "unprocessed" else 0.0
        bench.side(outcome, name, parts, lambda name=name: anchors()[name].make(bench.scene()), reach)  # type: ignore[misc]
    return outcome


class _Bench:
    """The original of one task, opened when first needed, and what is measured against it."""

    def __init__(self, task: Task, settings: Settings) -> None:
        self._task, self._settings = task, settings
        self._metrics = settings.chosen()
        self._missing = {name: metric.missing() for name, metric in self._metrics.items()}
        self._digest = ""
        self._sound: Sound | None = None

    def open(self) -> tuple[float, dict[str, Any]]:
        """Length in seconds and facts of the original."""
        self._digest = sound_digest(self._task.original)
        shelf = self._shelf(["original"])
        if shelf.facts is None:
            source = load(self._task.original)
            self._sound = Sound(source, self._settings.rate)
            facts = {"seconds": source.duration_s, "rate": source.sample_rate, "peak": source.peak}
            shelf.keep_facts({**facts, "bandwidth_hz": bandwidth(source)})
            shelf.write()
        facts = dict(shelf.facts or {})
        return float(facts["seconds"]), facts

    @property
    def original(self) -> Sound:
        if self._sound is None:
            self._sound = Sound(load(self._task.original), self._settings.rate)
        return self._sound

    def scene(self) -> Scene:
        """What an anchor may look at; its random numbers depend on the original's content only."""
        task, original = self._task, self.original.audio
        return Scene(
            original,
            None if task.other is None else load(task.other),
            None if task.input is None else load(task.input),
            self._settings.spec,
            np.random.default_rng([self._settings.seed, int(self._digest[:12], 16)]),
        )

    def anchor_parts(self, name: str) -> list[str]:
        """Contents beside the original that an anchor depends on."""
        if name == "shuffled":
            return [] if self._task.other is None else [sound_digest(self._task.other)]
        if name == "unprocessed":
            return [] if self._task.input is None else [sound_digest(self._task.input)]
        return []

    def _shelf(self, parts: list[str]) -> Shelf:
        s = self._settings
        shared = [self._digest, s.rate, s.spec.fingerprint, s.max_lag_s, s.seed]
        return Shelf(s.cache, [*shared, *parts])

    def side(self, outcome: Outcome, side: str, parts: list[str], make: Callable[[], Audio], reach_s: float) -> None:
        """Measure one sound, moved by up to `reach_s`, with every metric that is not on the shelf."""
        task, settings = self._task, self._settings
        shelf = self._shelf(parts)
        results: dict[str, Found] = {}
        keys = {name: metric_key(settings.package, name, metric, task.text) for name, metric in self._metrics.items()}
        for name, reason in self._missing.items():
            found = Found(reason=reason) if reason else shelf.get(keys[name])
            if found is not None:
                results[name] = found
        if shelf.facts is None or len(results) < len(self._metrics):
            try:
                made = make()
                pair = self._pair(made, reach_s)
                if shelf.facts is None:
                    shelf.keep_facts(vars(_facts(pair, made)))
            except NotMeasured as reason:
                outcome.failed[side] = str(reason)
                return
            except (MelpactError, OSError) as error:
                outcome.failed[side] = str(error)
                return
            for name, metric in self._metrics.items():
                if name not in results:
                    results[name] = observed(metric, pair)
                    shelf.put(keys[name], results[name])
            shelf.write()
        outcome.facts[side] = Facts(**(shelf.facts or {}))
        outcome.found[side] = {name: results[name] for name in self._metrics}

    def _pair(self, made: Audio, reach_s: float) -> Pair:
        original, settings, task = self.original, self._settings, self._task
        seed = int(self._digest[:8], 16) ^ settings.seed
        if made is original.audio:
            return Pair(task.name, original, original, original, 0, 1.0, task.text, seed, settings.spec)
        return pair(original, made, name=task.name, text=task.text, seed=seed, max_lag_s=reach_s, spec=settings.spec)


def observed(metric: Metric, pair: Pair) -> Found:
    """What a metric finds on a pair. A metric that breaks is a reason with the error's name, never a number."""
    began = time.process_time()
    try:
        value = decoded(encoded(metric.measure(pair)))
        return Found(value, None, time.process_time() - began)
    except MelpactError as reason:
        return Found(None, str(reason).rstrip("."), time.process_time() - began)
    except Exception as error:  # whatever a package throws at an odd sound costs this one value, not the run
        return Found(None, f"unexpected {type(error).__name__}: {error}", time.process_time() - began, fault=True)


def _facts(pair: Pair, made: Audio) -> Facts:
    x, y = pair.original.wave.astype(np.float64), pair.made.wave.astype(np.float64)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return Facts(
        lag_s=pair.lag_samples / pair.rate,
        gain_db=20 * float(np.log10(abs(pair.gain))) if pair.gain != 0 else None,
        flipped=pair.gain < 0,
        rate=made.sample_rate,
        length_s=made.duration_s,
        peak=made.peak,
        bandwidth_hz=bandwidth(made),
        match=float(x @ y) / scale if scale > 0 else 0.0,
    )


def bandwidth(audio: Audio) -> float:
    """The frequency, Hz, above which the long-term spectrum stays 75 dB below its maximum; 0 for silence."""
    x = audio.mono().samples[0]
    size = min(2048, x.size)
    frames = np.lib.stride_tricks.sliding_window_view(x, size)[:: max(1, size // 2)][:2000]
    power = np.mean(np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2, axis=0)
    top = float(power.max())
    if top <= 0:
        return 0.0
    last = int(np.flatnonzero(power > top * 10 ** (BANDWIDTH_FLOOR_DB / 10))[-1])
    return float(last * audio.sample_rate / size)
