"""Source generator of the transform: a complex FFT over rows of lanes, as straight-line numba code per size.

Here live the choice of radices and the text of the module that holds all passes of one size plus the loop over groups of
frames. Not here: the butterflies (`butterflies`), the stages around the transform (`lane_stages`), and the cache that
turns the text into a compiled module (`lane_cache`).

The transform is decimation in frequency, in place (Cooley & Tukey 1965; Gentleman & Sande 1966). Each point is one row:
the real parts of all lanes, their imaginary parts and one cache line of padding, so that the power-of-two strides between
the legs of a butterfly do not fall into the same cache set. After the first pass the work goes depth first, so that a
sub-transform stays in the first-level cache. The result is left in digit-reversed order; `row_offsets` says where, and
whoever reads rows of 512 bytes can read them in any order for nothing. All strides are constants in the text: LLVM
vectorises the lane loop only when it can prove that the legs of a butterfly do not overlap.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.features.butterflies import Symbol, Tape, butterfly


@dataclass(frozen=True)
class Precision:
    """A real type, and how many frames of it are computed side by side."""

    real: str
    lanes: int

    @property
    def line(self) -> int:
        """Numbers in a cache line: the side of a transposed tile, and the padding of a row."""
        return 64 // np.dtype(self.real).itemsize

    @property
    def row(self) -> int:
        """Numbers from one point to the next."""
        return 2 * self.lanes + self.line


SINGLE = Precision("float32", 64)
"""64 lanes beat 32 (loop overhead) and 128 (cache); below 16 they are several times slower."""

DOUBLE = Precision("float64", 32)
"""Rows of as many bytes."""

FIRST_RADICES = (4, 5, 3, 2, 7)
RADICES = (10, 9, 8, 7, 6, 5, 4, 3, 2)


def supports(n_fft: int) -> bool:
    """Whether `n_fft` is even, at least 4, and has no prime factor above 7."""
    if n_fft < 4 or n_fft % 2:
        return False
    for prime in (2, 3, 5, 7):
        while n_fft % prime == 0:
            n_fft //= prime
    return n_fft == 1


@functools.lru_cache(maxsize=64)
def radices_of(n_points: int) -> tuple[int, ...]:
    """The radices of the passes: fewest passes, then smallest butterflies, ascending after the first.

    The first pass reads 2r rows at unrelated places, which costs overlap tests at run time, so its radix
    stays small.
    """
    plans = [
        (first, *reversed(rest))
        for first in FIRST_RADICES
        if n_points % first == 0
        for rest in _factorisations(n_points // first, RADICES[0])
    ]
    return min(plans, key=lambda plan: (len(plan), sum(plan), FIRST_RADICES.index(plan[0])))


def _factorisations(n: int, largest: int) -> list[tuple[int, ...]]:
    """Every non-increasing product of radices up to `largest` that equals n."""
    if n == 1:
        return [()]
    fitting = [r for r in RADICES if r <= largest and n % r == 0]
    return [(r, *rest) for r in fitting for rest in _factorisations(n // r, r)]


def leg_strides(n_points: int, precision: Precision) -> list[int]:
    """Per pass, the distance in numbers between the legs of a butterfly; the first pass's has a line more."""
    strides, size = [], n_points
    for index, radix in enumerate(radices_of(n_points)):
        size //= radix
        strides.append(size * precision.row + (precision.line if index == 0 else 0))
    return strides


def buffer_size(n_points: int, precision: Precision) -> int:
    """Numbers that the transform's rows take."""
    return radices_of(n_points)[0] * leg_strides(n_points, precision)[0]


def row_offsets(n_points: int, precision: Precision) -> NDArray[np.int64]:
    """Where each frequency's real row lies after the transform; its imaginary row follows."""
    rest, offsets = np.arange(n_points), np.zeros(n_points, np.int64)
    for radix, stride in zip(radices_of(n_points), leg_strides(n_points, precision)):
        offsets += rest % radix * stride
        rest //= radix
    return offsets


def input_order(n_points: int) -> NDArray[np.int64]:
    """The real samples in the order in which the first pass reads them: butterfly, leg, even and odd."""
    radix = radices_of(n_points)[0]
    butterfly, leg, part = np.ogrid[: n_points // radix, :radix, :2]
    order: NDArray[np.int64] = 2 * (butterfly + leg * (n_points // radix)) + part
    return order.ravel()


def twiddles(n_points: int) -> NDArray[np.float64]:
    """exp(-2 pi i p j / n) of one pass after the other: butterfly p, leg j from 1, cosine and -sine."""
    tables, size = [np.zeros(0)], n_points
    for radix in radices_of(n_points):
        turns = np.outer(np.arange(size // radix), np.arange(1, radix)) / size
        tables.append(np.stack([np.cos(2 * np.pi * turns), -np.sin(2 * np.pi * turns)], axis=-1).ravel())
        size //= radix
    return np.concatenate(tables)


def _pass_source(index: int, radix: int, size: int, stride: int, table: int, tape: Tape, precision: Precision) -> list[str]:
    """Lines of one pass over `size` points from row o<index> on; its factors start at `twiddle[table]`."""
    at, lanes = tape.index, precision.lanes
    legs = range(radix)
    y = butterfly([(Symbol(f"a{k}", tape), Symbol(f"b{k}", tape)) for k in legs])
    turned = range(1, radix) if size > radix else range(0)
    lines = [f"for p in range({at(size // radix)}):", f"    o = o{index} + p * {at(precision.row)}"]
    for k in range(2 * radix if index == 0 else 0):
        place = f"[p * {at(2 * radix)} + {at(k)}]"
        lines.append(f"    i{k}, w{k} = rows{place}, window{place}")
    for k in turned:
        place = f"{at(table + 2 * k - 2)} + p * {at(2 * radix - 2)}"
        lines.append(f"    c{k}, s{k} = twiddle[{place}], twiddle[{place} + {at(1)}]")
    lines.append(f"    for q in range({at(lanes)}):")
    spots = [(f"z[o + {at(k * stride)} + q]", f"z[o + {at(k * stride + lanes)} + q]") for k in legs]
    for k in legs:
        even, odd = spots[k]
        if index == 0:
            even, odd = f"x[i{2 * k} + q] * w{2 * k}", f"x[i{2 * k + 1} + q] * w{2 * k + 1}"
        lines.append(f"        a{k}, b{k} = {even}, {odd}")
    lines += [f"        {line}" for line in tape.lines]
    for k in legs:
        re, im = y[k][0].name, y[k][1].name
        if k in turned:
            re, im = f"{re} * c{k} - {im} * s{k}", f"{re} * s{k} + {im} * c{k}"
        lines += [f"        {spots[k][0]} = {re}", f"        {spots[k][1]} = {im}"]
    return lines


def _transform_source(n_points: int, precision: Precision, constants: dict[str, str]) -> list[str]:
    """One function with all passes of one size in the nest of loops that runs them depth first.

    One function, because numba optimises a function again in every caller.
    """
    radices, strides = radices_of(n_points), leg_strides(n_points, precision)
    sizes = [n_points // math.prod(radices[:k]) for k in range(len(radices))]
    lengths = [(size // radix) * (2 * radix - 2) for size, radix in zip(sizes, radices)]
    tables = itertools.accumulate(lengths, initial=0)
    at = Tape(constants, "", precision.real).index
    lines = ["@nb.njit(**JIT)", "def transform(x, rows, window, twiddle, z):", f"    o0 = {at(0)}"]
    for index, (radix, size, stride, table) in enumerate(zip(radices, sizes, strides, tables)):
        indent = "    " * max(1, index)
        if index:
            lines.append(f"{indent}for g{index} in range({at(radices[index - 1])}):")
            indent += "    "
            lines.append(f"{indent}o{index} = o{index - 1} + g{index} * {at(strides[index - 1])}")
        tape = Tape(constants, f"p{index}_", precision.real)
        lines += [indent + line for line in _pass_source(index, radix, size, stride, table, tape, precision)]
    return ["", "", *lines]


_TABLES = """
    start, hop, n_rows, width, conditioned, share, preemphasis, places, rows, window, twiddle,
    split, turns, n_pairs, lift, least, root, raise_by,
    edges, weights, add, floor, log, gain, offset, limits, margin, blocks, block_weights, singles, single_weights,
    origins, tail, x, squares, mean, y, z, magnitude, row,
""".strip()

_TRANSFORM_AND_MAGNITUDES = """
        source = x
        if conditioned:
            condition(x, places, share, preemphasis, mean, y)
            source = y
        transform(source, rows, window, twiddle, z)
        magnitudes(z, split, turns, n_pairs, lift, least, root, raise_by, magnitude)
        first = group * LANES
""".strip()

_SINGLE_DRIVER = f'''

@nb.njit(SINGLE_SIGNATURE, cache=CACHE, **JIT)
def analyse(
    samples, n_frames, first_group, last_group, out, suspects,
    {_TABLES}
):
    """Groups first_group .. last_group - 1 of frames, from padded samples to columns of out; their suspects."""
    n_suspects = ZERO
    for group in range(first_group, last_group):
        begin = group * LANES * hop + start
        if begin + (width - ONE) * hop + n_rows <= U(len(samples)):
            for b in range(width):
                origins[b] = begin + b * hop
            transpose(samples, origins, n_rows, width, x, squares)
        else:
            present = min(U(len(samples)) - begin, U(len(tail)))
            for i in range(present):
                tail[i] = samples[begin + i]
            for i in range(present, U(len(tail))):
                tail[i] = ZERO
            for b in range(width):
                origins[b] = b * hop
            transpose(tail, origins, n_rows, width, x, squares)
        noise_scale(x, squares, blocks, block_weights, singles, single_weights, root, row)
        {_TRANSFORM_AND_MAGNITUDES}
        count = min(LANES, n_frames - first)
        bands(
            z, magnitude, edges, weights, add, floor, log, gain, offset, limits, margin, first, count, row, out
        )
        n_suspects = add_suspects(row, first, count, suspects, n_suspects)
    return n_suspects
'''

_DOUBLE_DRIVER = f'''

@nb.njit(DOUBLE_SIGNATURE, cache=CACHE, **JIT)
def refine(
    samples, rest, step, frames, block, out,
    {_TABLES}
):
    """The given frames, from padded samples plus what their rounding left to columns of out."""
    n_frames = U(len(frames))
    for group in range((n_frames + LANES - ONE) // LANES):
        for b in range(LANES):
            origins[b] = frames[min(group * LANES + b, n_frames - ONE)] * step + start
        if len(rest):
            gather(samples, rest, hop, n_rows, origins, tail)
            transpose(tail, origins, n_rows, width, x, squares)
        else:
            transpose(samples, origins, n_rows, width, x, squares)
        {_TRANSFORM_AND_MAGNITUDES}
        count = min(LANES, n_frames - first)
        bands(
            z, magnitude, edges, weights, add, floor, log, gain, offset, limits, margin, ZERO, count, row, block
        )
        for m in range(U(out.shape[0])):
            for q in range(count):
                out[m, frames[first + q]] = block[m, q]
'''


def module_source(n_fft: int, precision: Precision, stages_digest: str, cache: bool) -> str:
    """Text of the module that runs the whole analysis for transforms of `n_fft` real samples.

    Its function is `analyse` (single precision) or `refine` (double). The text depends on `n_fft` and the
    precision only: hop, window, filterbank and dialect come as arguments. `stages_digest` names the version of
    the stages that get compiled in, so that a change there makes another text, hence another cache entry.
    """
    constants: dict[str, str] = {}
    passes = _transform_source(n_fft // 2, precision, constants)
    head = [
        f'"""Generated by melpact for n_fft = {n_fft}, {precision.real}; stages {stages_digest}. Safe to delete."""',
        "import numba as nb",
        "import numpy as np",
        "from numpy import uintp as U",
        "",
        "from melpact.features.lane_stages import (",
        "    DOUBLE_SIGNATURE, JIT, SINGLE_SIGNATURE, add_suspects, bands, condition, gather, magnitudes, noise_scale,",
        "    transpose,",
        ")",
        "",
        f"CACHE = {cache}",
        f"LANES, ZERO, ONE = U({precision.lanes}), U(0), U(1)",
        *(f"{name} = {text}" for name, text in constants.items()),
    ]
    driver = _SINGLE_DRIVER if precision == SINGLE else _DOUBLE_DRIVER
    return "\n".join([*head, *passes]) + "\n" + driver
