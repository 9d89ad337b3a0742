"""The fast float32 analysis: padded samples to mel rows, 64 frames at a time, one frame per SIMD lane.

Here live the plan (everything that fixes the numbers, nothing about files or dialects), the tables derived
from it and the engine that runs it. Not here: padding and resampling (the caller's), the generated transform
(`codelets`), the other compiled stages (`lane_stages`) and the float64 reference.

A group of 64 frames is transposed once, so that sample n of frame l is `x[n % hop][l + n // hop]` whatever
the hop. Every later step does the same arithmetic in all 64 lanes; a partial group is filled up. So a frame's
value is the same bit for bit wherever it stands in a group, a block or a thread.
"""

from __future__ import annotations

import functools
import itertools
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from melpact.core.errors import AxisError, SpecError
from melpact.features import codelets
from melpact.features.codelets import LANES

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
        from melpact.features.lane_cache import compiled

        self.plan = plan
        self._analyse = compiled(plan.n_fft)
        self._framing, self._buffer_sizes = _framing_arguments(plan)
        self._spectrum, n_bins = _spectrum_arguments(plan)
        self._bands = _band_arguments(plan)
        self._buffer_sizes += (codelets.buffer_size(plan.n_fft // 2), n_bins * LANES, LANES)
        self._idle_buffers: deque[tuple[NDArray[np.float32], ...]] = deque()

    @staticmethod
    def supports(n_fft: int) -> bool:
        """Whether a transform of `n_fft` real samples can be generated: even, 2^a 3^b 5^c 7^d, 4 or more."""
        return codelets.supports(n_fft)

    def run(
        self, padded: NDArray[np.float32], n_frames: int, out: NDArray[np.float32], threads: int = 1
    ) -> None:
        """Write frames 0 .. n_frames - 1 of `padded` into `out[:, :n_frames]`.

        Args:
            padded: float32 [samples], contiguous; frame t is `padded[t * hop : t * hop + frame_length]`.
            n_frames: at most `(len(padded) - frame_length) // hop + 1`.
            out: float32 [n_mels, n_frames or more]; fastest when C-contiguous.
            threads: upper bound of threads for this call; the values do not depend on it.

        Raises:
            AxisError: shapes or types other than these.
        """
        self._check(padded, n_frames, out)
        if n_frames == 0:
            return
        target = out if out.flags.c_contiguous else np.empty((out.shape[0], n_frames), np.float32)
        n_groups = -(-n_frames // LANES)
        parts = max(1, min(threads, n_groups // GROUPS_PER_THREAD))
        bounds = [n_groups * part // parts for part in range(parts + 1)]
        if parts == 1:
            self._run_groups(padded, n_frames, 0, n_groups, target)
        else:
            with ThreadPoolExecutor(parts) as pool:
                jobs = [
                    pool.submit(self._run_groups, padded, n_frames, first, last, target)
                    for first, last in itertools.pairwise(bounds)
                ]
                for job in jobs:
                    job.result()
        if target is not out:
            out[:, :n_frames] = target

    def _check(self, padded: NDArray[np.float32], n_frames: int, out: NDArray[np.float32]) -> None:
        if padded.dtype != np.float32 or padded.ndim != 1 or not padded.flags.c_contiguous:
            raise AxisError("unusable samples", where="padded", got=f"{padded.dtype}{list(padded.shape)}",
                            wanted="contiguous float32[samples]")  # fmt: skip
        needed = (n_frames - 1) * self.plan.hop_length + self.plan.frame_length
        if n_frames < 0 or (n_frames > 0 and needed > len(padded)):
            raise AxisError("frames reach past the samples", where="n_frames", got=n_frames,
                            wanted=f"{needed} samples, there are {len(padded)}")  # fmt: skip
        n_mels = self.plan.n_mels
        if out.dtype != np.float32 or out.ndim != 2 or len(out) != n_mels or out.shape[1] < n_frames:
            raise AxisError("unusable output", where="out", got=f"{out.dtype}{list(out.shape)}",
                            wanted=f"float32[{n_mels}, {n_frames} or more]")  # fmt: skip

    def _run_groups(
        self, padded: NDArray[np.float32], n_frames: int, first: int, last: int, out: NDArray[np.float32]
    ) -> None:
        try:
            buffers = self._idle_buffers.pop()
        except IndexError:
            buffers = tuple(_aligned_zeros(size) for size in self._buffer_sizes)
        self._analyse(
            padded, *self._framing, *self._spectrum, *self._bands, *buffers,
            np.uintp(n_frames), np.uintp(first), np.uintp(last), out,
        )  # fmt: skip
        self._idle_buffers.append(buffers)


@functools.lru_cache(maxsize=32)
def engine_for(plan: LanePlan) -> LaneEngine:
    """The engine of a plan, built once per process."""
    return LaneEngine(plan)


def _aligned_zeros(size: int) -> NDArray[np.float32]:
    """float32 [size] that starts on a cache line."""
    line = 16
    block = np.zeros(size + line, np.float32)
    start = -(block.ctypes.data // 4) % line
    return block[start : start + size]


def _framing_arguments(plan: LanePlan) -> tuple[tuple[object, ...], tuple[int, ...]]:
    """`analyse`'s arguments from `start` to `twiddle`, and its buffers' sizes from `tail` to `frames`."""
    hop, n_points = plan.hop_length, plan.n_fft // 2
    window = plan.window
    conditioned = plan.remove_dc or plan.frame_preemphasis != 0
    support = np.flatnonzero(window)
    start, stop = (int(support[0]), int(support[-1]) + 1) if len(support) else (0, 1)
    if conditioned:
        start, stop = 0, plan.frame_length
    n_rows = min(hop, stop - start)
    width = LANES + (stop - start - 1) // hop
    n = np.arange(stop - start)
    places = n % hop * width + n // hop
    # Samples without a window read the frame's first sample and multiply it by zero.
    rows, factors = np.zeros(plan.n_fft, np.uintp), np.zeros(plan.n_fft)
    rows[start:stop] = n * LANES if conditioned else places
    factors[start:stop] = window[start:stop] / 2  # the half of the even-odd split, see lane_stages.magnitudes
    order = codelets.input_order(n_points)
    arguments = (
        np.uintp(start), np.uintp(hop), np.uintp(n_rows), np.uintp(width),
        conditioned, plan.remove_dc, np.float32(plan.frame_preemphasis), places.astype(np.uintp),
        rows[order], factors[order].astype(np.float32), codelets.twiddles(n_points),
    )  # fmt: skip
    frames = plan.frame_length * LANES if conditioned else 0
    return arguments, ((width - 1) * hop + n_rows, n_rows * width, LANES, frames)


def _spectrum_arguments(plan: LanePlan) -> tuple[tuple[object, ...], int]:
    """`analyse`'s arguments from `split` to `raise_by`, and the number of bins computed."""
    n_points = plan.n_fft // 2
    low, high = _used_bins(plan)
    places = codelets.row_offsets(n_points)

    def entry(k: int, mirrored: bool) -> list[int]:
        mirror = (n_points - k - low) * LANES if mirrored else 0
        return [int(places[k % n_points]), int(places[(n_points - k) % n_points]), (k - low) * LANES, mirror]

    wanted = [low <= k < high for k in range(n_points + 1)]
    pairs = [k for k in range((n_points + 1) // 2) if wanted[k] and wanted[n_points - k]]
    in_pairs = {*pairs, *(n_points - k for k in pairs)}
    singles = [k for k in range(low, high) if k not in in_pairs]
    entries = [entry(k, True) for k in pairs] + [entry(k, False) for k in singles]
    angles = 2 * np.pi * np.array([*pairs, *singles]) / plan.n_fft
    turns = np.stack([np.cos(angles), -np.sin(angles)], axis=-1).astype(np.float32).ravel()
    kind, epsilon = plan.epsilon_kind, np.float32(plan.epsilon)
    zero = np.float32(0)
    arguments = (
        np.array(entries, np.uintp).ravel(), turns, np.uintp(len(pairs)),
        epsilon if kind == "inside" else zero,
        epsilon if kind == "clamp" else zero,
        plan.power == 1,
        epsilon if kind == "outside" else zero,
    )  # fmt: skip
    return arguments, high - low


def _band_arguments(plan: LanePlan) -> tuple[object, ...]:
    """`analyse`'s arguments from `edges` to `offset`."""
    low, _ = _used_bins(plan)
    edges: list[int] = []
    weights: list[NDArray[np.float64]] = [np.zeros(0)]
    n_weights = 0
    for band in plan.bank:
        support = np.flatnonzero(band)
        first, last = (int(support[0]), int(support[-1]) + 1) if len(support) else (low, low)
        edges += [(first - low) * LANES, n_weights, last - first]
        weights.append(band[first:last])
        n_weights += last - first
    zero = np.float32(0)
    gain, shift = (1.0, 0.0) if plan.log_gain is None else (plan.log_gain, plan.shift)
    return (
        np.array(edges, np.uintp), np.concatenate(weights).astype(np.float32),
        np.float32(plan.floor) if plan.floor_kind == "add" else zero,
        np.float32(plan.floor) if plan.floor_kind == "clamp" else zero,
        plan.log_gain is not None,
        np.float32(gain * plan.scale), np.float32(plan.offset - shift * plan.scale),
    )  # fmt: skip


def _used_bins(plan: LanePlan) -> tuple[int, int]:
    """The first bin that any band uses, and one past the last."""
    used = np.flatnonzero(plan.bank.any(axis=0))
    return (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
