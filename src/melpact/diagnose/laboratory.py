"""The fault laboratory: planted faults with known truth, shown to an examiner.

The examiner is passed in: nothing here knows how faults are found. A clean mel is a case too, and has to stay without a
finding. The answers are counted in `confusion_table`; what a fault costs once the mel is sound is in `dose_response`.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError
from melpact.diagnose.claim.apart import apart_nats
from melpact.diagnose.confusion_table import CLEAN, Row
from melpact.diagnose.faults import Fault, faults
from melpact.diagnose.faults._making import floor_nats, nats, of_nats
from melpact.features.analysis import extract, to_rate

Mode = Literal["values", "audio", "target", "both"]
"""What the examiner is given beside the mel: nothing, its sound, the right mel, or both."""
MODES: tuple[Mode, ...] = ("values", "audio", "target", "both")
PREDICTION_ERROR_NATS = 0.15


class Named(Protocol):
    """What the laboratory reads of a finding."""

    @property
    def code(self) -> str:
        """The fault that it names."""

    @property
    def severity(self) -> float:
        """0 to 1."""

    @property
    def certainty(self) -> float:
        """0 to 1."""


Examine = Callable[..., Sequence[Named]]
"""`examine(mel, target=None, audio=None, spec=None)` → findings, the first being the verdict."""


@dataclass(frozen=True)
class Trial:
    """What will be planted where; plain values that name one case for ever."""

    clip: str
    dialect: str
    code: str
    dose: float
    mode: Mode
    seed: int

    @property
    def id(self) -> str:
        """A readable name, unique among trials."""
        return f"{self.code}@{self.dose:g}/{self.dialect}/{self.clip}/{self.mode}/{self.seed}"


@dataclass(frozen=True, eq=False)
class Case:
    """A mel with a known fault, and everything an examiner may be shown.

    Attributes:
        trial: what was planted.
        mel: the wrong mel; its `spec` is what its user claims.
        target: the right mel of the same sound in the same description.
        audio: the sound.
        also: codes that name the planted fact as well.
    """

    trial: Trial
    mel: Mel
    target: Mel
    audio: Audio
    also: tuple[str, ...] = ()


def honest_prediction(mel: Mel, rng: np.random.Generator, error_nats: float = PREDICTION_ERROR_NATS) -> Mel:
    """A good model's prediction of a mel: smooth errors of that root mean square, never pushed below the floor.

    The error field has a correlation length of about 4 frames and 4 bands.
    """
    from scipy.ndimage import gaussian_filter

    values = nats(mel)
    error = gaussian_filter(rng.standard_normal(values.shape), (2.0, 2.0), mode="nearest")
    error *= error_nats / np.sqrt(np.mean(error**2))
    floor = floor_nats(mel.spec)
    # a value on the floor may lie a rounding below it
    return of_nats(np.where(values >= floor - 1e-6, np.maximum(values + error, floor), values + error), mel.spec)


class Laboratory:
    """Clips by name, and the cases that can be made of them.

    Args:
        clips: name → sound.
        dialects: names of the dialects that the cases claim.
    """

    def __init__(self, clips: Mapping[str, Audio], dialects: Sequence[str]) -> None:
        if not clips or not dialects:
            raise ContractError("a laboratory needs sound and dialects", got=f"{len(clips)} clips, {len(dialects)} dialects")
        self.clips, self.dialects = dict(clips), tuple(dialects)
        for name in self.dialects:
            dialect(name).spec  # noqa: B018  (raises where facts are missing)
        self._pair = lru_cache(maxsize=64)(self._make_pair)

    def _make_pair(self, clip: str, name: str) -> tuple[Audio, Mel]:
        spec = dialect(name).spec
        audio = to_rate(self.clips[clip], spec.sample_rate)
        return audio, extract(audio, spec)

    def trials(
        self,
        which: Iterable[Fault] | None = None,
        doses: Sequence[int] = (0, 1, 2),
        modes: Sequence[Mode] = MODES,
        seed: int = 0,
    ) -> Iterator[Trial]:
        """Every trial, clip by clip and dialect by dialect, with one clean one each; descriptions that refuse are left out.

        Faults that only a target can show are left out where there is neither target nor sound, and a leak where there is
        no target: a mel that equals its own sound's is right.
        """
        chosen = list(faults().values() if which is None else which)
        possible = {name: [f for f in chosen if f.applies(dialect(name).spec)] for name in self.dialects}
        for clip in self.clips:
            for name in self.dialects:
                for mode in modes:
                    yield Trial(clip, name, CLEAN, 0.0, mode, seed)
                    for fault in possible[name]:
                        if fault.needs_target and mode == "values":
                            continue
                        if fault.may_change_nothing and mode == "audio":
                            continue
                        for dose in doses:
                            yield Trial(clip, name, fault.code, fault.doses[dose], mode, seed)

    def case(self, trial: Trial) -> Case:
        """Make one case. Beside a target the mel is a good model's prediction, with its errors; else it is analysed sound.

        Raises:
            ContractError: this clip in this dialect does not show that fault.
        """
        audio, target = self._pair(trial.clip, trial.dialect)
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(trial.id.encode()).digest()[:8], "little"))
        predicted = trial.mode in ("target", "both")
        if trial.code == CLEAN:
            return Case(trial, honest_prediction(target, rng) if predicted else _bare(target), target, audio)
        fault = faults()[trial.code]
        before = predicted and fault.needs == "mel" and not fault.may_change_nothing
        right = honest_prediction(target, rng) if before else target
        wrong = fault.inject(right, trial.dose, rng, audio)
        if predicted and fault.needs == "audio":
            wrong = honest_prediction(wrong, rng)
        return Case(trial, wrong, target, audio, fault.also)


def _bare(mel: Mel) -> Mel:
    return Mel(mel.values, mel.spec, mel.utterance)


def cases(
    clips: Mapping[str, Audio],
    dialects: Sequence[str],
    which: Iterable[Fault] | None = None,
    doses: Sequence[int] = (0, 1, 2),
    seed: int = 0,
    modes: Sequence[Mode] = MODES,
) -> Iterator[Case]:
    """Every case that can be made; those that a clip does not show are left out."""
    laboratory = Laboratory(clips, dialects)
    for trial in laboratory.trials(which, doses, modes, seed):
        try:
            yield laboratory.case(trial)
        except ContractError:
            continue


def examined(laboratory: Laboratory, trial: Trial, examine: Examine) -> Row:
    """Make one case and show it to the examiner. An error of the examiner is a row, never the end of the run."""
    row = Row(trial.id, trial.code, trial.dose, trial.mode, trial.dialect, trial.clip)
    try:
        case = laboratory.case(trial)
    except MelpactError as error:
        return replace(row, skipped=str(error))
    shown: dict[str, Any] = {"spec": case.mel.spec}
    if trial.mode in ("target", "both"):
        shown["target"] = _bare(case.target)
    if trial.mode in ("audio", "both"):
        shown["audio"] = case.audio
    start = time.perf_counter()
    try:
        found = examine(case.mel, **shown)
    except Exception as error:
        return replace(row, also=case.also, error=f"{type(error).__name__}: {error}")
    seconds = round(time.perf_counter() - start, 4)
    findings = tuple((f.code, round(f.severity * f.certainty, 4)) for f in found)
    apart = apart_nats(case.target, case.mel) if trial.mode == "values" and trial.code != CLEAN else None
    return replace(row, findings=findings, also=case.also, seconds=seconds, apart_nats=apart)


def confusion(
    examine: Examine,
    laboratory: Laboratory,
    trials: Iterable[Trial],
    *,
    jobs: int = 1,
    keep: str | Path | None = None,
    advance: Callable[[int], None] = lambda n: None,
) -> list[Row]:
    """Show every case to the examiner.

    Args:
        examine: see `Examine`.
        laboratory: makes the cases.
        trials: of that laboratory.
        jobs: processes (where the system can fork; else one).
        keep: a .jsonl file to which every row goes as it is finished; rows that it holds already are not examined again, so
            an interrupted run goes on. Remove it after a change of the examiner.
        advance: told 1 per row.

    Returns:
        Rows in the order of the trials.
    """
    wanted = list(trials)
    done = {row.id: row for row in _read(keep)} if keep is not None else {}
    left = [trial for trial in wanted if trial.id not in done]
    advance(len(wanted) - len(left))
    for row in _rows(examine, laboratory, left, jobs):
        done[row.id] = row
        if keep is not None:
            with open(keep, "a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
        advance(1)
    return [done[trial.id] for trial in wanted]


def _rows(examine: Examine, laboratory: Laboratory, trials: Sequence[Trial], jobs: int) -> Iterator[Row]:
    if jobs <= 1 or len(trials) < 2 or not hasattr(os, "fork"):
        for trial in trials:
            yield examined(laboratory, trial, examine)
        return
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()

    def work(share: Sequence[Trial]) -> None:
        for trial in share:
            results.put(examined(laboratory, trial, examine))
        results.put(None)

    # runs of neighbours, so that each process analyses a clip in a dialect once
    chunk = -(-len(trials) // jobs)
    workers = [context.Process(target=work, args=(trials[i : i + chunk],)) for i in range(0, len(trials), chunk)]
    for worker in workers:
        worker.start()
    running = len(workers)
    try:
        while running:
            try:
                row = results.get(timeout=1.0)
            except queue.Empty:
                if any(worker.exitcode not in (None, 0) for worker in workers):
                    raise MelpactError("a process of the laboratory died", next="Run with jobs=1 to see why") from None
                continue
            if row is None:
                running -= 1
            else:
                yield row
    finally:
        for worker in workers:
            if running:
                worker.terminate()
            worker.join()


def _read(path: str | Path) -> Iterator[Row]:
    if not Path(path).exists():
        return
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        try:
            facts = json.loads(line)
        except json.JSONDecodeError:  # the line that an interruption cut
            continue
        facts["findings"] = tuple((str(code), float(weight)) for code, weight in facts["findings"])
        facts["also"] = tuple(facts["also"])
        yield Row(**facts)
