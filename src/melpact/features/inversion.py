"""Linear mel to linear STFT magnitude: the part of mel inversion that knows only arrays.

Lives here: `mel_to_magnitude`, its kernel and the prepared form of a bank. Not here: undoing a dialect's
logarithm and scaling, building filterbanks, phase. Importing this module imports numba, so import it where it
is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from melpact.core.errors import AxisError, ContractError

if TYPE_CHECKING:
    from melpact.features.harmonic_track import HarmonicTrack

_LANES = 64
"""Frames solved together, side by side in memory: every step of the kernel vectorises over them."""

_START_FLOOR = 1e-8
"""Share of a frame's loudest band below which a band counts as this level in the logarithmic start."""


class Bands(NamedTuple):
    """A bank with rows summing to one, kept as the contiguous run of bins that each row covers."""

    weights: NDArray[np.float32]  # [n_mels, bins]
    first: NDArray[np.int32]  # [n_mels] first covered bin
    stop: NDArray[np.int32]  # [n_mels] one past the last covered bin
    row_sum: NDArray[np.float64]  # [n_mels]
    start: NDArray[np.float32]  # [bins, n_mels] interpolation weights, rows sum to one where `covered`
    inverse_column_sum: NDArray[np.float32]  # [bins]; 0 where no band reaches
    covered: NDArray[np.bool_]  # [bins]


def mel_to_magnitude(
    linear_mel: ArrayLike,
    bank: ArrayLike | Bands,
    *,
    power: int,
    iterations: int = 20,
    harmonics: HarmonicTrack | None = None,
) -> NDArray[np.float32]:
    """Find a non-negative STFT magnitude whose mel is `linear_mel`.

    The start interpolates the bands' mean levels logarithmically over the bins; multiplicative updates then
    lower the Kullback-Leibler divergence between the mel and the start's mel (Lee & Seung 2001, "Algorithms
    for non-negative matrix factorization", eq. 5 with the bank held fixed). The updates keep the inside of a
    band as smooth as the start made it, and from the first on the sum of a frame's mean band levels is exact.

    Bins that no band covers are zero above and below the covered range and interpolated inside gaps of it.
    Every frame is solved at its own scale, so the units of the waveform do not matter.

    Args:
        linear_mel: `[n_mels, frames]`, non-negative, the logarithm and any scaling already undone.
        bank: `[n_mels, bins]`, non-negative; any normalisation; rows may be empty; or what `bands_of` made of it.
        power: 1 if the bank acted on |X|, 2 if on |X|^2.
        iterations: number of updates; 0 gives the start.
        harmonics: sharpens the start of voiced frames into harmonics that the bands blurred.

    Returns:
        float32 `[bins, frames]`, the magnitude |X| (for either power).

    Raises:
        ContractError: shapes that do not fit, negative or non-finite input.
        ValueError: a power other than 1 or 2, negative iterations.
    """
    bands = bands_of(bank)
    mel = checked_mel(linear_mel, bands, power)
    if iterations < 0:
        raise ValueError(f"iterations must not be negative, got {iterations}")
    n_mels, frames = mel.shape
    magnitude = np.zeros((bands.covered.size, frames), dtype=np.float32)
    usable = bands.row_sum > 0
    if not usable.any():
        return magnitude
    level = np.zeros((n_mels, _LANES), dtype=np.float32)
    for begin in range(0, frames, _LANES):
        end = min(begin + _LANES, frames)
        scale = _frame_scale(mel[:, begin:end], bands.row_sum, power)
        level[:] = 0
        level[usable, : end - begin] = mel[usable, begin:end] / bands.row_sum[usable, None] / scale
        comb = None if harmonics is None else harmonics.log_comb(begin, end, bins=len(bands.covered))
        solution = _start(level, bands, comb, power)
        _kl_updates(solution, level, bands.weights, bands.first, bands.stop, bands.inverse_column_sum, iterations)
        block = solution[:, : end - begin]
        magnitude[:, begin:end] = np.sqrt(block) * np.sqrt(scale) if power == 2 else block * scale
    _fill_gaps(magnitude, bands.covered)
    return magnitude


def checked_mel(linear_mel: ArrayLike, bands: Bands, power: int) -> NDArray[np.float32]:
    """`linear_mel` as float32 `[n_mels, frames]`.

    Raises:
        ContractError: it does not fit the bank, or is negative or not finite.
        ValueError: a power other than 1 or 2.
    """
    if power not in (1, 2):
        raise ValueError(f"power must be 1 or 2, got {power}")
    mel = np.asarray(linear_mel, dtype=np.float32)
    if mel.ndim != 2 or len(mel) != len(bands.row_sum):
        raise AxisError(
            "the mel does not fit the filterbank",
            got=f"shape {mel.shape}",
            wanted=f"[{len(bands.row_sum)}, frames]",
        )
    if not (np.isfinite(mel).all() and (mel >= 0).all()):
        raise ContractError(
            "a linear mel must be finite and not negative",
            got=f"{np.isnan(mel).sum()} NaN, {np.isinf(mel).sum()} infinite, {(mel < 0).sum()} negative",
            next="Undo the logarithm and any scaling first.",
        )
    return mel


def bands_of(bank: ArrayLike | Bands) -> Bands:
    """Prepare a bank `[n_mels, bins]` for the updates; one that is prepared stays as it is.

    Raises:
        ContractError: not a finite, non-negative matrix.
    """
    if isinstance(bank, Bands):
        return bank
    matrix = np.asarray(bank, dtype=np.float64)
    if matrix.ndim != 2 or not (np.isfinite(matrix).all() and (matrix >= 0).all()):
        raise ContractError(
            "the filterbank cannot be inverted",
            got=f"shape {matrix.shape}, lowest {matrix.min(initial=np.inf)}",
            wanted="a finite, non-negative [n_mels, bins]",
        )
    row_sum = matrix.sum(axis=1)
    weights = np.divide(matrix, row_sum[:, None], out=np.zeros_like(matrix), where=row_sum[:, None] > 0)
    peak = matrix.max(axis=1, initial=0.0)
    shape = np.divide(matrix, peak[:, None], out=np.zeros_like(matrix), where=peak[:, None] > 0)
    total = shape.sum(axis=0)
    covered = total > 0
    start = np.divide(shape, total, out=np.zeros_like(shape), where=covered).T
    column_sum = weights.sum(axis=0)
    inverse = np.divide(1.0, column_sum, out=np.zeros_like(column_sum), where=column_sum > 0)
    positive = weights > 0
    first = positive.argmax(axis=1)
    stop = np.where(row_sum > 0, matrix.shape[1] - positive[:, ::-1].argmax(axis=1), first)
    return Bands(
        np.ascontiguousarray(weights, dtype=np.float32),
        first.astype(np.int32),
        stop.astype(np.int32),
        row_sum,
        np.ascontiguousarray(start, dtype=np.float32),
        inverse.astype(np.float32),
        covered,
    )


def _frame_scale(mel: NDArray[np.float32], row_sum: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """Near each frame's loudest band, a power of two (of four for power 2, whose root is taken), which rounds
    nothing."""
    usable = row_sum > 0
    loudest = (mel[usable] / row_sum[usable, None]).max(axis=0)
    exponent = np.zeros(loudest.shape)
    np.log2(loudest, out=exponent, where=loudest > 0)
    return np.exp2(power * np.round(exponent / power))


def _start(level: NDArray[np.float32], bands: Bands, comb: NDArray[np.float32] | None, power: int) -> NDArray[np.float32]:
    """Mean band levels `[n_mels, lanes]`, interpolated over the bins on a logarithmic scale: `[bins,
    lanes]`."""
    loudest = level.max(axis=0)
    solution = bands.start @ np.log(np.maximum(level, _START_FLOOR))
    if comb is not None:
        solution[:, : comb.shape[1]] += np.float32(power) * comb
    np.exp(solution, out=solution)
    solution[~bands.covered] = 0
    solution[:, loudest == 0] = 0
    return solution


@njit(cache=True, nogil=True, fastmath=True)
def _kl_updates(  # type: ignore[no-untyped-def]
    solution, level, weights, first, stop, inverse_column_sum, iterations
):
    """Update `solution` [bins, lanes] in place towards `weights @ solution == level`."""
    n_mels, lanes = level.shape
    bins = solution.shape[0]
    estimate = np.empty(lanes, np.float32)
    gain = np.empty((bins, lanes), np.float32)
    for _ in range(iterations):
        gain[:] = 0
        for band in range(n_mels):
            estimate[:] = 0
            for k in range(first[band], stop[band]):
                weight = weights[band, k]
                row = solution[k]
                for lane in range(lanes):
                    estimate[lane] += weight * row[lane]
            target = level[band]
            for lane in range(lanes):
                estimate[lane] = target[lane] / (estimate[lane] + np.float32(1e-30))
            for k in range(first[band], stop[band]):
                weight = weights[band, k]
                row = gain[k]
                for lane in range(lanes):
                    row[lane] += weight * estimate[lane]
        for k in range(bins):
            inverse = inverse_column_sum[k]
            row = solution[k]
            factor = gain[k]
            for lane in range(lanes):
                row[lane] *= inverse * factor[lane]


def _fill_gaps(magnitude: NDArray[np.float32], covered: NDArray[np.bool_]) -> None:
    """Interpolate bins that no band reaches but that lie between covered ones."""
    known = np.flatnonzero(covered)
    for k in range(known[0], known[-1]):
        if not covered[k]:
            above = known[np.searchsorted(known, k)]
            below = k - 1
            share = np.float32(1 / (above - below))
            magnitude[k] = (1 - share) * magnitude[below] + share * magnitude[above]
