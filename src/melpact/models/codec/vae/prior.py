"""How likely the whole numbers of a quantised latent are, and a range coder that goes by it.

Every number is predicted from its neighbours that are known already (the two frames before, the band below, channels before
it), and so is how far it may lie from that. Both predictions are sums of whole numbers with weights that the file keeps as
whole numbers, so that no two machines can disagree; the differences are coded by tables of counts, kept there, too.
How weights and tables are found is in `fitting`.

The range coder is `constriction` (Bamler 2022, "Understanding Entropy Coding With Asymmetric Numeral Systems (ANS): a
Statistician's Perspective", its accompanying library); the tables are given as integers in float64, exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import BrokenPacket, ContractError, MelpactError

PREFIX = "prior."
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

ONE = 256
"""What weights and predicted distances are multiplied by."""
NEAREST = 24
"""Differences up to this are coded by the tables, larger ones by their distance beyond it."""
SYMBOLS = 2 * NEAREST + 3
CLASSES = 28
TOTAL = 1 << 16
"""Sum of a table."""
LARGEST = 1 << 14
"""No quantised number is larger."""
CHANNELS_BEFORE = 8
FIXED = 5
"""Neighbours that are no other channel."""


def thresholds() -> list[int]:
    """Predicted distances (times `ONE`) at which the next table begins, CLASSES - 1 of them: each a third above the last."""
    made, at = [], 6
    for _ in range(CLASSES - 1):
        made.append(at)
        at = max(at + 1, at * 4 // 3)
    return made


def n_neighbours(channels: int) -> int:
    """By which a number is predicted."""
    return FIXED + min(channels - 1, CHANNELS_BEFORE)


def neighbours(numbers: Ints) -> Ints:
    """Of every number [C, P, L] those that it is predicted from, [K, C, P, L]; 0 where there are none.

    In this order: the frame before, the one before that, the band below, the band above in the frame before, the band below
    in the frame before, the channel before, the one before that, and so on.
    """
    channels = numbers.shape[0]
    wide = np.pad(numbers, ((CHANNELS_BEFORE, 0), (1, 1), (2, 0)))

    def at(channel: int, band: int, frame: int) -> Ints:
        c, p, t = numbers.shape
        first, low, begin = CHANNELS_BEFORE + channel, 1 + band, 2 + frame
        return wide[first : first + c, low : low + p, begin : begin + t]

    near = [at(0, 0, -1), at(0, 0, -2), at(0, -1, 0), at(0, 1, -1), at(0, -1, -1)]
    return np.stack([*near, *(at(-1 - k, 0, 0) for k in range(min(channels - 1, CHANNELS_BEFORE)))])


@dataclass(frozen=True, eq=False)
class Prior:
    """Of one VAE's latents, at several steps of quality.

    Attributes:
        centre, spread: mean of each channel and position, and how far the posterior lies around its own mean there, [C, P].
        ratios: quantiser step of each quality in spreads, coarse to fine, [S].
        mean_weights, scale_weights: of the neighbours, times `ONE`, [S, C, K]. scale_bias: [S, C, P].
        tables: counts of differences -NEAREST - 1 … NEAREST + 1 (the ends: beyond), [CLASSES, SYMBOLS], each with sum TOTAL.
        rates: what each quality cost on what the tables were counted on, bits per second, [S].
    """

    centre: Floats
    spread: Floats
    ratios: Floats
    mean_weights: Ints
    scale_weights: Ints
    scale_bias: Ints
    tables: Ints
    rates: Floats

    @property
    def steps(self) -> int:
        """Of quality."""
        return len(self.ratios)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """By the names under which a file keeps them."""
        return {PREFIX + name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    @classmethod
    def of(cls, tensors: Mapping[str, NDArray[Any]], shape: tuple[int, int], where: object) -> Prior:
        """Those among a file's tensors, for latent frames of that shape.

        Raises:
            ContractError: one is missing, of another shape, or impossible.
        """
        channels, positions = shape
        ratios = tensors.get(f"{PREFIX}ratios", np.zeros(0))
        k, steps = n_neighbours(channels), ratios.size
        shapes = {
            "centre": shape, "spread": shape, "ratios": (steps,), "mean_weights": (steps, channels, k),
            "scale_weights": (steps, channels, k), "scale_bias": (steps, channels, positions), "tables": (CLASSES, SYMBOLS),
            "rates": (steps,),
        }  # fmt: skip
        found: dict[str, Any] = {}
        for name, wanted in shapes.items():
            value = tensors.get(PREFIX + name)
            whole = name in ("mean_weights", "scale_weights", "scale_bias", "tables")
            fits = value is not None and value.shape == wanted and np.isfinite(value).all() and steps > 0
            if value is None or not fits or (whole and (np.abs(value) > TOTAL).any()):
                got = "nothing" if value is None else f"shape {list(value.shape)}"
                raise ContractError(f"{PREFIX}{name} is not what a VAE's file holds", where=where, got=got,
                                    wanted=f"finite numbers of shape {list(wanted)}")  # fmt: skip
            found[name] = np.asarray(value, np.int64 if whole else np.float32)
        positive = all(float(found[name].min()) > 0 for name in ("spread", "ratios", "tables"))
        if not positive or (found["tables"].sum(1) != TOTAL).any():
            raise ContractError("its tables contradict themselves", where=where, wanted=f"counts above 0, {TOTAL} in sum")
        return cls(**found)

    def quantised(self, latent: Floats, quality: int) -> Ints:
        """A latent [C, P, L] as whole numbers."""
        numbers = np.rint((latent - self.centre[..., None]) / self._step(quality)[..., None])
        whole: Ints = np.clip(numbers, -LARGEST, LARGEST).astype(np.int64)
        return whole

    def restored(self, numbers: Ints, quality: int) -> Floats:
        """The latent that whole numbers [C, P, L] stand for."""
        made: Floats = numbers.astype(np.float32) * self._step(quality)[..., None] + self.centre[..., None]
        return made

    def predicted(self, numbers: Ints, quality: int) -> tuple[Ints, Ints]:
        """(expected number, table) of every number [C, P, L]."""
        near = neighbours(numbers)
        mean = np.einsum("kcpl,ck->cpl", near, self.mean_weights[quality]) + ONE // 2 >> 8
        away = np.einsum("kcpl,ck->cpl", np.abs(near), self.scale_weights[quality]) + self.scale_bias[quality][..., None]
        return mean, np.searchsorted(np.array(thresholds()), away, "right")

    def bits(self, numbers: Ints, quality: int) -> float:
        """What whole numbers cost by the tables, without the coder's few bits at the end."""
        mean, table = self.predicted(numbers, quality)
        away = numbers - mean
        beyond = np.abs(away) - NEAREST - 1
        symbol = np.clip(away, -NEAREST - 1, NEAREST + 1) + NEAREST + 1
        costs = -np.log2(self.tables / TOTAL)
        escaped = beyond[beyond >= 0]
        return float(costs[table, symbol].sum() + (2 * np.floor(np.log2(escaped + 1)) + 1).sum())

    def written(self, numbers: Ints, quality: int) -> bytes:
        """Whole numbers [C, P, L] as bytes."""
        mean, table = (one.transpose(2, 0, 1).ravel().tolist() for one in self.predicted(numbers, quality))
        coder, models, bit = _queue().RangeEncoder(), self._models, self._bit
        for number, expected, which in zip(numbers.transpose(2, 0, 1).ravel().tolist(), mean, table, strict=True):
            away = number - expected
            beyond = abs(away) - NEAREST - 1
            if beyond < 0:
                coder.encode(away + NEAREST + 1, models[which])
                continue
            coder.encode(0 if away < 0 else SYMBOLS - 1, models[which])
            length = (beyond + 1).bit_length()
            for _ in range(length - 1):
                coder.encode(1, bit)
            coder.encode(0, bit)
            for index in reversed(range(length - 1)):
                coder.encode((beyond + 1) >> index & 1, bit)
        return _bytes(coder.get_compressed())

    def read(self, data: bytes, frames: int, quality: int) -> Ints:
        """The whole numbers [C, P, frames] of bytes that `written` made.

        Raises:
            BrokenPacket: `written` cannot have made them.
        """
        coder, models, bit = _queue().RangeDecoder(_words(data)), self._models, self._bit
        channels, positions = self.centre.shape
        blank = [[0] * (positions + 2) for _ in range(channels)]
        before, last = blank, blank
        weights, scales = self.mean_weights[quality].tolist(), self.scale_weights[quality].tolist()
        bias, edges = self.scale_bias[quality].tolist(), thresholds()
        made = np.empty((frames, channels, positions), np.int64)
        for frame in range(frames):
            now = [[0] * (positions + 2) for _ in range(channels)]
            for c in range(channels):
                row, old, older = now[c], last[c], before[c]
                others = [now[c - 1 - k] if k < c else blank[0] for k in range(len(weights[c]) - FIXED)]
                w, v, least = weights[c], scales[c], bias[c]
                for p in range(1, positions + 1):
                    near = [old[p], older[p], row[p - 1], old[p + 1], old[p - 1], *[one[p] for one in others]]
                    mean = sum(map(int.__mul__, near, w)) + ONE // 2 >> 8
                    away = sum(map(int.__mul__, map(abs, near), v)) + least[p - 1]
                    symbol = _next(coder, models[bisect_right(edges, away)])
                    if 0 < symbol < SYMBOLS - 1:
                        number = mean + symbol - NEAREST - 1
                    else:
                        far = NEAREST + 1 + _beyond(coder, bit)
                        number = mean + (far if symbol else -far)
                    if not -LARGEST <= number <= LARGEST:
                        raise BrokenPacket("holds a number that no encoder writes", got=number, wanted=f"within ±{LARGEST}")
                    row[p] = number
            made[frame] = [row[1:-1] for row in now]
            before, last = last, now
        if not coder.maybe_exhausted():
            raise BrokenPacket("holds more than its frames", got=f"{len(data)} bytes for {frames} frames")
        return made.transpose(1, 2, 0)

    def _step(self, quality: int) -> Floats:
        made: Floats = self.ratios[quality] * self.spread
        return made

    @cached_property
    def _models(self) -> list[Any]:
        model = _constriction().stream.model
        return [model.Categorical(row.astype(np.float64), perfect=False) for row in self.tables]

    @cached_property
    def _bit(self) -> Any:
        return _constriction().stream.model.Uniform(2)


def _next(coder: Any, model: Any) -> int:
    """One symbol.

    Raises:
        BrokenPacket: no symbol leads to these bytes.
    """
    try:
        return int(coder.decode(model))
    except AssertionError:
        raise BrokenPacket("holds bits that no encoder writes") from None


def _beyond(coder: Any, bit: Any) -> int:
    """An Elias gamma code less one.

    Raises:
        BrokenPacket: one longer than any number has.
    """
    length = 0
    while _next(coder, bit):
        length += 1
        if length > LARGEST.bit_length() + 1:
            raise BrokenPacket("holds a number that no encoder writes", wanted=f"within ±{LARGEST}")
    value = 1
    for _ in range(length):
        value = 2 * value + _next(coder, bit)
    return value - 1


def _bytes(words: NDArray[np.uint32]) -> bytes:
    """Little-endian, without the zeros at the end."""
    return words.astype("<u4").tobytes().rstrip(b"\0")


def _words(data: bytes) -> NDArray[np.uint32]:
    """The inverse of `_bytes`."""
    return np.frombuffer(data + b"\0" * (-len(data) % 4), "<u4").astype(np.uint32)


def _queue() -> Any:
    return _constriction().stream.queue


def _constriction() -> Any:
    try:
        import constriction
    except ImportError:
        raise MelpactError("codecs need constriction, which is not installed", next="pip install 'melpact[codec]'") from None
    return constriction
