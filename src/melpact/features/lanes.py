"""The fast analysis: padded samples to float32 mel rows, 64 frames at a time, one frame per SIMD lane.

Here live the plan (everything that fixes the numbers, nothing about files or dialects) and the engine that runs
it. Not here: padding and resampling (the caller's), the tables derived from the plan (`lane_tables`), the
generated transform (`codelets`), the other compiled stages (`lane_stages`) and the float64 reference.

A group of 64 frames is transposed once, so that sample n of frame l is `x[n % hop][l + n // hop]` whatever
the hop. Every later step does the same arithmetic in all 64 lanes; a partial group is filled up. So a frame's
value is the same bit for bit wherever it stands in a group, a block or a thread.

The arithmetic is single precision. Frames for which that is not enough are found on the way and computed again
by the same code in double precision, 32 at a time. Which frames, is decided by each frame's own samples.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import AxisError, SpecError
from melpact.features import codelets
from melpact.features.codelets import DOUBLE, SINGLE, Precision
from melpact.features.lane_tables import tables

Float32 = NDArray[np.float32]

GROUPS_PER_THREAD = 8
"""Fewer groups than this are not worth another thread: starting one costs about as much as running them."""


EPSILON_KINDS = ("none", "inside", "outside", "clamp")
FLOOR_KINDS = ("none", "clamp", "add")


@dataclass(frozen=True, eq=False)
class LanePlan:
    """What the engine computes, frame by frame. Equal plans are equal in every number, and hash alike.

    For each frame: optionally subtract the mean and pre-emphasise; multiply by the window; transform;
    spectrum S = |X|**power with epsilon; x = bank @ S; floor; y = log_gain * ln(x) - shift; result y * scale
    + offset.

    Args:
        n_fft: transform length in samples, zero-padded at the end if longer than the frame.
        frame_length: samples of a frame, 1 .. n_fft.
        hop_length: samples between frames, any positive number.
        window: float64 [frame_length]; zeros at its ends are skipped. A read-only copy is kept.
        bank: float64 [n_mels, n_fft // 2 + 1], not negative; a band may be empty. A read-only copy is kept.
        power: 1 for magnitude, 2 for power.
        epsilon_kind: with P = |X|**2 and power 1: "none" sqrt(P), "inside" sqrt(P + eps),
            "outside" sqrt(P) + eps, "clamp" sqrt(max(P, eps)); with power 2 the same without the root.
        floor_kind: "clamp" max(x, floor), "add" x + floor; with "none", ln(0) is -inf.
        log_gain: None for no logarithm and no shift; 1 for ln, 1 / ln 10 for log10, 20 / ln 10 for decibels.
        shift: reference level, subtracted after the logarithm.
        frame_preemphasis: c of y[n] = x[n] - c x[n-1] within the frame, x[-1] = x[0] (Kaldi).
        remove_dc: subtract the frame's mean first (Kaldi).
        refine: compute frames in double precision where single is not enough: results within 1e-3 of the
            definition in units of ln, mostly far less. Without it, only where no band lies far below the others.

    Raises:
        SpecError: a value that contradicts the above.
    """

    n_fft: int
    frame_length: int
    hop_length: int
    window: NDArray[np.float64]
    bank: NDArray[np.float64]
    power: int = 1
    epsilon_kind: str = "none"
    epsilon: float = 0.0
    floor_kind: str = "none"
    floor: float = 0.0
    log_gain: float | None = 1.0
    shift: float = 0.0
    scale: float = 1.0
    offset: float = 0.0
    frame_preemphasis: float = 0.0
    remove_dc: bool = False
    refine: bool = True
    _key: tuple[object, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values: list[object] = []
        for entry in fields(self):
            if entry.name in ("window", "bank"):
                array = np.array(getattr(self, entry.name), np.float64, order="C")
                array.flags.writeable = False
                object.__setattr__(self, entry.name, array)
                values += [array.shape, array.tobytes()]
            elif entry.init:
                values.append(getattr(self, entry.name))
        object.__setattr__(self, "_key", tuple(values))
        self._check()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LanePlan) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def _check(self) -> None:
        window, bank, n_fft, n_bins = self.window, self.bank, self.n_fft, self.n_fft // 2 + 1
        kinds, floors = " | ".join(EPSILON_KINDS), " | ".join(FLOOR_KINDS)
        for holds, name, got, wanted in (
            (n_fft >= 2, "n_fft", n_fft, "at least 2"),
            (1 <= self.frame_length <= n_fft, "frame_length", self.frame_length, f"1 to {n_fft}"),
            (self.hop_length >= 1, "hop_length", self.hop_length, "at least 1"),
            (window.shape == (self.frame_length,), "window", window.shape, f"[{self.frame_length}]"),
            (bank.ndim == 2 and bank.shape[1] == n_bins, "bank", bank.shape, f"[n_mels, {n_bins}]"),
            (bool(np.isfinite(window).all()), "window", "NaN or inf", "finite values"),
            (bool(np.isfinite(bank).all()), "bank", "NaN or inf", "finite weights"),
            (bool((bank >= 0).all()), "bank", "a negative weight", "weights of 0 or more"),
            (self.power in (1, 2), "power", self.power, "1 or 2"),
            (self.epsilon_kind in EPSILON_KINDS, "epsilon_kind", self.epsilon_kind, kinds),
            (self.floor_kind in FLOOR_KINDS, "floor_kind", self.floor_kind, floors),
            (self.epsilon >= 0, "epsilon", self.epsilon, "0 or more"),
            (self.floor >= 0, "floor", self.floor, "0 or more"),
        ):
            if not holds:
                raise SpecError(f"this {name} cannot be", where=f"LanePlan.{name}", got=got, wanted=wanted)

    @property
    def n_mels(self) -> int:
        """Bands of the filterbank."""
        return len(self.bank)


class LaneEngine:
    """Runs one plan. Safe to share between threads, which then really run at the same time."""

    def __init__(self, plan: LanePlan):
        """Build the tables and load, or on this machine's first use compile, the code for `plan.n_fft`.

        Raises:
            SpecError: a transform length that `supports` refuses.
        """
        if not self.supports(plan.n_fft):
            raise SpecError(
                "no fast transform for this length", where="n_fft", got=plan.n_fft,
                wanted="an even number of the form 2^a 3^b 5^c 7^d, 4 or more",
            )  # fmt: skip
        self.plan = plan
        self._single = _Driver(plan, SINGLE)
        self._double: _Driver | None = None
        self._double_lock = threading.Lock()

    @staticmethod
    def supports(n_fft: int) -> bool:
        """Whether a transform of `n_fft` real samples can be generated: even, 2^a 3^b 5^c 7^d, 4 or more."""
        return codelets.supports(n_fft)

    def run(
        self,
        padded: Float32,
        n_frames: int,
        out: Float32,
        threads: int = 1,
        rest: Float32 | None = None,
    ) -> None:
        """Write frames 0 .. n_frames - 1 of `padded` into `out[:, :n_frames]`.

        Args:
            padded: float32 [samples], contiguous; frame t is `padded[t * hop : t * hop + frame_length]`.
            n_frames: at most `(len(padded) - frame_length) // hop + 1`.
            out: float32 [n_mels, n_frames or more]; fastest when C-contiguous.
            threads: upper bound of threads for this call; the values do not depend on it.
            rest: float32 like `padded`: what was lost when the samples were rounded to `padded`, if anything
                was. Only frames in double precision take it in.

        Raises:
            AxisError: shapes or types other than these.
        """
        check_arrays(self.plan, padded, n_frames, out, rest)
        if n_frames == 0:
            return
        rest = np.empty(0, np.float32) if rest is None else rest
        target = out if out.flags.c_contiguous else np.empty((out.shape[0], n_frames), np.float32)
        n_groups = -(-n_frames // SINGLE.lanes)
        parts = max(1, min(threads, n_groups // GROUPS_PER_THREAD))
        bounds = [n_groups * part // parts for part in range(parts + 1)]
        if parts == 1:
            self._run_groups(padded, rest, n_frames, 0, n_groups, target)
        else:
            with ThreadPoolExecutor(parts) as pool:
                jobs = [
                    pool.submit(self._run_groups, padded, rest, n_frames, first, last, target)
                    for first, last in itertools.pairwise(bounds)
                ]
                for job in jobs:
                    job.result()
        if target is not out:
            out[:, :n_frames] = target

    def _run_groups(self, padded: Float32, rest: Float32, n_frames: int, first: int, last: int, out: Float32) -> None:
        """Groups first .. last - 1, first all of them in single precision, then the suspects in double."""
        most = min(last * SINGLE.lanes, n_frames) - first * SINGLE.lanes
        suspects = np.empty(most if self.plan.refine else 0, np.uintp)
        n_suspects = self._single(padded, np.uintp(n_frames), np.uintp(first), np.uintp(last), out, suspects)
        if n_suspects:
            block = np.empty((self.plan.n_mels, DOUBLE.lanes), np.float32)
            step = np.uintp(self.plan.hop_length)
            self._in_double()(padded, rest, step, suspects[:n_suspects], block, out)

    def _in_double(self) -> _Driver:
        with self._double_lock:
            if self._double is None:
                self._double = _Driver(self.plan, DOUBLE)
            return self._double


class _Driver:
    """A generated driver with its tables, and buffers for as many threads as have called it at once."""

    def __init__(self, plan: LanePlan, precision: Precision):
        from melpact.features.lane_cache import compiled

        self._function: Callable[..., int] = compiled(plan.n_fft, precision)
        self._tables = tables(plan, precision)
        self._idle_buffers: deque[tuple[NDArray[Any], ...]] = deque()

    def __call__(self, *arguments: object) -> int:
        try:
            buffers = self._idle_buffers.pop()
        except IndexError:
            buffers = tuple(_aligned_zeros(*buffer) for buffer in self._tables.buffers)
        result = self._function(*arguments, *self._tables.arguments, *buffers)
        self._idle_buffers.append(buffers)
        return result


def check_arrays(plan: LanePlan, padded: Float32, n_frames: int, out: Float32, rest: Float32 | None = None) -> None:
    """Refuse arrays that an engine cannot run on.

    Raises:
        AxisError
    """
    for name, array in (("padded", padded), ("rest", padded if rest is None else rest)):
        if array.dtype != np.float32 or array.shape != (padded.size,) or not array.flags.c_contiguous:
            raise AxisError("unusable samples", where=name, got=f"{array.dtype}{list(array.shape)}",
                            wanted="contiguous float32[samples]")  # fmt: skip
    needed = (n_frames - 1) * plan.hop_length + plan.frame_length
    if n_frames < 0 or (n_frames > 0 and needed > len(padded)):
        raise AxisError("frames reach past the samples", where="n_frames", got=n_frames,
                        wanted=f"{needed} samples, there are {len(padded)}")  # fmt: skip
    n_mels = plan.n_mels
    if out.dtype != np.float32 or out.ndim != 2 or len(out) != n_mels or out.shape[1] < n_frames:
        raise AxisError("unusable output", where="out", got=f"{out.dtype}{list(out.shape)}",
                        wanted=f"float32[{n_mels}, {n_frames} or more]")  # fmt: skip


@functools.lru_cache(maxsize=32)
def engine_for(plan: LanePlan) -> LaneEngine:
    """The engine of a plan, built once per process."""
    return LaneEngine(plan)


def _aligned_zeros(size: int, kind: str) -> NDArray[Any]:
    """Zeros [size] that start on a cache line."""
    width = np.dtype(kind).itemsize
    line = 64 // width
    block = np.zeros(size + line, kind)
    start = -(block.ctypes.data // width) % line
    return block[start : start + size]
