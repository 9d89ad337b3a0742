"""The `Audio` value: float32 samples [channels, time] and their sample rate. Pure; reading is in `files`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import AudioError, AudioNotFinite, AudioTooShort

# Full scale of each integer type: value / scale lies in [-1, 1).
_FULL_SCALE = {"int8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31}


@dataclass(frozen=True, eq=False, repr=False)
class Audio:
    """A finite, non-empty waveform that cannot be changed.

    Construct it with `Audio.of`, which converts; the plain constructor only takes an array that is already
    right and takes it over: the array becomes read-only (a view into a writable array is copied first).

    Attributes:
        samples: float32 [channels, time], C-contiguous, read-only, finite. Full scale is ±1; larger values
            are kept.
        sample_rate: in Hz, a positive int.

    Raises:
        AudioError: wrong dtype, wrong number of axes, or a sample rate that is not a positive whole number.
        AudioTooShort: no samples.
        AudioNotFinite: NaN or infinity among the samples.
    """

    samples: NDArray[np.float32]
    sample_rate: int

    def __post_init__(self) -> None:
        samples: Any = self.samples
        if not isinstance(samples, np.ndarray) or samples.dtype != np.float32 or samples.ndim != 2:
            raise AudioError(
                "samples are not a float32 array of two axes",
                where="Audio.samples",
                got=_describe(samples),
                wanted="float32 [channels, time]",
                next="Use Audio.of(array, sample_rate), which converts",
            )
        object.__setattr__(self, "sample_rate", _whole_rate(self.sample_rate))
        if samples.size == 0:
            raise AudioTooShort(
                "there are no samples",
                where="Audio.samples",
                got=f"shape {list(samples.shape)}",
                wanted="at least one channel and one sample",
            )
        require_finite(samples, where="Audio.samples")
        if samples.base is not None and samples.flags.writeable:
            samples = samples.copy()
        samples = np.ascontiguousarray(samples)
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)

    @classmethod
    def of(cls, array: Any, sample_rate: int) -> Audio:
        """Audio from an array (copied) of shape [time] or [channels, time].

        Floats are taken as they are (full scale ±1); int8, int16 and int32 are divided by 2^7, 2^15, 2^31;
        uint8 is (x - 128) / 128, as in WAV files.

        Raises:
            AudioError: other dtypes or axes, more channels than samples (that is [time, channels]), a bad
                sample rate.
            AudioTooShort: no samples.
            AudioNotFinite: NaN or infinity; names how many and where the first one is.
        """
        values = np.asarray(array)
        if values.ndim == 1:
            values = values[None, :]
        if values.ndim != 2:
            raise AudioError(
                "audio has one or two axes",
                where="Audio.of",
                got=_describe(array),
                wanted="[time] or [channels, time]",
                next="Pass one clip at a time",
            )
        if values.size == 0:
            raise AudioTooShort(
                "there are no samples", where="Audio.of", got=_describe(array), wanted="at least one sample"
            )
        if values.shape[0] > values.shape[1]:
            raise AudioError(
                "more channels than samples: the axes look like [time, channels]",
                where="Audio.of",
                got=f"shape {list(values.shape)}",
                wanted="[time] or [channels, time]",
                next="Transpose it: Audio.of(array.T, sample_rate)",
            )
        return cls(_to_float32(values), sample_rate)

    @property
    def n_samples(self) -> int:
        """Samples per channel."""
        return int(self.samples.shape[1])

    @property
    def channels(self) -> int:
        return int(self.samples.shape[0])

    @property
    def duration_s(self) -> float:
        return self.n_samples / self.sample_rate

    @property
    def peak(self) -> float:
        """The largest absolute sample, over all channels; 1.0 is full scale."""
        return float(max(self.samples.max(), -self.samples.min()))

    @property
    def rms_db(self) -> float:
        """20·log10 of the root mean square over all channels, re full scale; -inf for digital silence."""
        power = sum(float(np.dot(row, row)) for row in self.samples.astype(np.float64)) / self.samples.size
        return 10.0 * math.log10(power) if power > 0.0 else -math.inf

    def mono(self) -> Audio:
        """One channel: the mean of all of them. Returns itself if it already has one."""
        if self.channels == 1:
            return self
        mean = self.samples.mean(axis=0, dtype=np.float64, keepdims=True)
        return Audio(mean.astype(np.float32), self.sample_rate)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Audio):
            return NotImplemented
        return self.sample_rate == other.sample_rate and np.array_equal(self.samples, other.samples)

    def __hash__(self) -> int:
        probe = self.samples[0, :: max(1, self.n_samples // 16)]
        return hash((self.sample_rate, self.samples.shape, tuple(probe.tolist())))

    def __reduce__(self) -> tuple[Any, ...]:
        return Audio, (self.samples, self.sample_rate)

    def __repr__(self) -> str:
        level = "silence" if self.peak == 0.0 else f"peak {self.peak:.3f}, rms {self.rms_db:.1f} dB"
        size = (
            f"{self.channels} ch × {self.n_samples} samples at {self.sample_rate} Hz, {self.duration_s:.3f} s"
        )
        return f"Audio({size}, {level})"


def require_finite(samples: NDArray[Any], *, where: object, first_sample: int = 0) -> None:
    """Refuse NaN and infinity in [channels, time] samples.

    Args:
        samples: any float dtype.
        where: named in the error.
        first_sample: the position of samples[:, 0] in its file, added to the position in the error.

    Raises:
        AudioNotFinite: names how many values are not finite, and the first one's channel and sample.
    """
    finite = np.isfinite(samples)
    if finite.all():
        return
    bad = ~finite
    time = int(np.argmax(bad.any(axis=0)))
    channel = int(np.argmax(bad[:, time]))
    raise AudioNotFinite(
        f"{int(bad.sum())} of {samples.size} values are not finite",
        where=where,
        got=f"{samples[channel, time]} first in channel {channel} at sample {time + first_sample}",
        wanted="finite samples",
        next="Find the step that made them (a division by zero, an overflow), or cut that part out",
    )


def _to_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    name = values.dtype.name
    if name in _FULL_SCALE:
        return (values / _FULL_SCALE[name]).astype(np.float32)
    if name == "uint8":
        return ((values.astype(np.float32) - 128.0) / 128.0).astype(np.float32)
    if values.dtype.kind != "f":
        raise AudioError(
            "this number type has no agreed full scale",
            where="Audio.of",
            got=name,
            wanted="float16/32/64, int8, int16, int32 or uint8",
            next="Divide by your full scale first",
        )
    require_finite(values, where="Audio.of")
    with np.errstate(over="ignore"):
        return np.array(values, dtype=np.float32, order="C")


def _whole_rate(sample_rate: Any) -> int:
    whole = isinstance(sample_rate, (int, float, np.integer, np.floating)) and not isinstance(
        sample_rate, bool
    )
    if not whole or not math.isfinite(sample_rate) or sample_rate != int(sample_rate) or sample_rate < 1:
        raise AudioError(
            "the sample rate is not a positive whole number",
            where="Audio.sample_rate",
            got=repr(sample_rate),
            wanted="Hz, such as 22050",
        )
    return int(sample_rate)


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {list(value.shape)}"
    return type(value).__name__
