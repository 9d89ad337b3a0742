"""Source generator of the iteration's transforms: a complex FFT over rows of lanes and its inverse, per size.

Here live the layout (radices, where the rows lie, factors) and the text of the module that iterates for one size. Not
here: the butterflies (`melpact.features.butterflies`), the stages between the transforms (`lane_stages`), the tables that
belong to a window and a bank (`lanes`).

As in `melpact.features.codelets` a point is one row: the real parts of all lanes, their imaginary parts and one cache
line of padding. The way there is decimation in frequency, in place, and leaves the result in digit-reversed order; the
way back is its flow graph backwards, so it takes that order and gives the natural one, and nothing is ever reordered. The
way back is the forward transform with real and imaginary parts exchanged, not divided by the number of points.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.features.butterflies import Symbol, Tape, butterfly

LANES = 64
"""Frames side by side."""

VECTOR = 16
"""Numbers in a vector, and in a cache line."""

ROW = 2 * LANES + VECTOR
"""Numbers from one point to the next."""

_RADICES = (8, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True)
class Layout:
    """Radices of the passes of a transform of `n_points` complex numbers, and where everything lies."""

    n_points: int

    @functools.cached_property
    def radices(self) -> tuple[int, ...]:
        """Of the passes on the way there: fewest passes, then smallest butterflies, the largest last."""
        plans = _factorisations(self.n_points, _RADICES[0])
        return min(plans, key=lambda plan: (len(plan), sum(plan)))[::-1]

    @functools.cached_property
    def strides(self) -> tuple[int, ...]:
        """Per pass, numbers between the legs of a butterfly; the first has a line more, for the cache's sets."""
        sizes = (self.n_points // n for n in itertools.accumulate(self.radices, lambda a, b: a * b))
        return tuple(size * ROW + (VECTOR if index == 0 else 0) for index, size in enumerate(sizes))

    @property
    def size(self) -> int:
        """Numbers that the rows take."""
        return self.radices[0] * self.strides[0]

    def places_of_frequencies(self) -> NDArray[np.int64]:
        """Where each frequency's real row lies between the transforms; its imaginary row follows."""
        rest, places = np.arange(self.n_points), np.zeros(self.n_points, np.int64)
        for radix, stride in zip(self.radices, self.strides, strict=True):
            places += rest % radix * stride
            rest //= radix
        return places

    def places_of_points(self) -> NDArray[np.int64]:
        """Where each point's real row lies before the way there and after the way back."""
        leg, butterfly_ = np.divmod(np.arange(self.n_points), self.n_points // self.radices[0])
        places: NDArray[np.int64] = butterfly_ * ROW + leg * self.strides[0]
        return places

    def input_order(self) -> NDArray[np.int64]:
        """The real samples in the order in which the first pass reads them: butterfly, leg, even and odd."""
        radix = self.radices[0]
        butterfly_, leg, part = np.ogrid[: self.n_points // radix, :radix, :2]
        order: NDArray[np.int64] = 2 * (butterfly_ + leg * (self.n_points // radix)) + part
        return order.ravel()

    def twiddles(self) -> NDArray[np.float64]:
        """exp(-2 pi i p j / n) of one pass after the other: butterfly p, leg j from 1, cosine and -sine."""
        tables, size = [np.zeros(0)], self.n_points
        for radix in self.radices:
            turns = np.outer(np.arange(size // radix), np.arange(1, radix)) / size
            tables.append(np.stack([np.cos(2 * np.pi * turns), -np.sin(2 * np.pi * turns)], axis=-1).ravel())
            size //= radix
        return np.concatenate(tables)


def _factorisations(n: int, largest: int) -> list[tuple[int, ...]]:
    """Every non-increasing product of radices up to `largest` that equals n."""
    if n == 1:
        return [()]
    fitting = [r for r in _RADICES if r <= largest and n % r == 0]
    return [(r, *rest) for r in fitting for rest in _factorisations(n // r, r)]


@dataclass(frozen=True)
class _Pass:
    """One pass over `size` points; its factors start at `table`."""

    index: int
    radix: int
    size: int
    stride: int
    table: int
    constants: dict[str, str]

    def lines(self, *, back: bool) -> list[str]:
        """Of the loop over its butterflies, from row o<index> on."""
        tape = Tape(self.constants, f"{'b' if back else 'f'}{self.index}_", "float32")
        at, legs = tape.index, range(self.radix)
        samples = self.index == 0 and not back
        inputs = [(Symbol(f"a{k}", tape), Symbol(f"b{k}", tape)) for k in legs]
        turned = range(1, self.radix) if self.size > self.radix else range(0)
        spots = [(f"o + {at(k * self.stride)} + q", f"o + {at(k * self.stride + LANES)} + q") for k in legs]
        if back:
            spots = [(imaginary, real) for real, imaginary in spots]
        head = [f"for p in range({at(self.size // self.radix)}):", f"    o = o{self.index} + p * {at(ROW)}"]
        for k in range(2 * self.radix if samples else 0):
            place = f"[p * {at(2 * self.radix)} + {at(k)}]"
            head.append(f"    i{k}, w{k} = rows{place}, window{place}")
        for k in turned:
            place = f"{at(self.table + 2 * k - 2)} + p * {at(2 * self.radix - 2)}"
            head.append(f"    c{k}, s{k} = twiddle[{place}], twiddle[{place} + {at(1)}]")
        body = []
        for k in legs:
            for part, name, n in zip(spots[k], "ab", (2 * k, 2 * k + 1), strict=True):
                body.append(f"{name}{k} = " + (f"load(x, i{n} + q) * w{n}" if samples else f"load(z, {part})"))
        if back:
            turns = [f"a{k}, b{k} = a{k} * c{k} - b{k} * s{k}, a{k} * s{k} + b{k} * c{k}" for k in turned]
            y = butterfly(inputs)
            body += [*turns, *tape.lines]
        else:
            y = butterfly(inputs)
            body += tape.lines
        for k in legs:
            re, im = y[k][0].name, y[k][1].name
            if k in turned and not back:
                re, im = f"{re} * c{k} - {im} * s{k}", f"{re} * s{k} + {im} * c{k}"
            body += [f"store(z, {spots[k][0]}, {re})", f"store(z, {spots[k][1]}, {im})"]
        loop = [f"    for v in range({at(LANES // VECTOR)}):", f"        q = v * {at(VECTOR)}"]
        return [*head, *loop, *(f"        {line}" for line in body)]


def _transforms(layout: Layout, constants: dict[str, str]) -> list[str]:
    """Two functions with all passes in the nest of loops that runs them depth first, there and back."""
    radices, strides = layout.radices, layout.strides
    sizes = [layout.n_points // math.prod(radices[:k]) for k in range(len(radices))]
    lengths = [(size // radix) * (2 * radix - 2) for size, radix in zip(sizes, radices, strict=True)]
    tables = itertools.accumulate(lengths[:-1], initial=0)
    at = Tape(constants, "", "float32").index
    passes = [_Pass(*each, constants) for each in zip(range(len(radices)), radices, sizes, strides, tables, strict=True)]
    there, back = [f"o0 = {at(0)}"], [f"o0 = {at(0)}"]
    tail: list[str] = []
    indent = ""
    for each in passes:
        if each.index:
            loop = [
                f"{indent}for g{each.index} in range({at(radices[each.index - 1])}):",
                f"{indent}    o{each.index} = o{each.index - 1} + g{each.index} * {at(strides[each.index - 1])}",
            ]
            there += loop
            back += loop
            indent += "    "
        there += [indent + line for line in each.lines(back=False)]
        tail = [*(indent + line for line in each.lines(back=True)), *tail]
    head = ["", "", "@nb.njit(**JIT)"]
    return [
        *head, "def there(x, rows, window, twiddle, z):", *(f"    {line}" for line in there),
        *head, "def back(twiddle, z):", *(f"    {line}" for line in [*back, *tail]),
    ]  # fmt: skip


_DRIVER = '''

@nb.njit(SIGNATURE, cache=CACHE, **JIT)
def iterate(
    signal, refined, scales, scale_of, previous, magnitude, level, alpha, squared, kept, first_kept,
    hop, rows, window, twiddle, split, turns, edges, weights, spans, share_rows, share_weights, out_rows, out_window,
    x, y, z, size, ratio,
):
    """One projection, blocks of `signal` to blocks of `refined`; see `lanes`."""
    for i in range(U(len(y))):
        y[i] = NOTHING
    groups = U(len(previous))
    for group in range(groups):
        take_in(signal, group, hop, x)
        there(x, rows, window, twiddle, z)
        extrapolate(z, split, turns, alpha, squared, previous[group], size)
        if len(level):
            ratios(size, level[group], edges, weights, ratio)
            merge(z, split, turns, size, ratio, spans, share_rows, share_weights, squared, group, first_kept, kept)
        else:
            merge(
                z, split, turns, magnitude[group], ratio, spans, share_rows, share_weights, False, group, first_kept, kept
            )
        back(twiddle, z)
        overlap_add(z, out_rows, out_window, y)
        put_out(y, hop, scales[scale_of[group]], refined[group])
    for group in range(groups, U(len(scale_of))):
        put_out(y, hop, scales[scale_of[group]], refined[group])
'''


def module_source(n_fft: int, stages_digest: str, cache: bool) -> str:
    """Text of the module that runs one iteration for transforms of `n_fft` real samples: its function `iterate`.

    It depends on `n_fft` alone. `stages_digest` names the version of the stages that get compiled in.
    """
    constants: dict[str, str] = {}
    functions = _transforms(Layout(n_fft // 2), constants)
    head = [
        f'"""Generated by melpact for Griffin-Lim with n_fft = {n_fft}; stages {stages_digest}. Safe to delete."""',
        "import numba as nb",
        "import numpy as np",
        "from numpy import uintp as U",
        "",
        "from melpact.features.lane_vectors import load, store",
        "from melpact.vocoders.griffin_lim.lane_stages import (",
        "    JIT, SIGNATURE, extrapolate, merge, overlap_add, put_out, ratios, take_in,",
        ")",
        "",
        f"CACHE = {cache}",
        "NOTHING = np.float32(0)",
        *(f"{name} = {text}" for name, text in constants.items()),
    ]
    return "\n".join([*head, *functions]) + "\n" + _DRIVER
