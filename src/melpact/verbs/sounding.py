"""One mel file → one sound file by a trained vocoder: the mel made ready, its pitch found, the sound written and checked.

Many files, and what is said of them, is `vocode_with`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bridges.ways import Bridge, bridge, said, would_invent
from melpact.contract.mel import Mel
from melpact.core.errors import ArtifactError, SpecMismatch
from melpact.pipeline.bridging import ALLOWED, Allow, class_of, cost
from melpact.verbs.pitches import Pitches
from melpact.verbs.vocoder_checks import Checked, RunningCheck, check
from melpact.vocoders.neural.vocoder import NeuralVocoder


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
