"""Scalings: what a program does to a log mel after the log, and how to undo it.

Each scaling is a frozen record with three methods: `measure` (what it has to know about one utterance), `apply` and `undo`.
`clipped` counts the values that sit on a bound, that is, the ones `undo` cannot bring back. Fitting a scaling to a
corpus lives in `melpact.normalise`.

Arrays are [..., n_mels, frames], float32 or float64; the result keeps the dtype. The arithmetic runs in float64.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from melpact.core.errors import MissingUtterance
from melpact.core.records import Record

Array = NDArray[np.floating[Any]]
Utterance = dict[str, NDArray[np.float64]]


class Clipped(NamedTuple):
    """How many values of an array sit on the lower and on the upper bound of a scaling."""

    below: int
    above: int
    total: int


class UtteranceMeter:
    """Extremes and per-band moments of one utterance, fed block by block.

    Sums run frame by frame in one order, so any cut into blocks gives the same bits.
    """

    def __init__(self) -> None:
        self._low, self._high, self._frames = math.inf, -math.inf, 0
        self._sum: NDArray[np.float64] | None = None
        self._square: NDArray[np.float64] | None = None

    def update(self, block: Array) -> None:
        """Take in the next frames, [n_mels, frames]."""
        if block.shape[-1] == 0:
            return
        x = np.asarray(block, np.float64)
        if self._sum is None:
            self._shift = x[..., :1].copy()
            self._sum, self._square = np.zeros_like(self._shift), np.zeros_like(self._shift)
        self._low, self._high = min(self._low, float(x.min())), max(self._high, float(x.max()))
        self._frames += x.shape[-1]
        centred = x - self._shift
        for total, terms in ((self._sum, centred), (self._square, centred * centred)):
            total[...] = np.add.accumulate(np.concatenate([total, terms], axis=-1), axis=-1)[..., -1:]  # type: ignore[index]

    def result(self) -> Utterance:
        """min, max (0-d), mean and sum of squared deviations per band [n_mels], and the frame count (0-d)."""
        if self._sum is None or self._square is None:
            raise MissingUtterance("an utterance without frames has no statistics")
        mean = self._sum / self._frames
        deviations = np.maximum(self._square - self._sum * mean, 0.0)
        return {
            "min": np.asarray(self._low),
            "max": np.asarray(self._high),
            "mean": (mean + self._shift)[..., 0],
            "deviations": deviations[..., 0],
            "frames": np.asarray(float(self._frames)),
        }


def measure(blocks: Iterable[Array]) -> Utterance:
    """The statistics of one utterance given in blocks of frames."""
    meter = UtteranceMeter()
    for block in blocks:
        meter.update(block)
    return meter.result()


class _Scaling(Record, ABC):
    """Shared behaviour: dtype handling and the neutral answers."""

    @model_serializer(mode="wrap")
    def _named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The kind is always written, also where defaults are left out: it is what tells two scalings apart."""
        return {"kind": getattr(self, "kind", None), **handler(self)}

    def needs(self) -> tuple[str, ...]:
        """Names of the utterance statistics that `apply` reads; empty for a fixed scaling."""
        return ()

    def undo_needs(self) -> tuple[str, ...]:
        """Names of those that `undo` reads."""
        return self.needs()

    def apply(self, raw: Array, utterance: Utterance | None = None) -> Array:
        """Raw log mel → scaled values, same shape and dtype."""
        return self._forward(np.asarray(raw, np.float64), self._facts(utterance, self.needs())).astype(raw.dtype, copy=False)

    def undo(self, scaled: Array, utterance: Utterance | None = None) -> Array:
        """Scaled values → raw log mel, same shape and dtype."""
        return self._backward(np.asarray(scaled, np.float64), self._facts(utterance, self.undo_needs())).astype(
            scaled.dtype, copy=False
        )

    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value that the scaling can produce (infinite where it does not clip)."""
        return -math.inf, math.inf

    def clipped(self, scaled: Array) -> Clipped:
        """Count the values on the bounds, within a millionth of the range: a log rounds to either side of its floor."""
        low, high = self.bounds()
        span = max(abs(b) for b in (low, high) if math.isfinite(b)) if math.isfinite(low) or math.isfinite(high) else 0
        width = high - low if math.isfinite(high - low) else span
        below = int(np.count_nonzero(scaled <= low + 1e-6 * width)) if math.isfinite(low) else 0
        above = int(np.count_nonzero(scaled >= high - 1e-6 * width)) if math.isfinite(high) else 0
        return Clipped(below, above, int(scaled.size))

    def _facts(self, utterance: Utterance | None, needed: tuple[str, ...]) -> Utterance:
        missing = [n for n in needed if utterance is None or n not in utterance]
        if missing:
            raise MissingUtterance(
                "this scaling was made from statistics of the utterance itself and they were not kept",
                where=type(self).__name__,
                got=f"no {', '.join(missing)}",
                wanted="the statistics measured when it was applied (a melpact file keeps them)",
                next="Extract the mel again from the audio, or give the statistics by hand",
            )
        return utterance or {}

    @abstractmethod
    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]: ...

    @abstractmethod
    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]: ...


class NoScaling(_Scaling):
    """The log mel as it is."""

    kind: Literal["none"] = "none"

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return x

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return y


class Affine(_Scaling):
    """`y = x * scale + shift`, one pair of numbers for all bands."""

    kind: Literal["affine"] = "affine"
    scale: float
    shift: float = 0.0

    @model_validator(mode="after")
    def _check(self) -> Affine:
        if self.scale == 0:
            raise ValueError("scale must not be 0: every value would become the same")
        return self

    @classmethod
    def standardise(cls, mean: float, std: float) -> Affine:
        """`(x - mean) / std`."""
        return cls(scale=1.0 / std, shift=-mean / std)

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return x * self.scale + self.shift

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return (y - self.shift) / self.scale


class BandAffine(_Scaling):
    """`y[m] = x[m] * scale[m] + shift[m]`: per-band mean and spread, or per-band divisors."""

    kind: Literal["band_affine"] = "band_affine"
    scale: tuple[float, ...]
    shift: tuple[float, ...]

    @model_validator(mode="after")
    def _check(self) -> BandAffine:
        if len(self.scale) != len(self.shift):
            raise ValueError(f"scale has {len(self.scale)} bands, shift has {len(self.shift)}")
        if any(s == 0 for s in self.scale):
            raise ValueError("scale must not be 0 in any band")
        return self

    @classmethod
    def standardise(cls, mean: Iterable[float], std: Iterable[float]) -> BandAffine:
        """`(x[m] - mean[m]) / std[m]`, as statistics files of vocoders store it."""
        mean, std = [float(m) for m in mean], [float(s) for s in std]
        return cls(scale=tuple(1.0 / s for s in std), shift=tuple(-m / s for m, s in zip(mean, std, strict=True)))

    @classmethod
    def divide(cls, divisors: Iterable[float]) -> BandAffine:
        """`x[m] / divisors[m]`."""
        divisors = [float(d) for d in divisors]
        return cls(scale=tuple(1.0 / d for d in divisors), shift=(0.0,) * len(divisors))

    def _columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return np.asarray(self.scale)[:, None], np.asarray(self.shift)[:, None]

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        scale, shift = self._columns()
        return x * scale + shift

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        scale, shift = self._columns()
        return (y - shift) / scale


class Window(_Scaling):
    """`[low, high]` of the log mel → `[out_low, out_high]`, with or without clipping at each end.

    Tacotron's dB window is `low=-100, high=0` to [0, 1] or [-4, 4]; `clip_low`, `clip_high` are bounds of the result.
    """

    kind: Literal["window"] = "window"
    low: float
    high: float
    out_low: float = 0.0
    out_high: float = 1.0
    clip_low: float | None = None
    clip_high: float | None = None

    @model_validator(mode="after")
    def _check(self) -> Window:
        if self.low >= self.high or self.out_low >= self.out_high:
            raise ValueError("a window needs low < high and out_low < out_high")
        if self.clip_low is not None and self.clip_high is not None and self.clip_low >= self.clip_high:
            raise ValueError("clip_low must lie below clip_high")
        return self

    @classmethod
    def clipping(cls, low: float, high: float, out_low: float = 0.0, out_high: float = 1.0) -> Window:
        """A window that clips at both of its ends."""
        return cls(low=low, high=high, out_low=out_low, out_high=out_high, clip_low=out_low, clip_high=out_high)

    @property
    def slope(self) -> float:
        """Output units per unit of the log mel."""
        return (self.out_high - self.out_low) / (self.high - self.low)

    def bounds(self) -> tuple[float, float]:
        return (
            -math.inf if self.clip_low is None else self.clip_low,
            math.inf if self.clip_high is None else self.clip_high,
        )

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        y = (x - self.low) * self.slope + self.out_low
        return np.clip(y, *self.bounds())

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return (y - self.out_low) / self.slope + self.low


class Tanh(_Scaling):
    """`y = amplitude * tanh((x - centre) / width)`: soft companding into (-amplitude, amplitude).

    float32 cannot tell values beyond about 8 widths apart; they are counted as clipped.
    """

    kind: Literal["tanh"] = "tanh"
    centre: float
    width: float = Field(gt=0)
    amplitude: float = Field(default=1.0, gt=0)

    def bounds(self) -> tuple[float, float]:
        return -self.amplitude, self.amplitude

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return self.amplitude * np.tanh((x - self.centre) / self.width)

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        edge = np.nextafter(1.0, 0.0)
        return self.centre + self.width * np.arctanh(np.clip(y / self.amplitude, -edge, edge))


class DynamicRange(_Scaling):
    """Whisper's rule: no value more than `range` below the loudest of the whole tensor; then `(x + shift) / divisor`.

    Source: openai/whisper, whisper/audio.py (`log_mel_spectrogram`).
    """

    kind: Literal["dynamic_range"] = "dynamic_range"
    range: float = Field(default=8.0, gt=0)
    shift: float = 4.0
    divisor: float = Field(default=4.0, gt=0)

    def needs(self) -> tuple[str, ...]:
        return ("max",)

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return (np.maximum(x, facts["max"] - self.range) + self.shift) / self.divisor

    def undo_needs(self) -> tuple[str, ...]:
        """None: what lay below the range stays at its bottom."""
        return ()

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return y * self.divisor - self.shift

    def clipped(self, scaled: Array) -> Clipped:
        if scaled.size == 0:
            return Clipped(0, 0, 0)
        bottom = np.asarray(scaled.max() - self.range / self.divisor, scaled.dtype)
        tolerance = np.asarray(4e-7, scaled.dtype) * max(1.0, abs(float(bottom)))
        return Clipped(int(np.count_nonzero(scaled <= bottom + tolerance)), 0, int(scaled.size))


class UtteranceMinMax(_Scaling):
    """The lowest value of the utterance → `out_low`, the highest → `out_high`."""

    kind: Literal["utterance_min_max"] = "utterance_min_max"
    out_low: float = 0.0
    out_high: float = 1.0
    epsilon: float = Field(default=1e-6, gt=0)

    def needs(self) -> tuple[str, ...]:
        return ("min", "max")

    def _line(self, facts: Utterance) -> tuple[Any, Any]:
        return facts["min"], np.maximum(facts["max"] - facts["min"], self.epsilon) / (self.out_high - self.out_low)

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        low, unit = self._line(facts)
        return np.asarray((x - low) / unit + self.out_low)

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        low, unit = self._line(facts)
        return np.asarray((y - self.out_low) * unit + low)


class UtteranceStandard(_Scaling):
    """Per band and utterance: minus its mean over time, and over its spread unless `spread` is "none".

    "added": `/ (std + epsilon)` (NeMo); "inside": `/ sqrt(var + epsilon)` (instance norm). `ddof` 1: unbiased variance.
    """

    kind: Literal["utterance_standard"] = "utterance_standard"
    spread: Literal["none", "added", "inside"] = "none"
    epsilon: float = Field(default=0.0, ge=0)
    ddof: int = Field(default=0, ge=0, le=1)

    def needs(self) -> tuple[str, ...]:
        return ("mean",) if self.spread == "none" else ("mean", "deviations", "frames")

    def _line(self, facts: Utterance) -> tuple[Any, Any]:
        mean = facts["mean"][..., None]
        if self.spread == "none":
            return mean, 1.0
        variance = facts["deviations"][..., None] / np.maximum(facts["frames"] - self.ddof, 1.0)
        if self.spread == "added":
            return mean, np.sqrt(variance) + self.epsilon
        return mean, np.sqrt(variance + self.epsilon)

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        mean, unit = self._line(facts)
        return np.asarray((x - mean) / unit)

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        mean, unit = self._line(facts)
        return np.asarray(y * unit + mean)


class Percentile(_Scaling):
    """Two fixed percentiles of a corpus → `out_low` and `out_high`, clipping or not; robust min-max.

    `low` and `high` are the values found at `low_percent` and `high_percent`.
    """

    kind: Literal["percentile"] = "percentile"
    low: float
    high: float
    low_percent: float = Field(default=1.0, ge=0, le=100)
    high_percent: float = Field(default=99.0, ge=0, le=100)
    out_low: float = 0.0
    out_high: float = 1.0
    clip: bool = True

    @model_validator(mode="after")
    def _check(self) -> Percentile:
        if self.low >= self.high or self.low_percent >= self.high_percent:
            raise ValueError("the lower percentile must lie below the upper one")
        return self

    def _window(self) -> Window:
        ends = {"low": self.low, "high": self.high, "out_low": self.out_low, "out_high": self.out_high}
        return Window.clipping(**ends) if self.clip else Window(**ends)

    def bounds(self) -> tuple[float, float]:
        return self._window().bounds()

    def _forward(self, x: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return self._window()._forward(x, facts)

    def _backward(self, y: NDArray[np.float64], facts: Utterance) -> NDArray[np.float64]:
        return self._window()._backward(y, facts)


Scaling = Annotated[
    NoScaling | Affine | BandAffine | Window | Percentile | Tanh | DynamicRange | UtteranceMinMax | UtteranceStandard,
    Field(discriminator="kind"),
]


def scalings() -> Iterator[type[_Scaling]]:
    """Every kind of scaling, for laws and help texts."""
    yield from (
        NoScaling,
        Affine,
        BandAffine,
        Window,
        Percentile,
        Tanh,
        DynamicRange,
        UtteranceMinMax,
        UtteranceStandard,
    )
