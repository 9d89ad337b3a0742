"""One mel file → one sound file by a trained vocoder: the mel made ready, its pitch found, the sound written and checked.

Many files, and what is said of them, is `vocode_with`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bridges.ways import Bridge, bridge, said, would_invent
from melpact.contract.mel import Mel
from melpact.core.errors import ArtifactError, MelpactError, SpecMismatch
from melpact.nn.running import BATCH_FRAMES
from melpact.pipeline.bridging import ALLOWED, Allow, class_of, cost
from melpact.verbs.pitches import Pitches
from melpact.verbs.targets import Job
from melpact.verbs.vocoder_checks import Checked, RunningCheck, check
from melpact.vocoders.neural.vocoder import NeuralVocoder

GROUP_FRAMES = 4 * BATCH_FRAMES
"""Mels of so many frames wait together for their batches, and their sounds with them."""


@dataclass(frozen=True)
class Ready:
    """A mel as the vocoder takes it.

    Attributes:
        bridge: the bridge that it came over; None where it was the vocoder's own.
        f0_hz, pitch: Hz per frame and where it is from; None where the vocoder takes no pitch.
    """

    mel: Mel
    bridge: Bridge | None
    f0_hz: NDArray[np.float32] | None = None
    pitch: str | None = None


@dataclass(frozen=True)
class Written:
    """A sound that was written: its length, what was found on it, and the seconds until its first and its last samples."""

    n_samples: int
    peak: float
    checked: Checked
    first_s: float
    spent_s: float


def ready(mel: Mel, maker: NeuralVocoder, allow: Allow, pitches: Pitches, source: Path) -> Ready:
    """Bring a mel to the vocoder's description, and find the pitch that it asks for.

    Raises:
        SpecMismatch: the bridge that it would need was not allowed; the fields, the cost and the next command are named.
        MelpactError: its pitch cannot be read or does not fit.
    """
    own, way = mel, None
    if mel.spec != maker.spec:
        way = bridge(mel.spec, maker.spec, allow_lossy=True)
        needed = class_of(way)
        asked = "lossy" if needed == "lossy" else "fitted" if needed == "fitted" else "exact"
        if ALLOWED.index(allow) < ALLOWED.index(asked):
            invented = f"; {would_invent(mel.spec, maker.spec)}" if needed == "lossy" else ""
            raise SpecMismatch(
                f"this vocoder takes another mel: {way.difference.summary()}",
                where=source,
                got=said(mel.spec),
                wanted=said(maker.spec),
                next=f"An estimate would cost {cost(way)}{invented}. Allow it with --allow {needed}, or take a vocoder for "
                f"{said(mel.spec)}",
            )
        own = way.apply(mel)
    if not maker.takes.driven_by_pitch:
        return Ready(own, way)
    return Ready(own, way, *pitches.of(own, source))


def sound_of(found: Ready, maker: NeuralVocoder) -> tuple[Audio, float]:
    """The sound, and the seconds it took."""
    began = time.perf_counter()
    audio = maker(found.mel, found.f0_hz)
    return audio, time.perf_counter() - began


class Groups:
    """Sounds of many mels in batches: the first that is asked for brings those next in length with it, up to `GROUP_FRAMES`.

    Args:
        jobs: in any order; ask for them in that of `order`.
        make_ready: reads one job's mel; what it raises is raised when that job is asked for.
    """

    def __init__(self, maker: NeuralVocoder, jobs: Sequence[Job], make_ready: Callable[[Job], Ready]) -> None:
        self._maker, self._ready = maker, make_ready
        self.order = sorted(jobs, key=lambda job: -job.source.stat().st_size)
        self._waiting = list(self.order)
        self._found: dict[Job, Ready | Exception] = {}
        self._made: dict[Job, tuple[Audio, float]] = {}

    def of(self, job: Job) -> tuple[Ready, Audio, float]:
        """The mel, its sound, and its share of the seconds.

        Raises:
            MelpactError: the job's own mistake, or one of the whole batch.
        """
        if job not in self._found:
            self._next_group(job)
        found = self._found.pop(job)
        if isinstance(found, Exception):
            raise found
        return found, *(self._made.pop(job) if job in self._made else sound_of(found, self._maker))

    def _next_group(self, first: Job) -> None:
        """Read mels from `first` on until there are frames enough, and make their sounds."""
        self._waiting.remove(first)
        chosen, frames = [first], 0
        while chosen:
            job = chosen.pop()
            try:
                found = self._found[job] = self._ready(job)
                frames += found.mel.n_frames
            except (MelpactError, OSError) as error:
                self._found[job] = error
            if self._waiting and frames < GROUP_FRAMES:
                chosen.append(self._waiting.pop(0))
        good = {job: found for job, found in self._found.items() if isinstance(found, Ready) and job not in self._made}
        began = time.perf_counter()
        pitches = [found.f0_hz for found in good.values() if found.f0_hz is not None]
        try:
            sounds = self._maker.batch([found.mel for found in good.values()], pitches or None)
        except MelpactError:
            return  # each is tried alone, and says itself what is wrong
        spent = (time.perf_counter() - began) / max(1, sum(sound.n_samples for sound in sounds))
        self._made |= {job: (sound, spent * sound.n_samples) for job, sound in zip(good, sounds, strict=True)}


def write_whole(path: Path, found: Ready, audio: Audio, spent_s: float) -> Written:
    """Write a finished sound and look at it."""
    from melpact.audio.files import write

    _folder(path)
    write(path, audio)
    return Written(audio.n_samples, audio.peak, check(found.mel, audio), spent_s, spent_s)


def write_streamed(path: Path, found: Ready, maker: NeuralVocoder, block_frames: int) -> Written:
    """Make, look at and write a sound block by block: of the sound no more than a block is held."""
    from melpact.audio.writing import written

    _folder(path)
    mel, first, spent = found.mel, 0.0, 0.0
    running = RunningCheck(mel, mel.spec.sample_rate)
    with written(path, mel.spec.sample_rate, mel.n_samples) as sound:
        began = time.perf_counter()
        for block in maker.stream(mel, found.f0_hz, block_frames=block_frames):
            spent += time.perf_counter() - began
            first = first or spent
            sound.write(block[None])
            running.push(block)
            began = time.perf_counter()
    return Written(sound.n_samples, sound.peak, running.finish(), first, spent)


def _folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(f"the folder cannot be made: {error.strerror}", where=path.parent) from error
