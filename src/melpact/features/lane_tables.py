"""The tables and buffers with which the generated code of the lane engine runs a plan.

Here live where every sample, frequency and band lies, the constants that go with it, and the limits under which
single precision does not do. Not here: the code that reads the tables (`codelets`, `lane_stages`).

Single precision leaves in a bin of a frame's spectrum an error of about 3e-8 of the root mean square of all of its
bins, beside a pure tone up to 4e-7 (the growth with the size is that of Schatzman 1996, "Accuracy of the discrete
Fourier transform and the fast Fourier transform"). The logarithm magnifies it in a band far under the others. So a
frame is suspect where the mean magnitude of a band falls short of `LEAST_RATIO` times that root mean square; where
the band averages n bins, and with them their errors, of this over the root of n.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melpact.features import codelets
from melpact.features.codelets import DOUBLE, Precision

if TYPE_CHECKING:
    from melpact.features.lanes import LanePlan

LEAST_RATIO = 2.5e-3
"""An error of 4e-7 is then 1.6e-4 of a band's magnitude, and twice that of its power."""

UNSEEN_RATIO = 1e-5
"""Far over the largest error: what lies further under a clamping floor is on it in any precision."""


class Tables(NamedTuple):
    """What a driver takes after its own arguments: `arguments`, then buffers of these sizes and types."""

    arguments: tuple[object, ...]
    buffers: tuple[tuple[int, str], ...]


class _Layout(NamedTuple):
    """Where samples start .. stop of a group's frames lie once transposed: sample n of frame l, counted from
    start, at n % hop * width + n // hop + l."""

    start: int
    stop: int
    hop: int
    width: int

    @property
    def n_rows(self) -> int:
        return min(self.hop, self.stop - self.start)


def tables(plan: LanePlan, precision: Precision) -> Tables:
    """The arguments that both drivers share. In double precision frames are gathered, and none is suspect."""
    layout = _layout(plan, precision)
    framing, sizes = _framing(plan, layout, precision)
    spectrum, n_bins = _spectrum(plan, precision)
    arguments = (*framing, *spectrum, *_bands(plan, precision), *_limits(plan, layout, precision))
    sizes = (*sizes, codelets.buffer_size(plan.n_fft // 2, precision))
    buffers = (
        (layout.width, "uintp"), *((size, precision.real) for size in sizes),
        (n_bins * precision.lanes, "float32"), (3 * precision.lanes, "float32"),
    )  # fmt: skip
    return Tables(arguments, buffers)


def _is_conditioned(plan: LanePlan) -> bool:
    return plan.remove_dc or plan.frame_preemphasis != 0


def _layout(plan: LanePlan, precision: Precision) -> _Layout:
    support = np.flatnonzero(plan.window)
    start, stop = (int(support[0]), int(support[-1]) + 1) if len(support) else (0, 1)
    if _is_conditioned(plan):
        start, stop = 0, plan.frame_length
    length, line = stop - start, precision.line
    # Gathered frames lie an odd number of cache lines apart: transposing reads the same place of several.
    hop = (length // line // 2 * 2 + 3) * line if precision == DOUBLE else plan.hop_length
    return _Layout(start, stop, hop, precision.lanes + (stop - start - 1) // hop)


def _framing(plan: LanePlan, layout: _Layout, precision: Precision) -> tuple[tuple[object, ...], tuple[int, ...]]:
    """Arguments from `start` to `twiddle`, and the sizes of the buffers from `tail` to `y`."""
    real, lanes, n_points = np.dtype(precision.real).type, precision.lanes, plan.n_fft // 2
    start, stop, hop, width = layout
    n_rows, conditioned = layout.n_rows, _is_conditioned(plan)
    n = np.arange(stop - start)
    places = n % hop * width + n // hop
    # Samples without a window read the frame's first sample and multiply it by zero.
    rows, factors = np.zeros(plan.n_fft, np.uintp), np.zeros(plan.n_fft)
    rows[start:stop] = n * lanes if conditioned else places
    factors[start:stop] = plan.window[start:stop] / 2  # the half of the even-odd split, see lane_stages.magnitudes
    order = codelets.input_order(n_points)
    share = 1 / plan.frame_length if plan.remove_dc else 0.0
    arguments = (
        np.uintp(start), np.uintp(hop), np.uintp(n_rows), np.uintp(width),
        conditioned, real(share), real(plan.frame_preemphasis), places.astype(np.uintp),
        rows[order], factors[order].astype(real), codelets.twiddles(n_points).astype(real),
    )  # fmt: skip
    n_tiles = -(-n_rows // precision.line)
    sizes = ((width - 1) * hop + n_rows, n_rows * width, n_tiles * width, lanes)
    return arguments, (*sizes, plan.frame_length * lanes if conditioned else 0)


def _spectrum(plan: LanePlan, precision: Precision) -> tuple[tuple[object, ...], int]:
    """Arguments from `split` to `raise_by`, and the number of bins computed."""
    real, lanes, n_points = np.dtype(precision.real).type, precision.lanes, plan.n_fft // 2
    low, high = _used_bins(plan)
    places = codelets.row_offsets(n_points, precision)

    def entry(k: int, mirrored: bool) -> list[int]:
        mirror = (n_points - k - low) * lanes if mirrored else 0
        return [int(places[k % n_points]), int(places[(n_points - k) % n_points]), (k - low) * lanes, mirror]

    wanted = [low <= k < high for k in range(n_points + 1)]
    pairs = [k for k in range((n_points + 1) // 2) if wanted[k] and wanted[n_points - k]]
    in_pairs = {*pairs, *(n_points - k for k in pairs)}
    singles = [k for k in range(low, high) if k not in in_pairs]
    entries = [entry(k, True) for k in pairs] + [entry(k, False) for k in singles]
    angles = 2 * np.pi * np.array([*pairs, *singles]) / plan.n_fft
    turns = np.stack([np.cos(angles), -np.sin(angles)], axis=-1).astype(real).ravel()
    kind, epsilon, zero = plan.epsilon_kind, real(plan.epsilon), real(0)
    arguments = (
        np.array(entries, np.uintp).ravel(), turns, np.uintp(len(pairs)),
        epsilon if kind == "inside" else zero,
        epsilon if kind == "clamp" else zero,
        plan.power == 1,
        epsilon if kind == "outside" else zero,
    )  # fmt: skip
    return arguments, high - low


def _bands(plan: LanePlan, precision: Precision) -> tuple[object, ...]:
    """Arguments from `edges` to `offset`."""
    lanes = precision.lanes
    low, _ = _used_bins(plan)
    edges: list[int] = []
    weights: list[NDArray[np.float64]] = [np.zeros(0)]
    n_weights = 0
    for band in plan.bank:
        support = np.flatnonzero(band)
        first, last = (int(support[0]), int(support[-1]) + 1) if len(support) else (low, low)
        edges += [(first - low) * lanes, n_weights, last - first]
        weights.append(band[first:last])
        n_weights += last - first
    gain, shift = (1.0, 0.0) if plan.log_gain is None else (plan.log_gain, plan.shift)
    return (
        np.array(edges, np.uintp), np.concatenate(weights).astype(np.float32),
        np.float32(plan.floor if plan.floor_kind == "add" else 0),
        np.float32(plan.floor if plan.floor_kind == "clamp" else 0),
        plan.log_gain is not None,
        np.float32(gain * plan.scale), np.float32(plan.offset - shift * plan.scale),
    )  # fmt: skip


def _limits(plan: LanePlan, layout: _Layout, precision: Precision) -> tuple[object, ...]:
    """Arguments from `limits` to `single_weights`; limits of 0 and empty tables where nothing is suspect."""
    off = precision == DOUBLE or not plan.refine
    limits = np.zeros(plan.n_mels) if off else _least(plan)
    (blocks, block_weights), (singles, single_weights) = (([], []), ([], [])) if off else _energy(plan, layout, precision)
    return (
        limits.astype(np.float32), np.float32((UNSEEN_RATIO / LEAST_RATIO) ** plan.power),
        np.array(blocks, np.uintp), np.array(block_weights, np.float32),
        np.array(singles, np.uintp), np.array(single_weights, np.float32),
    )  # fmt: skip


def _least(plan: LanePlan) -> NDArray[np.float64]:
    """Per band, what it must hold of a frame whose bins have a root mean square of 1."""
    total, square = plan.bank.sum(axis=1), (plan.bank**2).sum(axis=1)
    n_bins = total**2 / np.where(square > 0, square, 1.0)  # as many bins of equal weight average as much
    ratio = LEAST_RATIO / np.sqrt(np.maximum(n_bins, 1.0))
    return np.asarray(total * ratio**plan.power, np.float64)


_Weighted = tuple[list[int], list[float]]


def _energy(plan: LanePlan, layout: _Layout, precision: Precision) -> tuple[_Weighted, _Weighted]:
    """Places in `squares` of the tiles that lie within a frame, and in `x` of its other samples, with weights."""
    window = plan.window[layout.start : layout.stop] ** 2
    tile, n_rows = precision.line, layout.n_rows
    blocks: _Weighted = ([], [])
    singles: _Weighted = ([], [])
    for column, first in enumerate(range(0, len(window), layout.hop)):
        part = window[first : first + n_rows]
        covered = 0
        for index in range(-(-n_rows // tile) if n_rows >= tile else 0):
            row = min(index * tile, n_rows - tile)
            if row + tile <= len(part):
                blocks[0].append(index * layout.width + column)
                blocks[1].append(float(part[row : row + tile].max()))
                covered = row + tile
        for row in range(covered, len(part)):
            singles[0].append(row * layout.width + column)
            singles[1].append(float(part[row]))
    for entries in blocks:
        entries += [0] * (-len(entries) % 4)  # the stage takes four at a time
    return blocks, singles


def _used_bins(plan: LanePlan) -> tuple[int, int]:
    """The first bin that any band uses, and one past the last."""
    used = np.flatnonzero(plan.bank.any(axis=0))
    return (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
