"""The production analysis: audio in any form → `Mel`, whole or in blocks with flat memory, by the lane engine.

Blocks give the bits that the whole gives. Sizes that the engine has no codelets for run through `fallback`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.scaling import Affine, NoScaling, UtteranceMeter, Window
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioError
from melpact.features.fallback import FallbackEngine
from melpact.features.framing import check_length, edge, pad, preemphasise
from melpact.features.lanes import LaneEngine, LanePlan, engine_for
from melpact.features.window import window

Float32 = NDArray[np.float32]
Samples = NDArray[np.floating[Any]]


def _line(spec: MelSpec) -> tuple[float, float]:
    """The scale and offset that the engine can fuse into the log."""
    scaling = spec.scaling
    if isinstance(scaling, Affine):
        return scaling.scale, scaling.shift
    if isinstance(scaling, Window):
        return scaling.slope, scaling.out_low - scaling.low * scaling.slope
    return 1.0, 0.0


@lru_cache(maxsize=256)
def _engine(spec: MelSpec) -> LaneEngine | FallbackEngine:
    scale, offset = _line(spec)
    plan = LanePlan(
        n_fft=spec.n_fft,
        frame_length=spec.frame_length,
        hop_length=spec.hop_length,
        window=window(spec),
        bank=filterbank(spec),
        power=spec.power,
        epsilon_kind=spec.epsilon_kind,
        epsilon=spec.epsilon,
        floor_kind=spec.floor_kind,
        floor=spec.floor,
        log_gain=spec.log_gain,
        shift=spec.reference,
        scale=scale,
        offset=offset,
        frame_preemphasis=spec.preemphasis if spec.preemphasis_kind == "frame" else 0.0,
        remove_dc=spec.remove_dc,
    )
    return engine_for(plan) if LaneEngine.supports(spec.n_fft) else FallbackEngine(plan)


def finish(values: Float32, spec: MelSpec, utterance: dict[str, Any]) -> Float32:
    """What is left of the scaling behind the engine (clipping, per band, per utterance), in place where possible."""
    scaling = spec.scaling
    if isinstance(scaling, NoScaling | Affine):
        return values
    if isinstance(scaling, Window):
        low, high = scaling.bounds()
        if np.isfinite(low) or np.isfinite(high):
            np.clip(values, np.float32(low), np.float32(high), out=values)
        return values
    return np.asarray(scaling.apply(values, utterance), np.float32)


def scale_waveform(samples: Float32, spec: MelSpec) -> Samples:
    """The samples times the waveform scale; float64 where float32 would round them before the engine sees them."""
    if spec.preemphasis_kind in ("filter", "filter_reflect") or math.frexp(spec.waveform_scale)[0] != 0.5:
        return np.multiply(samples, spec.waveform_scale, dtype=np.float64)
    return samples if spec.waveform_scale == 1.0 else samples * np.float32(spec.waveform_scale)


def _split(samples: Samples) -> tuple[Float32, Float32 | None]:
    """Samples as the engine takes them: rounded to float32, and what that leaves if anything."""
    single = np.ascontiguousarray(samples, np.float32)
    return single, None if samples.dtype == np.float32 else np.subtract(samples, single).astype(np.float32)


def run_frames(padded: Samples, spec: MelSpec, frames: int, threads: int = 1) -> Float32:
    """Frame t reads `padded[t * hop_length : t * hop_length + frame_length]` → [n_mels, frames], before `finish`."""
    values = np.empty((spec.n_mels, frames), np.float32)
    single, rest = _split(padded)
    _engine(spec).run(single, frames, values, threads, rest)
    return values


def analyse(samples: Float32, spec: MelSpec, threads: int = 1) -> tuple[Float32, dict[str, Any]]:
    """Mono samples at the description's rate, float32 [time] → values [n_mels, frames] and the utterance's statistics.

    Raises:
        AudioTooShort: fewer samples than a frame, or than its mirrored padding, needs.
    """
    check_length(spec, samples.size)
    frames = spec.frames(samples.size)
    values = run_frames(pad(preemphasise(scale_waveform(samples, spec), spec), spec), spec, frames, threads)
    utterance: dict[str, Any] = {}
    if spec.scaling.needs():
        meter = UtteranceMeter()
        meter.update(values)
        utterance = {name: meter.result()[name] for name in spec.scaling.needs()}
    return finish(values, spec, utterance), utterance


def extract(
    source: str | Path | Audio | NDArray[Any],
    spec: MelSpec | Dialect | str,
    *,
    sample_rate: int | None = None,
    threads: int = 1,
) -> Mel:
    """The mel of some audio in a dialect.

    Args:
        source: a sound file, an `Audio`, or an array [time] or [channels, time] in [-1, 1] (integers are scaled).
        spec: a description, a dialect or a dialect's name.
        sample_rate: Hz, required for an array and refused where it contradicts the source.
        threads: engine threads for one long signal.

    Returns:
        `Mel` with float32 values [n_mels, frames]. Channels are averaged; another rate is resampled (soxr HQ); both
        are said in its provenance.

    Raises:
        AudioError, DialectError: see `melpact.core.errors`.
    """
    target = as_spec(spec)
    ready = _ready(source, sample_rate, target)
    if ready is not None:
        values, utterance = analyse(ready, target, threads)
        return Mel(values, target, utterance, provenance(None, target.sample_rate, 1, ready.size))
    audio = as_audio(source, sample_rate)
    mono = to_rate(audio, target.sample_rate)
    values, utterance = analyse(mono.samples[0], target, threads)
    name = Path(source).name if isinstance(source, str | Path) else None
    return Mel(values, target, utterance, provenance(name, audio.sample_rate, audio.channels, mono.n_samples))


def _ready(source: Any, sample_rate: int | None, spec: MelSpec) -> Float32 | None:
    """The array itself where nothing has to be converted: mono float32 at the description's rate, finite; else None.

    The sum of squares is finite only if every sample is; what overflows it takes the general way.
    """
    if not isinstance(source, np.ndarray) or source.dtype != np.float32 or source.ndim != 1 or source.size == 0:
        return None
    if sample_rate != spec.sample_rate or not source.flags.c_contiguous or not np.isfinite(np.dot(source, source)):
        return None
    return source


def to_rate(audio: Audio, sample_rate: int) -> Audio:
    """Mono audio at that rate."""
    mono = audio.mono()
    if mono.sample_rate == sample_rate:
        return mono
    from melpact.audio.resample import resample

    return resample(mono, sample_rate)


def as_audio(source: Any, sample_rate: int | None) -> Audio:
    """Any source that `extract` takes, as it is: neither mixed nor resampled.

    Raises:
        AudioError: an array without a rate, a rate that contradicts the source, or a file that cannot be read.
    """
    if isinstance(source, str | Path):
        from melpact.audio.files import read

        source = read(source)
    if isinstance(source, Audio):
        if sample_rate is not None and sample_rate != source.sample_rate:
            raise AudioError(
                "the given sample rate contradicts the audio",
                got=f"sample_rate={sample_rate}",
                wanted=f"{source.sample_rate} Hz, or no sample_rate at all",
            )
        return source
    if sample_rate is None:
        raise AudioError(
            "an array does not know its sample rate", wanted="extract(array, spec, sample_rate=…)", where="extract"
        )
    return Audio.of(source, sample_rate)


@lru_cache(maxsize=1)
def _version() -> str:
    return version("melpact")


def provenance(name: str | None, rate: int, channels: int, n_samples: int) -> dict[str, Any]:
    """Where a mel comes from, as its file keeps it."""
    facts: dict[str, Any] = {
        "melpact": _version(),
        "n_samples": n_samples,
        "source_rate": rate,
        "channels": channels,
    }
    return facts if name is None else {"audio": name, **facts}


class Stream:
    """Analysis in blocks: push samples, get the frames that are complete, and at the end the rest.

    Memory does not grow with the length; after `finish` the values are those of `analyse`, bit for bit.
    """

    def __init__(self, spec: MelSpec) -> None:
        self._spec = spec
        self._pending: Samples = np.empty(0, np.float32)
        self._start: Samples | None = np.empty(0, np.float32)
        self._previous: float | None = None
        self._n_samples = self._done = 0
        self._held_back = spec.drop_last + (1 if spec.padding in ("end", "nearest") else 0)

    def push(self, samples: Float32) -> Float32:
        """The next samples, float32 [time] → the frames they complete, [n_mels, k] with k ≥ 0."""
        if samples.size == 0:
            return self._run(0)
        spec = self._spec
        x = scale_waveform(samples, spec)
        if self._start is not None:
            self._start = np.concatenate([self._start, x])
            self._n_samples += x.size
            if self._start.size < max(spec.left_pad + 1, 2):
                return self._run(0)
            self._begin()
        else:
            y = preemphasise(x, spec, previous=self._previous)
            self._n_samples += x.size
            self._pending = np.concatenate([self._pending, y])
            self._previous = float(x[-1])
        tail = max(0, spec.right_pad(self._n_samples)) + 1
        complete = (self._pending.size - spec.frame_length) // spec.hop_length + 1 - self._held_back
        spare = (self._pending.size - tail) // spec.hop_length
        return self._run(max(0, min(complete, spare)))

    def _begin(self) -> None:
        assert self._start is not None
        x = self._start
        y = preemphasise(x, self._spec)
        left = self._spec.left_pad
        head = edge(y, left, self._spec)[::-1]
        self._pending, self._previous, self._start = np.concatenate([head, y]), float(x[-1]), None

    def finish(self) -> Float32:
        """The last frames, with the padding behind the signal.

        Raises:
            AudioTooShort: all of it together was too short.
        """
        spec = self._spec
        check_length(spec, self._n_samples)
        if self._start is not None:
            self._begin()
        right = spec.right_pad(self._n_samples)
        if right < 0:
            self._pending = self._pending[:right]
        elif right:
            self._pending = np.concatenate([self._pending, edge(self._pending[::-1], right, spec)])
        return self._run(spec.frames(self._n_samples) - self._done)

    def _run(self, frames: int) -> Float32:
        if not frames:
            return np.empty((self._spec.n_mels, 0), np.float32)
        used = (frames - 1) * self._spec.hop_length + self._spec.frame_length
        out = run_frames(self._pending[:used], self._spec, frames)
        self._pending = self._pending[frames * self._spec.hop_length :]
        self._done += frames
        return out


def stream(blocks: Iterable[Float32], spec: MelSpec) -> Iterator[Float32]:
    """Blocks of mono samples at the description's rate → blocks of frames that `finish` makes final."""
    engine = Stream(spec)
    for block in blocks:
        values = engine.push(block)
        if values.shape[1]:
            yield values
    values = engine.finish()
    if values.shape[1]:
        yield values
