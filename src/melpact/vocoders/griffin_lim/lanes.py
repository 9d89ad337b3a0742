"""Fast Griffin-Lim with 64 frames side by side, one to a SIMD lane: an iteration in one pass over the groups of frames.

Here live the tables and buffers of the generated code, and the iterations over it. Not here: its text (`lane_source`),
its stages (`lane_stages`), the same iteration by scipy's transforms for sizes that have no such code (`fast`).

The signal is kept as blocks of 64 hops, sample r of hop c at `[c // 64, r * 64 + c % 64]`, so that a sample of 64 frames
is one stretch of memory and windows need no transposition. For every group of frames, one after the other, the spectrum
is taken, restored, turned back and added to the next signal without leaving the core's cache; only the spectrum before is
read from memory and written there. Lanes without a frame have the level 0 and add nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from melpact.features import codelets
from melpact.features.lane_cache import digest_of, generated
from melpact.vocoders.griffin_lim.lane_source import LANES, VECTOR, Layout, module_source
from melpact.vocoders.griffin_lim.targets import FixedMagnitude, MelTarget

if TYPE_CHECKING:
    from melpact.vocoders.griffin_lim.fast import Framing

Float32 = NDArray[np.float32]


def supports(n_fft: int) -> bool:
    """Whether there is generated code for transforms of `n_fft` real samples: even, 2^a 3^b 5^c 7^d, 4 or more."""
    return codelets.supports(n_fft)


class LaneIterations:
    """The iterations of one framing towards one target; `signal` is what they have come to."""

    def __init__(self, framing: Framing, target: FixedMagnitude | MelTarget, signal: Float32):
        """From the padded signal of the start, float32 [framing.scale.size]."""
        self._function = _compiled(framing.n_fft)
        self._framing = framing
        hop, n_bins = framing.hop_length, framing.n_fft // 2 + 1
        groups = -(-framing.frames // LANES)
        reach = -(-framing.n_fft // hop)
        width = LANES + -(-(reach - 1) // VECTOR) * VECTOR
        blocks = groups + -(-(width - LANES) // LANES)
        self._shape = (blocks, hop * LANES)
        self._signal, self._refined = self._blocks(signal), np.zeros(self._shape, np.float32)
        scales: dict[bytes, int] = {}  # all blocks but the first and the last are alike
        scale_of = [scales.setdefault(block.tobytes(), len(scales)) for block in self._blocks(framing.scale)]
        layout = Layout(framing.n_fft // 2)
        pairs = layout.n_points // 2 + 1
        self._previous = np.zeros((groups, pairs * 4 * LANES), np.float32)
        distinct = np.stack([np.frombuffer(block, np.float32) for block in scales])
        self._scales = (distinct, np.array(scale_of, np.uintp))
        none = np.zeros((0, 0), np.float32)
        if isinstance(target, MelTarget):
            level, magnitude = _in_lanes(target.level, groups), none
            n_ratios, bank, squared = target.level.shape[1], _bank(target), target.power == 2
        else:
            k = _pairs(layout.n_points)
            order = np.stack([k, layout.n_points - k], axis=-1).ravel()
            level, magnitude = none, _in_lanes(target.magnitude[:, order], groups)
            n_ratios, bank, squared = 1, _whole(n_bins), False
        self._target = (magnitude, level)
        self._squared = squared
        transform = _transform(framing.n_fft, hop, framing.window.tobytes(), width, isinstance(target, FixedMagnitude))
        self._tables = (np.uintp(hop), *transform[:5], *bank, *transform[5:])
        self._buffers = (
            *(np.zeros(hop * width, np.float32) for _ in "xy"),
            np.zeros(layout.size + 2 * LANES, np.float32),
            np.zeros(pairs * 2 * LANES, np.float32),
            np.ones(n_ratios * LANES, np.float32),
        )

    def run(self, momentum: float, *, keep_from: int | None = None) -> NDArray[np.complex64] | None:
        """One iteration; the restored spectrum `[frames - keep_from, bins]` of the frames from `keep_from` on, if given."""
        groups = len(self._previous)
        first = groups if keep_from is None else keep_from // LANES
        kept = np.zeros((max(1, groups - first), self._previous.shape[1]), np.float32)
        self._function(
            self._signal, self._refined, *self._scales, self._previous, *self._target, np.float32(momentum), self._squared,
            kept, np.uintp(first), *self._tables, *self._buffers,
        )  # fmt: skip
        self._signal, self._refined = self._refined, self._signal
        if keep_from is None:
            return None
        n_points = self._framing.n_fft // 2
        pairs = kept.reshape(len(kept), -1, 2, 2, LANES)
        values = (pairs[:, :, :, 0] + 1j * pairs[:, :, :, 1]).astype(np.complex64)  # [groups, pairs, two, lanes]
        spectrum = np.empty((len(kept), LANES, n_points + 1), np.complex64)
        k = _pairs(n_points)
        spectrum[:, :, n_points - k] = values[:, :, 1].transpose(0, 2, 1)
        spectrum[:, :, k] = values[:, :, 0].transpose(0, 2, 1)
        return spectrum.reshape(-1, n_points + 1)[keep_from - first * LANES : self._framing.frames - first * LANES]

    @property
    def signal(self) -> Float32:
        """The padded signal, float32 [framing.scale.size]."""
        blocks, _ = self._shape
        hop = self._framing.hop_length
        hops = self._signal.reshape(blocks, hop, LANES).transpose(0, 2, 1)
        return hops.reshape(-1)[: self._framing.scale.size]

    def _blocks(self, signal: Float32) -> Float32:
        """The blocks of a signal, zeros behind it."""
        blocks, _ = self._shape
        hop = self._framing.hop_length
        whole = np.zeros(blocks * LANES * hop, np.float32)
        whole[: signal.size] = signal
        return np.ascontiguousarray(whole.reshape(blocks, LANES, hop).transpose(0, 2, 1)).reshape(blocks, -1)


@functools.lru_cache(maxsize=64)
def _compiled(n_fft: int) -> Callable[..., None]:
    """One iteration for transforms of `n_fft` real samples, compiled on this machine's first use."""
    digest = digest_of("melpact.features.lane_vectors", "melpact.vocoders.griffin_lim.lane_stages")
    module = generated(f"griffin_lim_{n_fft}", lambda cache: module_source(n_fft, digest, cache=cache))
    iterate: Callable[..., None] = module.iterate
    return iterate


@functools.lru_cache(maxsize=64)
def _pairs(n_points: int) -> NDArray[np.int64]:
    """The lower bins of all pairs, in the order in which their rows lie between the transforms."""
    places = Layout(n_points).places_of_frequencies()
    order: NDArray[np.int64] = np.argsort(places[: n_points // 2 + 1], kind="stable")
    return order


def _in_lanes(values: Float32, groups: int) -> Float32:
    """`[frames, n]` as `[groups, n * LANES]`, zeros behind the last frame."""
    whole = np.zeros((groups * LANES, values.shape[1]), np.float32)
    whole[: len(values)] = values
    return np.ascontiguousarray(whole.reshape(groups, LANES, -1).transpose(0, 2, 1)).reshape(groups, -1)


@functools.lru_cache(maxsize=16)
def _transform(n_fft: int, hop: int, window_bytes: bytes, width: int, paired: bool) -> tuple[NDArray[Any], ...]:
    """Arguments from `rows` to `turns`, then `out_rows` and `out_window`. Sizes lie in the order of bins, or of pairs."""
    window = np.frombuffer(window_bytes, np.float32)
    layout = Layout(n_fft // 2)
    n_points = layout.n_points
    n = np.arange(n_fft)
    places = n % hop * width + n // hop
    order = layout.input_order()
    frequencies = layout.places_of_frequencies()
    k = _pairs(n_points)
    a, b = frequencies[k], frequencies[(n_points - k) % n_points]
    sizes = (2 * np.arange(k.size), 2 * np.arange(k.size) + 1) if paired else (k, n_points - k)
    split = np.stack([a, b, a, np.where(k == 0, layout.size, b), sizes[0] * LANES, sizes[1] * LANES], axis=-1)
    turns = np.stack([np.cos(2 * np.pi * k / n_fft), -np.sin(2 * np.pi * k / n_fft)], axis=-1)
    points = layout.places_of_points()
    sources = points[n // 2] + n % 2 * LANES
    heard = np.flatnonzero(window)
    return (
        places[order].astype(np.uintp),
        (window[order] / 2).astype(np.float32),
        layout.twiddles().astype(np.float32),
        split.ravel().astype(np.uintp),
        turns.ravel().astype(np.float32),
        np.stack([sources, places], axis=-1)[heard].ravel().astype(np.uintp),
        (window[heard] / n_fft).astype(np.float32),
    )


def _bank(target: MelTarget) -> tuple[NDArray[Any], ...]:
    """Arguments from `edges` to `share_weights`."""
    bands = target.bands
    lengths = bands.stop - bands.first
    starts = np.cumsum(lengths) - lengths
    edges = np.stack([bands.first * LANES, starts, lengths], axis=-1)
    weights = [row[first:stop] for row, first, stop in zip(bands.weights, bands.first, bands.stop, strict=True)]
    k, m = np.nonzero(bands.weights.T)
    reaching = np.bincount(k, minlength=bands.covered.size)
    entries = np.maximum(reaching, 2)  # the code takes the first two without asking
    stop = np.cumsum(entries)
    place = (stop - entries - np.cumsum(reaching) + reaching)[k] + np.arange(k.size)
    rows, values = np.zeros(stop[-1], np.uintp), np.zeros(stop[-1], np.float32)
    rows[place], values[place] = m * LANES, bands.weights[m, k] * bands.inverse_column_sum[k]
    return (
        edges.ravel().astype(np.uintp), np.concatenate(weights).astype(np.float32),
        _spans(stop - entries, stop), rows, values,
    )  # fmt: skip


def _whole(n_bins: int) -> tuple[NDArray[Any], ...]:
    """The same for a fixed magnitude: one ratio, which is 1, in every bin."""
    ends = np.zeros(n_bins, np.int64), np.full(n_bins, 2)
    rows, values = np.zeros(2, np.uintp), np.array([1, 0], np.float32)
    return np.zeros(0, np.uintp), np.zeros(0, np.float32), _spans(*ends), rows, values


def _spans(first: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.uintp]:
    """First and last entry of both bins of every pair."""
    n_points = len(first) - 1
    k = _pairs(n_points)
    return np.stack([first[k], stop[k], first[n_points - k], stop[n_points - k]], axis=-1).ravel().astype(np.uintp)
