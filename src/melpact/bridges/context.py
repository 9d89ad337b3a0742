"""What the corrector sees of a value: the views around it and where it stands, as one row of numbers per value.

All levels are nat of magnitude (power mels halved), relative to the value's own or to the clip's loudest, so that one model
serves every description and every gain. Not here: the views (`blend`), the model (`corrector`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.bridges.grids import Floats, frame_centres_s
from melpact.contract.diff.grid_rules import centres_hz
from melpact.contract.filterbank import hz_to_mel
from melpact.contract.spec import MelSpec

Rows = NDArray[np.float32]

BANDS, FRAMES = 2, 2
"""How far the rows look, in bands and in frames of the target."""
_FURTHEST = 6.0
"""Differences in nat beyond which one is like another."""


def rows(maps: tuple[Floats, ...], source: MelSpec, target: MelSpec, where: NDArray[np.bool_] | None = None) -> Rows:
    """One row per value of the target's grid.

    Args:
        maps: the sound's ln mel, then what the other views would add to it, each [n_mels, frames], in nat of the target.
        source, target: the descriptions.
        where: which values, bool [n_mels, frames]; all by default.

    Returns:
        float32 [values, width], in the order of `np.nonzero(where)`.
    """
    chosen = np.ones(maps[0].shape, np.bool_) if where is None else where
    return next(blocks(maps, source, target, chosen, max(int(chosen.sum()), 1)))


def blocks(
    maps: tuple[Floats, ...], source: MelSpec, target: MelSpec, where: NDArray[np.bool_], size: int
) -> Iterator[Rows]:
    """The same in blocks of up to `size` values; one empty block where there are none."""
    levels, *additions = (np.asarray(m / target.power, np.float32) for m in maps)
    around = [_windows(m) for m in (levels, *additions)]
    loudest = levels.max(initial=-1e9)
    band_mean, frame_top = levels.mean(axis=1), levels.max(axis=0)
    of_bands, of_pair = _of_bands(source, target), _of_pair(source, target)
    of_frames = _of_frames(source, target, levels.shape[1])
    bands, frames = np.nonzero(where)
    for start in range(0, max(bands.size, 1), size):
        band, frame = bands[start : start + size], frames[start : start + size]
        centre = levels[band, frame]
        shape = (band.size, (2 * BANDS + 1) * (2 * FRAMES + 1))
        near = [windows[band, frame].reshape(shape) for windows in around]
        near[0] = near[0] - centre[:, None]
        beside_band = np.clip(centre - band_mean[band], -8, 8) / 2
        parts = [np.clip(values, -_FURTHEST, _FURTHEST) for values in near]
        parts.append(np.stack([(centre - loudest) / 4, beside_band, (centre - frame_top[frame]) / 4], axis=1))
        parts += [of_bands[band], of_frames[frame], np.broadcast_to(of_pair, (band.size, of_pair.size))]
        yield np.concatenate(parts, axis=1, dtype=np.float32)


def _windows(values: Rows) -> Rows:
    """The neighbourhood of each value as a view, [n_mels, frames, 2 BANDS + 1, 2 FRAMES + 1]; the edge repeats."""
    padded = np.pad(values, ((BANDS, BANDS), (FRAMES, FRAMES)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, (2 * BANDS + 1, 2 * FRAMES + 1))


def _of_bands(source: MelSpec, target: MelSpec) -> Rows:
    """Per band of the target: its frequency, its width in bins, how the source's bands compare, how far its centre is from
    one of them."""
    own, wanted = (hz_to_mel(centres_hz(s), "htk") for s in (source, target))
    index = np.interp(wanted, own, np.arange(own.size, dtype=np.float64))
    widths = [np.interp(centres_hz(target), centres_hz(s), _width_hz(s)) for s in (source, target)]
    bins = [w / (s.sample_rate / s.win_length) for w, s in zip(widths, (source, target), strict=True)]
    return np.stack(
        [
            wanted / 1000 - 1.5,
            np.log2(np.maximum(bins[0], 1e-2)) / 2,
            np.log2(np.maximum(bins[1], 1e-2)) / 2,
            np.log2(widths[1] / widths[0]),
            2 * np.abs(index - np.round(index)),
        ],
        axis=1,
    ).astype(np.float32)


def _width_hz(spec: MelSpec) -> Floats:
    """Distance from a band's neighbour to its neighbour on the other side, halved, [n_mels]."""
    centres = centres_hz(spec)
    return np.maximum(np.gradient(centres), 1e-3) if centres.size > 1 else np.full(1, spec.physical_f_max_hz)


def _of_frames(source: MelSpec, target: MelSpec, frames: int) -> Rows:
    """Per frame of the target: where it stands between two of the source, in hops."""
    first = frame_centres_s(source, 1)[0]
    index = (frame_centres_s(target, frames) - first) * source.sample_rate / source.hop_length
    left = index - np.floor(index + 1e-9)
    return np.stack([2 * left - 1, 2 * np.minimum(left, 1 - left)], axis=1).astype(np.float32)


def _of_pair(source: MelSpec, target: MelSpec) -> Rows:
    """Windows and hops of the two, their ratio, powers."""
    window = [s.win_length / s.sample_rate for s in (source, target)]
    hop = [s.hop_length / s.sample_rate for s in (source, target)]
    facts = [
        np.log2(window[0] / 0.04),
        np.log2(window[1] / 0.04),
        np.log2(window[1] / window[0]),
        np.log2(hop[0] / window[0]) + 2,
        np.log2(hop[1] / window[1]) + 2,
        np.log2(hop[0] / window[1]) + 2,
        source.power - 1.5,
        target.power - 1.5,
        float(source.window == target.window),
    ]
    return np.array(facts, np.float32)
