"""Discrete Fourier transforms of a few points, written down as lines of code: butterflies over symbols, for any radix.

Here live the symbols, the tape that their arithmetic is written on, and the flow graphs. Not here: where a butterfly's legs
lie and the loops around it (`codelets` and `melpact.vocoders.griffin_lim.lane_source`).
"""

from __future__ import annotations

import functools
import math

_FACTORS = {4: (2, 2), 6: (2, 3), 8: (2, 4), 9: (3, 3), 10: (2, 5)}


class Symbol:
    """One real variable of the generated code; arithmetic on it appends a line to its tape."""

    def __init__(self, name: str, tape: Tape):
        self.name, self.tape = name, tape

    def __add__(self, other: Symbol) -> Symbol:
        return self.tape.assign(f"{self.name} + {other.name}")

    def __sub__(self, other: Symbol) -> Symbol:
        return self.tape.assign(f"{self.name} - {other.name}")

    def __mul__(self, factor: float) -> Symbol:
        return self.tape.assign(f"{self.name} * {self.tape.real(factor)}")

    def __neg__(self) -> Symbol:
        return self.tape.assign(f"-{self.name}")


Complex = tuple[Symbol, Symbol]


class Tape:
    """Lines of one butterfly, and the constants that the whole module needs."""

    def __init__(self, constants: dict[str, str], prefix: str, real_name: str):
        self.lines: list[str] = []
        self.constants, self.prefix, self.real_name = constants, prefix, real_name

    def assign(self, expression: str) -> Symbol:
        """A new variable for the expression."""
        name = f"{self.prefix}t{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return Symbol(name, self)

    def real(self, value: float) -> str:
        """Name of a constant of the real type."""
        text = f"np.{self.real_name}({value!r})"
        name = next((n for n, t in self.constants.items() if t == text), f"C{len(self.constants)}")
        self.constants[name] = text
        return name

    def index(self, value: int) -> str:
        """Name of a constant index."""
        self.constants[f"I{value}"] = f"U({value})"
        return f"I{value}"


def _add(a: Complex, b: Complex) -> Complex:
    return a[0] + b[0], a[1] + b[1]


def _subtract(a: Complex, b: Complex) -> Complex:
    return a[0] - b[0], a[1] - b[1]


def _turn(a: Complex, numerator: int, denominator: int) -> Complex:
    """a * exp(-2 pi i numerator / denominator), cheaply at multiples of an eighth of a turn."""
    re, im = a
    eighths, rest = divmod(8 * numerator % (8 * denominator), denominator)
    half = math.sqrt(0.5)
    if rest == 0 and eighths == 0:
        return a
    if rest == 0 and eighths == 1:
        return (re + im) * half, (im - re) * half
    if rest == 0 and eighths == 2:
        return im, -re
    if rest == 0 and eighths == 3:
        return (im - re) * half, (re + im) * -half
    if rest == 0 and eighths == 4:
        return -re, -im
    angle = 2 * math.pi * numerator / denominator
    c, s = math.cos(angle), math.sin(angle)
    return re * c + im * s, im * c - re * s


def butterfly(x: list[Complex]) -> list[Complex]:
    """The discrete Fourier transform of len(x) symbols, in natural order."""
    n = len(x)
    if n == 2:
        return [_add(x[0], x[1]), _subtract(x[0], x[1])]
    if n not in _FACTORS:
        return _prime_butterfly(x)
    outer, inner = _FACTORS[n]
    columns = [butterfly(x[p::inner]) for p in range(inner)]
    y = list(x)
    for j in range(outer):
        y[j::outer] = butterfly([_turn(columns[p][j], p * j, n) for p in range(inner)])
    return y


def _prime_butterfly(x: list[Complex]) -> list[Complex]:
    """An odd prime length: sums and differences of mirrored inputs halve the products."""
    n = len(x)
    half = range(1, (n + 1) // 2)
    sums = [_add(x[j], x[n - j]) for j in half]
    differences = [_subtract(x[j], x[n - j]) for j in half]
    y = list(x)
    y[0] = functools.reduce(_add, sums, x[0])
    for k in half:
        even, odd = x[0], []
        for j, total, difference in zip(half, sums, differences):
            c, s = math.cos(2 * math.pi * j * k / n), math.sin(2 * math.pi * j * k / n)
            even = _add(even, (total[0] * c, total[1] * c))
            odd.append((difference[1] * s, difference[0] * -s))
        y[k] = _add(even, functools.reduce(_add, odd))
        y[n - k] = _subtract(even, functools.reduce(_add, odd))
    return y
