"""Compiled stages of the lane engine that do not depend on the transform size.

Here live the steps around the Fourier transform: transposing samples so that 64 frames lie side by side,
per-frame conditioning, splitting a half-size complex spectrum into magnitudes, sparse band sums and the
logarithm. Not here: the transform itself (`codelets`), tables and buffers (`lanes`). The module imports
numba, so it is only imported when an engine is built.

Every stage works on rows of `LANES` float32 values, one lane per frame, and does the same arithmetic in every
lane. A row loop has a constant length that is a multiple of every vector width, so no lane is ever handled by
a scalar remainder: a frame's value cannot depend on its place in the group. Indices are unsigned because
numba's wrap-around test for negative ones keeps LLVM from vectorising.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
# numba infers the types of compiled functions; SIGNATURE states those of the outermost.
from __future__ import annotations

import math

import numba as nb
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.extending import intrinsic
from numpy import uintp as U

from melpact.features.codelets import LANES

JIT = {"fastmath": {"contract", "nsz", "arcp"}, "nogil": True, "error_model": "numpy"}
"""No `nnan`, `ninf` or `reassoc`: NaN must stay NaN, and sums must keep the order that is written here."""

TILE = 16

_INDEX, _REAL, _FLAG = nb.types.uintp, nb.types.float32, nb.types.boolean
_REALS = nb.types.Array(_REAL, 1, "C")
_INDICES = nb.types.Array(_INDEX, 1, "C")
SIGNATURE = nb.types.void(
    nb.types.Array(_REAL, 1, "C", readonly=True), _INDEX, _INDEX, _INDEX, _INDEX,  # samples .. width
    _FLAG, _FLAG, _REAL, _INDICES, _INDICES, _REALS, _REALS,  # conditioned .. twiddle
    _INDICES, _REALS, _INDEX, _REAL, _REAL, _FLAG, _REAL,  # split .. raise_by
    _INDICES, _REALS, _REAL, _REAL, _FLAG, _REAL, _REAL,  # edges .. offset
    _REALS, _REALS, _REALS, _REALS, _REALS, _REALS, _REALS,  # tail .. row
    _INDEX, _INDEX, _INDEX, nb.types.Array(_REAL, 2, "C"),  # n_frames .. out
)  # fmt: skip
"""The one signature of the generated `analyse`: compiled at import, so that no call ever compiles."""

_L = U(LANES)
_ONE, _TWO, _THREE, _FOUR = U(1), U(2), U(3), U(4)
_ZERO = np.float32(0)
_UNIT = np.float32(1)
_HALF = np.float32(0.5)
_TINY = np.float32(2.0**-126)
_LIFT = np.float32(2.0**32)
_LIFT_BITS = np.float32(32)
_ROOT_HALF_BITS = np.int32(0x3F3504F3)
_MANTISSA_BITS = np.int32(23)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
_MINUS_INFINITY = np.float32(-np.inf)
# Minimax polynomial of ln(1+f) - f + f^2/2 over f^3, sqrt(1/2)-1 <= f <= sqrt(2)-1 (Moshier, Cephes, logf).
_P0, _P1, _P2 = np.float32(7.0376836292e-2), np.float32(-1.1514610310e-1), np.float32(1.1676998740e-1)
_P3, _P4, _P5 = np.float32(-1.2420140846e-1), np.float32(1.4249322787e-1), np.float32(-1.6668057665e-1)
_P6, _P7, _P8 = np.float32(2.0000714765e-1), np.float32(-2.4999993993e-1), np.float32(3.3333331174e-1)


@intrinsic
def _transpose_tile(typing_context, samples, source, hop, x, target, width):
    """x[target + r * width + b] = samples[source + b * hop + r] for r, b < 16, in vector registers.

    In round s every pair of rows s apart swaps its off-diagonal blocks of s columns. LLVM does not find this
    by itself.
    """

    def emit(context, builder, signature, arguments):
        row_type = ir.VectorType(ir.FloatType(), TILE)
        starts = [arguments[1], arguments[4]]
        steps = [arguments[2], arguments[5]]
        datas = [context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 3)]

        def pointer(side, k):
            offset = builder.mul(steps[side], ir.Constant(steps[side].type, k))
            place = builder.gep(datas[side], [builder.add(starts[side], offset)])
            return builder.bitcast(place, row_type.as_pointer())

        rows = [builder.load(pointer(0, k), align=4) for k in range(TILE)]
        for s in (8, 4, 2, 1):
            upper = [c if not c & s else TILE + c - s for c in range(TILE)]
            lower = [c + s if not c & s else TILE + c for c in range(TILE)]
            masks = [ir.Constant(ir.VectorType(ir.IntType(32), TILE), mask) for mask in (upper, lower)]
            for k in range(TILE):
                if not k & s:
                    a, b = rows[k], rows[k + s]
                    rows[k], rows[k + s] = (builder.shuffle_vector(a, b, mask) for mask in masks)
        for k in range(TILE):
            builder.store(rows[k], pointer(1, k), align=4)
        return context.get_dummy_value()

    return nb.types.void(samples, _INDEX, _INDEX, x, _INDEX, _INDEX), emit


@nb.njit(**JIT)
def transpose(samples, start, hop, n_rows, width, x):
    """x[r * width + b] = samples[start + b * hop + r]: sample r + j * hop of frame l then lies at r * width +
    j + l.

    The last tiles of a side overlap the ones before, which is cheaper than a remainder.
    """
    tile = U(TILE)
    if n_rows < tile:
        for r in range(n_rows):
            for b in range(width):
                x[r * width + b] = samples[start + b * hop + r]
        return
    for i in range((n_rows + tile - _ONE) // tile):
        r = min(i * tile, n_rows - tile)
        for j in range((width + tile - _ONE) // tile):
            b = min(j * tile, width - tile)
            _transpose_tile(samples, start + b * hop + r, hop, x, r * width + b, width)


@nb.njit(**JIT)
def condition(x, places, remove_dc, preemphasis, mean, y):
    """Per frame: subtract its mean, then y[n] = d[n] - c d[n-1], d[-1] = d[0] (Kaldi, feature-window.cc)."""
    for q in range(_L):
        mean[q] = _ZERO
    if remove_dc:
        share = _UNIT / np.float32(len(places))
        for n in range(U(len(places))):
            i = places[n]
            for q in range(_L):
                mean[q] += x[i + q]
        for q in range(_L):
            mean[q] *= share
    before = places[U(0)]
    for n in range(U(len(places))):
        i, o = places[n], n * _L
        for q in range(_L):
            y[o + q] = (x[i + q] - mean[q]) - preemphasis * (x[before + q] - mean[q])
        before = i


@nb.njit(**JIT)
def magnitudes(z, split, turns, n_pairs, lift, least, root, raise_by, magnitude):
    """Rows of |X[k]|^power from the transform z of even samples + i odd samples (halved).

    With A = z[k], B = conj(z[N-k]) and w = exp(-2 pi i k / n_fft): X[k] = A + B - i w (A - B), and X[N-k] is
    the conjugate of the same with a plus sign, so one row of work serves two bins. `split` holds offsets of
    A, B, X[k] and X[N-k]; the first `n_pairs` entries want both bins, the rest only X[k].
    """
    for j in range(U(len(turns)) // _TWO):
        a, b = split[_FOUR * j], split[_FOUR * j + _ONE]
        o, p = split[_FOUR * j + _TWO], split[_FOUR * j + _THREE]
        c, s = turns[_TWO * j], turns[_TWO * j + _ONE]
        if j < n_pairs:
            for q in range(_L):
                ar, ai, br, bi = z[a + q], z[a + _L + q], z[b + q], z[b + _L + q]
                er, ei, dr, di = ar + br, ai - bi, ar - br, ai + bi
                tr, ti = c * di + s * dr, s * di - c * dr
                ur, ui, vr, vi = er + tr, ei + ti, er - tr, ei - ti
                u, v = ur * ur + ui * ui + lift, vr * vr + vi * vi + lift
                u, v = least if u < least else u, least if v < least else v
                magnitude[o + q] = (math.sqrt(u) if root else u) + raise_by
                magnitude[p + q] = (math.sqrt(v) if root else v) + raise_by
        else:
            for q in range(_L):
                ar, ai, br, bi = z[a + q], z[a + _L + q], z[b + q], z[b + _L + q]
                er, ei, dr, di = ar + br, ai - bi, ar - br, ai + bi
                ur, ui = er + (c * di + s * dr), ei + (s * di - c * dr)
                u = ur * ur + ui * ui + lift
                u = least if u < least else u
                magnitude[o + q] = (math.sqrt(u) if root else u) + raise_by


@nb.njit(**JIT)
def natural_log(x):
    """ln(x) in float32, a few 1e-7 relative to max(1, |ln x|); 0 gives -inf, NaN and inf give NaN."""
    small = x < _TINY
    bits = np.float32(x * (_LIFT if small else _UNIT)).view(np.int32)
    exponent = (bits - _ROOT_HALF_BITS) >> _MANTISSA_BITS
    f = np.int32(bits - (exponent << _MANTISSA_BITS)).view(np.float32) - _UNIT
    e = np.float32(exponent) - (_LIFT_BITS if small else _ZERO)
    p = _P0 * f + _P1
    p = p * f + _P2
    p = p * f + _P3
    p = p * f + _P4
    p = p * f + _P5
    p = p * f + _P6
    p = p * f + _P7
    p = p * f + _P8
    z = f * f
    y = f + (f * z * p + e * _LN2_LOW - _HALF * z) + e * _LN2_HIGH
    return (_MINUS_INFINITY if x <= _ZERO else y) + (x - x)


@nb.njit(**JIT)
def bands(magnitude, edges, weights, add, floor, log, gain, offset, first, count, row, out):
    """out[m, first : first + count] = gain * ln(max(sum_k weight * magnitude + add, floor)) + offset."""
    for m in range(U(out.shape[0])):
        o, w, n = edges[_THREE * m], edges[_THREE * m + _ONE], edges[_THREE * m + _TWO]
        for q in range(_L):
            row[q] = _ZERO
        whole = n // _FOUR * _FOUR
        k = U(0)
        while k < whole:
            i = o + k * _L
            w0, w1 = weights[w + k], weights[w + k + _ONE]
            w2, w3 = weights[w + k + _TWO], weights[w + k + _THREE]
            for q in range(_L):
                i1, i2, i3 = i + _L + q, i + _TWO * _L + q, i + _THREE * _L + q
                row[q] += w0 * magnitude[i + q] + w1 * magnitude[i1] + w2 * magnitude[i2] + w3 * magnitude[i3]
            k += _FOUR
        while k < n:
            i, w0 = o + k * _L, weights[w + k]
            for q in range(_L):
                row[q] += w0 * magnitude[i + q]
            k += _ONE
        for q in range(_L):
            v = row[q] + add
            row[q] = floor if v < floor else v
        if log:
            for q in range(_L):
                row[q] = natural_log(row[q])
        for q in range(_L):
            row[q] = row[q] * gain + offset
        for q in range(count):
            out[m, first + q] = row[q]
