"""Whole utterances beside what is said in them: the source of batches for speech, and what a recipe takes it from.

`Line` is one utterance with its tokens, `Spoken` gives batches of lines of like length. Durations and voices come from
whoever asks (`alignment`, `voiced`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from melpact.contract.spec import MelSpec
from melpact.core.errors import CorpusError, TrainingError
from melpact.core.records import digest
from melpact.corpus.crops import extended, share
from melpact.features.analysis import analyse
from melpact.nn.speech.aligner import SLOT_FRAMES
from melpact.nn.speech.network import STEP_SLOTS
from melpact.normalise.band_statistics import Statistics
from melpact.train.task import Data

STEP_FRAMES = SLOT_FRAMES * STEP_SLOTS
_POOL = 16
"""Batches that are drawn at once, sorted by length and shuffled."""
_DRAW, _ORDER, _ITEM = 0x64726177, 0x73686F72, 0x6974656D
_QUIET_DB, _BEFORE_S, _AFTER_S, _RAISED, _PEAK = 42.0, 0.08, 0.12, 4.0, 0.5
_STATISTICS = 200
"""Utterances whose mels are counted, at most."""

Floats = NDArray[np.float32]
Extra = Callable[[int, np.random.Generator], Mapping[str, NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class Line:
    """One utterance and what is said in it.

    Attributes:
        speaker: "" where nobody says. language: as the corpus names it.
        tokens: int64 [5, n], as `Tokens.stacked`.
        n_samples: of the sound. samples: gives it, float32 [time].
    """

    name: str
    speaker: str
    language: str
    tokens: NDArray[np.int64]
    n_samples: int
    samples: Callable[[], Floats]


@runtime_checkable
class Readable(Protocol):
    """Data whose utterances come with texts."""

    def lines(self) -> Sequence[Line]:
        """Of the training part."""
        ...

    def validation_lines(self, n: int) -> Sequence[Line]:
        """At most `n` that are held out, always the same."""
        ...

    def kept(self, name: str) -> Path | None:
        """Where something of that name, made of all of it, can be kept; None: nowhere."""
        ...

    @property
    def read_fingerprint(self) -> str:
        """Of the sounds and the texts."""
        ...


def readable(data: Data) -> Readable:
    """The data, where its utterances have texts.

    Raises:
        TrainingError: they have none.
    """
    if not isinstance(data, Readable):
        raise TrainingError("the data has no texts", wanted="a corpus whose utterances say what is spoken")
    return data


@dataclass(frozen=True)
class Cut:
    """What of a sound is used: samples [first, last), `first` at the beginning of a frame, times `gain`."""

    first: int
    last: int
    gain: float


def cut(samples: Floats, spec: MelSpec) -> Cut:
    """From shortly before a sound begins to shortly after it ends, a quiet one raised fourfold at most.

    What is 42 dB below its loudest hundredth of a second is quiet.
    """
    if samples.size == 0 or not samples.any():
        return Cut(0, samples.size, 1.0)
    rate = spec.sample_rate
    each = max(1, rate // 100)
    power = np.add.reduceat(samples.astype(np.float64) ** 2, np.arange(0, samples.size, each)) / each
    loud = np.flatnonzero(power > power.max() * 10 ** (-_QUIET_DB / 10))
    first = max(0, int(loud[0] * each - _BEFORE_S * rate)) // spec.hop_length * spec.hop_length
    last = min(samples.size, int((loud[-1] + 1) * each + _AFTER_S * rate))
    peak = float(np.abs(samples[first:last]).max())
    return Cut(first, last, min(_RAISED, max(1.0, _PEAK / peak)))


def sounding(samples: Floats, spec: MelSpec) -> Floats:
    """The sound as it is used (`cut`)."""
    found = cut(samples, spec)
    return samples[found.first : found.last] * np.float32(found.gain)


def heard(line: Line, spec: MelSpec) -> Floats:
    """The mel of a line, float32 [n_mels, frames], as many frames as make whole steps."""
    samples = extended(sounding(line.samples(), spec), spec.min_samples(), spec)
    values = analyse(samples, spec)[0]
    return np.ascontiguousarray(values[:, : values.shape[1] // STEP_FRAMES * STEP_FRAMES])


class Spoken:
    """Batches of lines, each with its mel and its tokens, padded to the longest of the batch.

    So many batches as `_POOL` says are drawn at once, every line by its weight, sorted by length, cut and shuffled: all pure
    functions of seed and step.

    Args:
        lines: what is drawn from.
        spec: of the mels, without scaling.
        batch, seed: as every source.
        most_frames: lines that are longer are left out, as are those with less than a slot per token; `notes` says so.
        weigh: a line's weight; 1 by default.
        extra: what else an item holds (durations, a voice); arrays that differ in length between items are padded with 0.
        fingerprint: of whatever `lines` and `extra` come from.

    Raises:
        TrainingError: nothing is left.
    """

    def __init__(
        self, lines: Sequence[Line], spec: MelSpec, *, batch: int, seed: int, most_frames: int, fingerprint: str,
        weigh: Callable[[Line], float] = lambda _: 1.0, extra: Extra | None = None,
    ) -> None:  # fmt: skip
        self.spec, self.batch, self.seed, self.extra, self.most_frames = spec, batch, seed, extra, most_frames
        self.lines, self.notes = fitting(lines, spec, most_frames)
        weights = np.array([weigh(line) for line in self.lines], np.float64)
        self._bounds = np.cumsum(weights / weights.sum())
        self._lengths = np.array([line.n_samples for line in self.lines])
        self._from = fingerprint
        self._heard = lru_cache(maxsize=4 * batch)(self._mel)
        self._plan = lru_cache(maxsize=2)(self._planned)

    @cached_property
    def fingerprint(self) -> str:
        """Of lines, weights and what decides the drawing."""
        weights = digest(np.round(self._bounds, 9).tolist())
        facts = [self._from, self.spec.fingerprint, self.batch, self.seed, self.most_frames, weights]
        return digest({"spoken": 1, "of": facts})

    def batch_at(self, step: int, *, rank: int = 0, world: int = 1) -> dict[str, NDArray[Any]]:
        """As `Source` says: with T and N the longest of the whole batch, "mel" float32 [B, n_mels, T] (0 behind the end),
        "frames" and "n_tokens" int64 [B], "tokens" int64 [B, 5, N], "line" int64 [B], "step" int64 [B], and the extras."""
        whole = self._plan(step // _POOL)[step % _POOL]
        mels = {int(index): self._heard(int(index)) for index in whole}
        length = max(mel.shape[1] for mel in mels.values())
        width = max(self.lines[index].tokens.shape[1] for index in mels)
        mine = share(self.batch, rank, world)
        mel = np.zeros((len(mine), self.spec.n_mels, length), np.float32)
        tokens = np.zeros((len(mine), 5, width), np.int64)
        frames, counts, which = (np.zeros(len(mine), np.int64) for _ in range(3))
        others = []
        for row, item in enumerate(mine):
            index = int(whole[item])
            own, line = mels[index], self.lines[index]
            mel[row, :, : own.shape[1]], tokens[row, :, : line.tokens.shape[1]] = own, line.tokens
            frames[row], counts[row], which[row] = own.shape[1], line.tokens.shape[1], index
            if self.extra is not None:
                others.append(self.extra(index, np.random.default_rng([self.seed, _ITEM, step, item])))
        made = {"mel": mel, "frames": frames, "tokens": tokens, "n_tokens": counts, "line": which}
        for name in others[0] if others else ():
            made[name] = _padded([one[name] for one in others], width)
        return {**made, "step": np.full(len(mine), step, np.int64)}

    def statistics(self) -> Statistics:
        """Of lines from all of it."""
        chosen = self.lines[:: max(1, len(self.lines) // _STATISTICS)]
        return Statistics.measure((heard(line, self.spec) for line in chosen), self.spec)

    def _mel(self, index: int) -> Floats:
        return heard(self.lines[index], self.spec)

    def _planned(self, round_: int) -> list[NDArray[np.int64]]:
        rng = np.random.default_rng([self.seed, _DRAW, round_])
        drawn = np.searchsorted(self._bounds, rng.random(_POOL * self.batch), "right").clip(max=len(self.lines) - 1)
        seen = self._lengths[drawn] * (1 + 0.1 * rng.random(drawn.size))
        rows = drawn[np.argsort(seen, kind="stable")].reshape(_POOL, self.batch)
        order = np.random.default_rng([self.seed, _ORDER, round_]).permutation(_POOL)
        return [rows[index] for index in order]


def fitting(lines: Sequence[Line], spec: MelSpec, most_frames: int) -> tuple[list[Line], tuple[str, ...]]:
    """The lines that are no longer than allowed and leave every token its slot, and what is to be said of the others.

    Raises:
        TrainingError: none is left.
    """
    kept, long, short = [], [], []
    for line in lines:
        if line.n_samples > most_frames * spec.hop_length:
            long.append(line.name)
        elif spec.frames(max(line.n_samples, spec.min_samples())) // STEP_FRAMES * STEP_SLOTS <= line.tokens.shape[1] + 1:
            short.append(line.name)
        else:
            kept.append(line)
    notes = tuple(
        f"{len(names)} of {len(lines)} utterances are left out, {why}: {', '.join(names[:3])}{', …' if names[3:] else ''}"
        for names, why in ((long, f"longer than {most_frames} frames"), (short, "shorter than their text can be"))
        if names
    )
    if not kept:
        raise TrainingError(
            "there is nothing to train on", got="; ".join(notes) or "no utterance with a text",
            wanted=f"utterances of at most {most_frames} frames (segment_frames)",
        )  # fmt: skip
    return kept, notes


def _padded(arrays: Sequence[NDArray[Any]], width: int) -> NDArray[Any]:
    """Items of one name as one array; of those with a value per token, what is missing is 0."""
    if len({one.shape for one in arrays}) > 1 or (arrays[0].ndim == 1 and arrays[0].dtype == np.int64):
        made = np.zeros((len(arrays), width), arrays[0].dtype)
        for row, one in enumerate(arrays):
            if one.size > width:
                raise CorpusError("more durations than tokens", got=one.size, wanted=width)
            made[row, : one.size] = one
        return made
    return np.stack(arrays)
