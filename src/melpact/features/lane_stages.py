"""Compiled stages of the lane engine that do not depend on the transform size.

Here live the steps around the Fourier transform: transposing samples so that frames lie side by side,
per-frame conditioning, splitting a half-size complex spectrum into magnitudes, sparse band sums, the logarithm,
and the test whether single precision was enough. Not here: the transform itself (`codelets`), tables and
buffers (`lane_tables`). The module imports numba, so it is only imported when an engine is built.

Up to |X|^2 a stage works in single or double precision, whatever its arrays are; behind it nothing cancels any
more, and single precision does. All work on rows of `Precision.lanes` values, one lane per frame, and do the
same arithmetic in every lane. A row loop has a constant length that is a multiple of every vector width, so no
lane is ever handled by a scalar remainder: a frame's value cannot depend on its place in the group. Indices are
unsigned because numba's wrap-around test for negative ones keeps LLVM from vectorising.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
# numba infers the types of compiled functions; the signatures state those of the outermost.
from __future__ import annotations

import math

import numba as nb
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.extending import intrinsic
from numpy import uintp as U

from melpact.features.codelets import DOUBLE, SINGLE

JIT = {"fastmath": {"contract", "nsz", "arcp"}, "nogil": True, "error_model": "numpy"}
"""No `nnan`, `ninf` or `reassoc`: NaN must stay NaN, and sums must keep the order that is written here."""

_INDEX, _FLAG, _SINGLE = nb.types.uintp, nb.types.boolean, nb.types.float32
_INDICES, _SAMPLES = nb.types.Array(_INDEX, 1, "C"), nb.types.Array(_SINGLE, 1, "C", readonly=True)
_MEL = nb.types.Array(_SINGLE, 2, "C")


def _tables(real):
    """Types of the arguments that both drivers share; see `lane_tables`."""
    reals, singles = nb.types.Array(real, 1, "C"), nb.types.Array(_SINGLE, 1, "C")
    return (
        *(_INDEX,) * 4, _FLAG, real, real, _INDICES, _INDICES, reals, reals,  # start .. twiddle
        _INDICES, reals, _INDEX, real, real, _FLAG, real,  # split .. raise_by
        _INDICES, singles, _SINGLE, _SINGLE, _FLAG, _SINGLE, _SINGLE,  # edges .. offset
        singles, _SINGLE, _INDICES, singles, _INDICES, singles,  # limits .. single_weights
        _INDICES, *(reals,) * 6, singles, singles,  # origins .. row
    )  # fmt: skip


SINGLE_SIGNATURE = _INDEX(_SAMPLES, _INDEX, _INDEX, _INDEX, _MEL, _INDICES, *_tables(nb.types.float32))
DOUBLE_SIGNATURE = nb.types.void(_SAMPLES, _SAMPLES, _INDEX, _INDICES, _MEL, _MEL, *_tables(nb.types.float64))
"""The one signature of the generated driver: compiled at import, so that no call ever compiles."""

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


_PRECISIONS = {_SINGLE: SINGLE, nb.types.float64: DOUBLE}


@intrinsic
def _lanes(typing_context, row):
    """Lanes of rows of that type, as a constant."""
    return _INDEX(row), lambda context, *_: context.get_constant(_INDEX, _PRECISIONS[row.dtype].lanes)


@intrinsic
def _tile(typing_context, row):
    """Side of a tile of that type, as a constant."""
    return _INDEX(row), lambda context, *_: context.get_constant(_INDEX, _PRECISIONS[row.dtype].line)


@intrinsic
def _transpose_tile(typing_context, samples, origins, origin, r, x, target, width, squares, total):
    """x[target + i * width + b] = samples[origins[origin + b] + r + i] for i, b < tile, in vector registers, and
    squares[total + b] the sum of their squares over i.

    In round s every pair of rows s apart swaps its off-diagonal blocks of s columns. LLVM does not find this
    by itself.
    """
    tile = _PRECISIONS[x.dtype].line

    def emit(context, builder, signature, arguments):
        real, given = context.get_data_type(x.dtype), context.get_data_type(samples.dtype)
        row_type = ir.VectorType(real, tile)
        align, given_align = (context.get_abi_sizeof(each) for each in (real, given))
        data = {k: context.make_array(signature.args[k])(context, builder, arguments[k]).data for k in (0, 1, 4, 7)}

        def vector(array, start, element):
            place = builder.gep(data[array], [start])
            return builder.bitcast(place, ir.VectorType(element, tile).as_pointer())

        def index(base, k, step=None):
            offset = ir.Constant(base.type, k) if step is None else builder.mul(step, ir.Constant(base.type, k))
            return builder.add(base, offset)

        rows = []
        for k in range(tile):
            start = builder.load(builder.gep(data[1], [index(arguments[2], k)]))
            row = builder.load(vector(0, builder.add(start, arguments[3]), given), align=given_align)
            rows.append(row if given == real else builder.fpext(row, row_type))
        for s in (1 << bit for bit in reversed(range(tile.bit_length() - 1))):
            upper = [c if not c & s else tile + c - s for c in range(tile)]
            lower = [c + s if not c & s else tile + c for c in range(tile)]
            masks = [ir.Constant(ir.VectorType(ir.IntType(32), tile), mask) for mask in (upper, lower)]
            for k in range(tile):
                if not k & s:
                    a, b = rows[k], rows[k + s]
                    rows[k], rows[k + s] = (builder.shuffle_vector(a, b, mask) for mask in masks)
        sum_ = ir.Constant(row_type, [ir.Constant(real, 0.0)] * tile)
        for k, row in enumerate(rows):
            builder.store(row, vector(4, index(arguments[5], k, arguments[6]), real), align=align)
            sum_ = builder.fadd(sum_, builder.fmul(row, row, flags=["contract"]), flags=["contract"])
        builder.store(sum_, vector(7, arguments[8], real), align=align)
        return context.get_dummy_value()

    return nb.types.void(samples, origins, _INDEX, _INDEX, x, _INDEX, _INDEX, squares, _INDEX), emit


@nb.njit(**JIT)
def transpose(samples, origins, n_rows, width, x, squares):
    """x[r * width + b] = samples[origins[b] + r]: sample r + j * hop of frame l then lies at r * width + j + l.
    With tiles of t rows, squares[i * width + b] is the sum of squares over the rows of tile i.

    The last tiles of a side overlap the ones before, which is cheaper than a remainder.
    """
    tile = _tile(x)
    if n_rows < tile:
        for r in range(n_rows):
            for b in range(width):
                x[r * width + b] = samples[origins[b] + r]
        return
    for i in range((n_rows + tile - _ONE) // tile):
        r = min(i * tile, n_rows - tile)
        for j in range((width + tile - _ONE) // tile):
            b = min(j * tile, width - tile)
            _transpose_tile(samples, origins, b, r, x, r * width + b, width, squares, i * width + b)


@nb.njit(**JIT)
def gather(samples, rest, hop, n_samples, origins, rows):
    """rows[b * hop + i] = samples[origins[b] + i] + rest[origins[b] + i]; the origins become those in rows."""
    for b in range(U(len(origins))):
        source, target = origins[b], b * hop
        for i in range(n_samples):
            rows[target + i] = samples[source + i]
        for i in range(n_samples):
            rows[target + i] += rest[source + i]
        origins[b] = target


@nb.njit(**JIT)
def condition(x, places, share, preemphasis, mean, y):
    """Per frame: subtract share times its sum, then y[n] = d[n] - c d[n-1], d[-1] = d[0] (Kaldi,
    feature-window.cc)."""
    lanes = _lanes(x)
    for q in range(lanes):
        mean[q] = _ZERO
    if share != _ZERO:
        for n in range(U(len(places))):
            i = places[n]
            for q in range(lanes):
                mean[q] += x[i + q]
        for q in range(lanes):
            mean[q] *= share
    before = places[U(0)]
    for n in range(U(len(places))):
        i, o = places[n], n * lanes
        for q in range(lanes):
            y[o + q] = (x[i + q] - mean[q]) - preemphasis * (x[before + q] - mean[q])
        before = i


@nb.njit(**JIT)
def noise_scale(x, squares, blocks, block_weights, singles, single_weights, root, row):
    """To row[lanes : 2 lanes] the energy of the windowed frames, or its root. The doubt behind it becomes 0.

    By Parseval this is the mean square of |X[k]| over all k. Blocks of samples count with their largest
    squared window.
    """
    lanes = _lanes(x)
    for q in range(lanes):
        row[lanes + q] = _ZERO
        row[lanes + lanes + q] = _ZERO
    for j in range(U(len(blocks)) // _FOUR):
        k = _FOUR * j
        i0, i1, i2, i3 = blocks[k], blocks[k + _ONE], blocks[k + _TWO], blocks[k + _THREE]
        w0, w1 = block_weights[k], block_weights[k + _ONE]
        w2, w3 = block_weights[k + _TWO], block_weights[k + _THREE]
        for q in range(lanes):
            row[lanes + q] += w0 * squares[i0 + q] + w1 * squares[i1 + q] + w2 * squares[i2 + q] + w3 * squares[i3 + q]
    for j in range(U(len(singles))):
        i, w = singles[j], single_weights[j]
        for q in range(lanes):
            row[lanes + q] += w * (x[i + q] * x[i + q])
    if root:
        for q in range(lanes):
            row[lanes + q] = math.sqrt(row[lanes + q])


@nb.njit(**JIT)
def magnitudes(z, split, turns, n_pairs, lift, least, root, raise_by, magnitude):
    """Rows of |X[k]|^power from the transform z of even samples + i odd samples (halved).

    With A = z[k], B = conj(z[N-k]) and w = exp(-2 pi i k / n_fft): X[k] = A + B - i w (A - B), and X[N-k] is
    the conjugate of the same with a plus sign, so one row of work serves two bins. `split` holds offsets of
    A, B, X[k] and X[N-k]; the first `n_pairs` entries want both bins, the rest only X[k].
    """
    lanes = _lanes(z)
    for j in range(U(len(turns)) // _TWO):
        a, b = split[_FOUR * j], split[_FOUR * j + _ONE]
        o, p = split[_FOUR * j + _TWO], split[_FOUR * j + _THREE]
        c, s = turns[_TWO * j], turns[_TWO * j + _ONE]
        if j < n_pairs:
            for q in range(lanes):
                ar, ai, br, bi = z[a + q], z[a + lanes + q], z[b + q], z[b + lanes + q]
                er, ei, dr, di = ar + br, ai - bi, ar - br, ai + bi
                tr, ti = c * di + s * dr, s * di - c * dr
                ur, ui, vr, vi = er + tr, ei + ti, er - tr, ei - ti
                u, v = ur * ur + ui * ui + lift, vr * vr + vi * vi + lift
                u, v = least if u < least else u, least if v < least else v
                magnitude[o + q] = (math.sqrt(np.float32(u)) if root else u) + raise_by
                magnitude[p + q] = (math.sqrt(np.float32(v)) if root else v) + raise_by
        else:
            for q in range(lanes):
                ar, ai, br, bi = z[a + q], z[a + lanes + q], z[b + q], z[b + lanes + q]
                er, ei, dr, di = ar + br, ai - bi, ar - br, ai + bi
                ur, ui = er + (c * di + s * dr), ei + (s * di - c * dr)
                u = ur * ur + ui * ui + lift
                u = least if u < least else u
                magnitude[o + q] = (math.sqrt(np.float32(u)) if root else u) + raise_by


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
def bands(z, magnitude, edges, weights, add, floor, log, gain, offset, limits, margin, first, count, row, out):
    """out[m, first : first + count] = gain * ln(max(sum_k weight * magnitude + add, floor)) + offset.

    Where a value before the logarithm is less than its limit times the noise scale in row[lanes :], what it
    lacks raises the doubt in row[2 lanes :], unless value and noise are safely under the floor. Of z only the
    type matters.
    """
    lanes = _lanes(z)
    for m in range(U(out.shape[0])):
        o, w, n = edges[_THREE * m], edges[_THREE * m + _ONE], edges[_THREE * m + _TWO]
        for q in range(lanes):
            row[q] = _ZERO
        whole = n // _FOUR * _FOUR
        k = U(0)
        while k < whole:
            i = o + k * lanes
            w0, w1 = weights[w + k], weights[w + k + _ONE]
            w2, w3 = weights[w + k + _TWO], weights[w + k + _THREE]
            for q in range(lanes):
                i1, i2, i3 = i + lanes + q, i + _TWO * lanes + q, i + _THREE * lanes + q
                row[q] += w0 * magnitude[i + q] + w1 * magnitude[i1] + w2 * magnitude[i2] + w3 * magnitude[i3]
            k += _FOUR
        while k < n:
            i, w0 = o + k * lanes, weights[w + k]
            for q in range(lanes):
                row[q] += w0 * magnitude[i + q]
            k += _ONE
        limit = limits[m]
        for q in range(lanes):
            least, doubt = limit * row[lanes + q], row[_TWO * lanes + q]
            v = row[q] + add
            lacking = least - (floor if v < floor else v)
            lacking = doubt if v + margin * least < _HALF * floor else lacking
            row[_TWO * lanes + q] = lacking if lacking > doubt else doubt
            row[q] = floor if v < floor else v
        if log:
            for q in range(lanes):
                row[q] = natural_log(row[q])
        for q in range(lanes):
            row[q] = row[q] * gain + offset
        for q in range(count):
            out[m, first + q] = row[q]


@nb.njit(**JIT)
def add_suspects(row, first, count, suspects, n_suspects):
    """Append the frames that `bands` doubted; how many there are then."""
    lanes = _lanes(row)
    for q in range(count):
        if row[_TWO * lanes + q] > _ZERO:
            suspects[n_suspects] = first + q
            n_suspects += _ONE
    return n_suspects
