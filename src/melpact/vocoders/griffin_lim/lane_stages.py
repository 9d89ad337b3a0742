"""Compiled stages of one fast Griffin-Lim iteration between its transforms, 16 lanes to a vector.

Here live what lays a signal's blocks side by side and adds them up again, the step from one projection beyond the last,
the bands' ratios and the target's point. Not here: the transforms and the order of it all (`lane_source`), the tables
(`lanes`). Importing this module imports numba.

Bins k and N - k of a transform of N complex points (n_fft = 2 N) come as one pair, k from 0 to N / 2. Between the
transforms the rows of z at the pair's two places hold X[k] and X[N - k]; X[N] has a row of its own behind the others.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numba as nb
import numpy as np
from numpy import uintp as U

from melpact.features.lane_vectors import load, root, spread, store
from melpact.vocoders.griffin_lim import lane_source

JIT = {"nogil": True, "error_model": "numpy", "fastmath": True}

_INDEX, _REAL, _FLAG = nb.types.uintp, nb.types.float32, nb.types.boolean
_INDICES, _REALS, _BLOCKS = nb.types.Array(_INDEX, 1, "C"), nb.types.Array(_REAL, 1, "C"), nb.types.Array(_REAL, 2, "C")

SIGNATURE = nb.types.void(
    *(_BLOCKS,) * 3, _INDICES, *(_BLOCKS,) * 3, _REAL, _FLAG, _BLOCKS, _INDEX,  # signal .. first_kept
    _INDEX, _INDICES, *(_REALS,) * 2, _INDICES, _REALS,  # hop .. turns
    _INDICES, _REALS, *(_INDICES,) * 2, _REALS, _INDICES, _REALS,  # edges .. out_window
    *(_REALS,) * 5,  # x .. ratio
)  # fmt: skip

_LANES, _VECTOR, _BLOCK_VECTORS = U(lane_source.LANES), U(lane_source.VECTOR), U(lane_source.LANES // lane_source.VECTOR)
_ONE, _TWO, _THREE, _FOUR = U(1), U(2), U(3), U(4)
_NOTHING, _UNIT, _TINY = np.float32(0), np.float32(1), np.float32(1e-30)


@nb.njit(**JIT)
def take_in(signal, group, hop, x):
    """Sample r of hop `group * LANES + c` to x[r * width + c], c < width = len(x) // hop."""
    width = U(len(x)) // hop
    for c in range(width // _VECTOR):
        column = c * _VECTOR
        block = signal[group + column // _LANES]
        column_in = column % _LANES
        for r in range(hop):
            store(x, r * width + column, load(block, r * _LANES + column_in))


@nb.njit(**JIT)
def extrapolate(z, split, turns, alpha, squared, previous, size):
    """z, the transform of even samples + i odd samples (halved), becomes X + alpha (X - previous), and previous X; size
    becomes |X| or its square.

    With A = z[k], B = conj(z[N-k]) and w = exp(-2 pi i k / n_fft): X[k] = A + B - i w (A - B), and X[N-k] is the conjugate
    of the same with a plus sign. `split` holds the places of A, B, X[k], X[N-k] and the size's of both.
    """
    for j in range(U(len(turns)) // _TWO):
        s = j * U(6)
        a, b, o, p = split[s], split[s + _ONE], split[s + _TWO], split[s + _THREE]
        here, mirrored = split[s + _FOUR], split[s + U(5)]
        cos, sin = turns[_TWO * j], turns[_TWO * j + _ONE]
        before = j * _FOUR * _LANES
        for v in range(_BLOCK_VECTORS):
            q = v * _VECTOR
            ar, ai, br, bi = load(z, a + q), load(z, a + _LANES + q), load(z, b + q), load(z, b + _LANES + q)
            er, ei, dr, di = ar + br, ai - bi, ar - br, ai + bi
            tr, ti = cos * di + sin * dr, sin * di - cos * dr
            ur, ui, vr, vi = er + tr, ei + ti, er - tr, ti - ei
            u, w = ur * ur + ui * ui + _TINY, vr * vr + vi * vi + _TINY
            if not squared:
                u, w = root(u), root(w)
            store(size, here + q, u)
            store(size, mirrored + q, w)
            i0, i1, i2, i3 = before + q, before + _LANES + q, before + _TWO * _LANES + q, before + _THREE * _LANES + q
            xr, xi, yr, yi = (
                ur + alpha * (ur - load(previous, i0)), ui + alpha * (ui - load(previous, i1)),
                vr + alpha * (vr - load(previous, i2)), vi + alpha * (vi - load(previous, i3)),
            )  # fmt: skip
            store(previous, i0, ur)
            store(previous, i1, ui)
            store(previous, i2, vr)
            store(previous, i3, vi)
            store(z, o + q, xr)
            store(z, o + _LANES + q, xi)
            store(z, p + q, yr)
            store(z, p + _LANES + q, yi)


@nb.njit(**JIT)
def ratios(size, level, edges, weights, ratio):
    """Per band and lane, its level over the weighted sum of the sizes; `edges` holds the first bin's place, the first
    weight and the number of both."""
    for m in range(U(len(edges)) // _THREE):
        first, w, n = edges[_THREE * m], edges[_THREE * m + _ONE], edges[_THREE * m + _TWO]
        for v in range(_BLOCK_VECTORS):
            q = v * _VECTOR
            total = spread(_TINY)
            for k in range(n):
                total = total + weights[w + k] * load(size, first + k * _LANES + q)
            store(ratio, m * _LANES + q, load(level, m * _LANES + q) / total)


@nb.njit(**JIT)
def _gain(ratio, first, last, q, share_rows, share_weights):
    """Of one bin: the weighted sum of its bands' ratios. Entries come in pairs."""
    total = (
        share_weights[first] * load(ratio, share_rows[first] + q)
        + share_weights[first + _ONE] * load(ratio, share_rows[first + _ONE] + q)
    )  # fmt: skip
    for e in range(first + _TWO, last):
        total = total + share_weights[e] * load(ratio, share_rows[e] + q)
    return total


@nb.njit(**JIT)
def _factor(size, gain, square, squared):
    """What takes a spectrum of that squared size to the restored size."""
    unit = _UNIT / root(square + _TINY)
    return root(size * gain) * unit if squared else size * gain * unit


@nb.njit(**JIT)
def merge(z, split, turns, size, ratio, spans, share_rows, share_weights, squared, group, first_kept, kept):
    """Give z the restored sizes and undo the split: what the way back takes. Groups from first_kept on are kept.

    With E = X[k] + conj(X[N-k]) and D = i conj(w) (X[k] - conj(X[N-k])): z[k] = E + D and conj(z[N-k]) = E - D, n_fft times
    too large after the way back.
    """
    keep = group >= first_kept
    kept_row = kept[group - first_kept if keep else U(0)]
    for j in range(U(len(turns)) // _TWO):
        s = j * U(6)
        a, b, o, p = split[s], split[s + _ONE], split[s + _TWO], split[s + _THREE]
        here, mirrored = split[s + _FOUR], split[s + U(5)]
        f0, l0, f1, l1 = spans[_FOUR * j], spans[_FOUR * j + _ONE], spans[_FOUR * j + _TWO], spans[_FOUR * j + _THREE]
        cos, sin = turns[_TWO * j], turns[_TWO * j + _ONE]
        for v in range(_BLOCK_VECTORS):
            q = v * _VECTOR
            xr, xi, yr, yi = load(z, o + q), load(z, o + _LANES + q), load(z, p + q), load(z, p + _LANES + q)
            f = _factor(load(size, here + q), _gain(ratio, f0, l0, q, share_rows, share_weights), xr * xr + xi * xi, squared)
            g = _factor(
                load(size, mirrored + q), _gain(ratio, f1, l1, q, share_rows, share_weights), yr * yr + yi * yi, squared
            )
            xr, xi, yr, yi = xr * f, xi * f, yr * g, yi * g
            if keep:
                i = j * _FOUR * _LANES + q
                store(kept_row, i, xr)
                store(kept_row, i + _LANES, xi)
                store(kept_row, i + _TWO * _LANES, yr)
                store(kept_row, i + _THREE * _LANES, yi)
            er, ei, hr, hi = xr + yr, xi - yi, xr - yr, xi + yi
            # i conj(w) = i cos - i (i sin), with sin = -sin(angle)
            dr, di = sin * hr - cos * hi, sin * hi + cos * hr
            store(z, a + q, er + dr)
            store(z, a + _LANES + q, ei + di)
            store(z, b + q, er - dr)
            store(z, b + _LANES + q, di - ei)


@nb.njit(**JIT)
def overlap_add(z, rows, window, y):
    """y[to + c] += window[n] * z[from + c] for the lanes c of every sample n; `rows` holds from and to."""
    for n in range(U(len(window))):
        source, target, weight = rows[_TWO * n], rows[_TWO * n + _ONE], window[n]
        for v in range(_BLOCK_VECTORS):
            q = v * _VECTOR
            store(y, target + q, load(y, target + q) + weight * load(z, source + q))


@nb.njit(**JIT)
def put_out(y, hop, scale, refined):
    """The first LANES columns of y, which no later frame reaches, times scale to refined; the others move there."""
    width = U(len(y)) // hop
    for r in range(hop):
        for v in range(_BLOCK_VECTORS):
            q = v * _VECTOR
            store(refined, r * _LANES + q, load(y, r * width + q) * load(scale, r * _LANES + q))
        for v in range(width // _VECTOR - _BLOCK_VECTORS):
            q = v * _VECTOR
            store(y, r * width + q, load(y, r * width + _LANES + q))
        for v in range(width // _VECTOR - _BLOCK_VECTORS, width // _VECTOR):
            store(y, r * width + v * _VECTOR, spread(_NOTHING))
