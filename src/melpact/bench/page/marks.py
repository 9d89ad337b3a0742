"""One mark per system, by shape and by colour, so that neither alone has to be told apart."""

from __future__ import annotations

import html
from collections.abc import Sequence

_SHAPES = (
    "M{x} {y}m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "M{x} {y}m0-5.6l5.6 5.6l-5.6 5.6l-5.6-5.6z",
    "M{x} {y}m-4.2-4.2h8.4v8.4h-8.4z",
    "M{x} {y}m0-5.4l5.2 9.2h-10.4z",
    "M{x} {y}m0 5.4l5.2-9.2h-10.4z",
    "M{x} {y}m-5-1.6h3.4v-3.4h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4z",
)
COLOURS = ("var(--a)", "var(--b)", "var(--g)", "var(--s3)", "var(--s4)", "var(--ink)")
STYLE = """
:root{--s3:#aa3377;--s4:#8a6d00}
@media screen and (prefers-color-scheme:dark){:root{--s3:#e58fbf;--s4:#e0c34a}}
"""


def mark(index: int, x: float, y: float) -> str:
    """The mark of the system at `index`, as an SVG path."""
    shape = _SHAPES[index % len(_SHAPES)].format(x=f"{x:.1f}", y=f"{y:.1f}")
    return f'<path d="{shape}" fill="{COLOURS[index % len(COLOURS)]}"/>'


def legend(systems: Sequence[str]) -> str:
    """Every system with its mark."""
    return "".join(
        f'<span class="sys"><svg class="k" viewBox="0 0 14 14" aria-hidden="true">{mark(i, 7, 7)}</svg>'
        f"{html.escape(name)}</span>"
        for i, name in enumerate(systems)
    )
