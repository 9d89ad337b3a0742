"""Small charts as SVG: axes, lines, bands, bars and dots in the colours of the page. What they show is not known here.

Coordinates are in a box of 360 by 240 so that text keeps its size in a column as narrow as a phone; colours are classes of
the style sheet (`a` this mel, `b` its reference, `n` nulls and bounds, `g` the best that can be).
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WIDTH, HEIGHT = 360, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 16, 12, 38


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, at most so many."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0) if m * power >= rough)
    return [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """A number as short as an axis needs it."""
    return f"{value:.4g}".replace("-", "\u2212")


class Chart:
    """One chart; every method draws in data units and returns the chart.

    Args:
        x, y: ends of the axes. x_ticks, y_ticks: (place, label) in place of round numbers.
    """

    def __init__(
        self,
        label: str,
        x: tuple[float, float],
        y: tuple[float, float],
        x_label: str,
        y_label: str,
        *,
        x_ticks: Sequence[tuple[float, str]] | None = None,
        y_ticks: Sequence[tuple[float, str]] | None = None,
    ) -> None:
        self._x = (x[0], x[1] if x[1] > x[0] else x[0] + 1.0)
        self._y = (y[0], y[1] if y[1] > y[0] else y[0] + 1.0)
        self._label = label
        self._parts: list[str] = []
        self._keys: list[tuple[str, str]] = []
        across = x_ticks if x_ticks is not None else [(v, number(v)) for v in ticks(*self._x)]
        up = y_ticks if y_ticks is not None else [(v, number(v)) for v in ticks(*self._y, 5)]
        bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
        for place, words in across:
            px = self.px(place)
            self._parts.append(f'<path class="t" d="M{px:.1f} {bottom}v4"/>')
            self._parts.append(f'<text x="{px:.1f}" y="{bottom + 15}" text-anchor="middle">{html.escape(words)}</text>')
        for place, words in up:
            py = self.py(place)
            self._parts.append(f'<path class="l" d="M{_LEFT} {py:.1f}H{right}"/>')
            self._parts.append(f'<text x="{_LEFT - 5}" y="{py + 3.5:.1f}" text-anchor="end">{html.escape(words)}</text>')
        self._parts.append(f'<path class="t" d="M{_LEFT} {_TOP}V{bottom}H{right}"/>')
        middle = (_TOP + bottom) / 2
        self._parts.append(
            f'<text x="{(_LEFT + right) / 2}" y="{HEIGHT - 7}" text-anchor="middle">{html.escape(x_label)}</text>'
            f'<text transform="translate(11 {middle}) rotate(-90)" text-anchor="middle">{html.escape(y_label)}</text>'
        )

    def px(self, x: float) -> float:
        """Data → place, left to right, kept inside the frame."""
        share = (x - self._x[0]) / (self._x[1] - self._x[0])
        return _LEFT + min(max(share, 0.0), 1.0) * (WIDTH - _LEFT - _RIGHT)

    def py(self, y: float) -> float:
        """Data → place, bottom to top, kept inside the frame."""
        share = (y - self._y[0]) / (self._y[1] - self._y[0])
        return HEIGHT - _BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - _TOP - _BOTTOM)

    def key(self, kind: str, words: str) -> Chart:
        """An entry of the legend."""
        self._keys.append((kind, words))
        return self

    def line(self, x: Floats | Sequence[float], y: Floats | Sequence[float], kind: str) -> Chart:
        """A polyline."""
        places = "L".join(f"{self.px(float(a)):.1f} {self.py(float(b)):.1f}" for a, b in zip(x, y, strict=True))
        self._parts.append(f'<path class="{kind}" d="M{places}"/>')
        return self

    def area(self, x: Floats, low: Floats, high: Floats, kind: str) -> Chart:
        """The room between two lines."""
        there = [f"{self.px(float(a)):.1f} {self.py(float(b)):.1f}" for a, b in zip(x, high, strict=True)]
        back = [f"{self.px(float(a)):.1f} {self.py(float(b)):.1f}" for a, b in zip(x[::-1], low[::-1], strict=True)]
        self._parts.append(f'<path class="{kind}" d="M{"L".join(there + back)}z"/>')
        return self

    def steps(self, edges: Floats, heights: Floats, kind: str) -> Chart:
        """A histogram as one outline from the bottom to the bottom."""
        corners = np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
        return self.line(*corners, kind)

    def dots(self, x: Floats, y: Floats, kind: str, size: float = 1.6) -> Chart:
        """Small squares, all in one path."""
        half = size / 2
        square = f"h{size:g}v{size:g}h-{size:g}z"
        places = zip(x.tolist(), y.tolist(), strict=True)
        path = "".join(f"M{self.px(a) - half:.1f} {self.py(b) - half:.1f}{square}" for a, b in places)
        self._parts.append(f'<path class="{kind}" d="{path}"/>')
        return self

    def rings(self, points: Iterable[tuple[float, float]], kind: str, radius: float = 3.5) -> Chart:
        """Larger marks."""
        for x, y in points:
            self._parts.append(f'<circle class="{kind}" cx="{self.px(x):.1f}" cy="{self.py(y):.1f}" r="{radius:g}"/>')
        return self

    def diamond(self, x: float, y: float, kind: str, size: float = 6.0) -> Chart:
        """The one mark that is meant."""
        px, py = self.px(x), self.py(y)
        self._parts.append(
            f'<path class="{kind}" d="M{px:.1f} {py - size:.1f}l{size:g} {size:g}l-{size:g} {size:g}l-{size:g} -{size:g}z"/>'
        )
        return self

    def upright(self, x: float, kind: str) -> Chart:
        """A vertical line over the whole height; nothing where it is off the chart."""
        if self._x[0] <= x <= self._x[1]:
            self._parts.append(f'<path class="{kind}" d="M{self.px(x):.1f} {_TOP}V{HEIGHT - _BOTTOM}"/>')
        return self

    def level(self, y: float, kind: str) -> Chart:
        """A horizontal line over the whole width."""
        self._parts.append(f'<path class="{kind}" d="M{_LEFT} {self.py(y):.1f}H{WIDTH - _RIGHT}"/>')
        return self

    def note(self, x: float, y: float, words: str) -> Chart:
        """Words above a mark."""
        place = f'x="{self.px(x):.1f}" y="{self.py(y) - 7:.1f}"'
        self._parts.append(f'<text class="s" {place} text-anchor="middle">{html.escape(words)}</text>')
        return self

    def figure(self, caption: str, note: str = "") -> str:
        """The chart with its caption, legend and a sentence below."""
        drawn = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(self._label, quote=True)}">'
        marks = {"fa": "M2 2h18v6h-18z", "fb": "M2 2h18v6h-18z"}
        legend = "".join(
            f'<span><svg class="k" viewBox="0 0 22 10" aria-hidden="true"><path class="{kind}" '
            f'd="{marks.get(kind, "M1 5h20" if kind[0] not in "cd" else "M11 0l5 5l-5 5l-5 -5z")}"/></svg>'
            f"{html.escape(words)}</span>"
            for kind, words in self._keys
        )
        said = f'<p class="q">{html.escape(note)}</p>' if note else ""
        keys = f'<p class="keys">{legend}</p>' if legend else ""
        head = f"<figure><figcaption>{html.escape(caption)}</figcaption>"
        return f"{head}{drawn}{''.join(self._parts)}</svg>{keys}{said}</figure>"
