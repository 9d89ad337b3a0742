"""A mel as a picture with axes in seconds and Hz, and the legend of a colour map. Which mels are shown is not known here."""

from __future__ import annotations

import html

import numpy as np

from melpact.page.charts import number, ticks
from melpact.page.images import Anchors, Floats, bar, png, thinned, uri

_FREQUENCIES = 5


def picture(
    caption: str, values: Floats, low: float, high: float, anchors: Anchors, *, seconds: float, centres_hz: Floats
) -> str:
    """A figure.

    Args:
        values: [bands, frames]; many frames are drawn as means, and the text for those who cannot see it says so.
        low, high: ends of the colour map. seconds: length of the time axis. centres_hz: of the bands.
    """
    shown, each = thinned(values)
    across = "".join(
        f'<span style="left:{100 * t / seconds:.2f}%">{number(t)}{" s" if i == 0 else ""}</span>'
        for i, t in enumerate(ticks(0.0, seconds, 6))
        if t <= 0.97 * seconds
    )
    bands = centres_hz.size
    up = "".join(
        f'<span style="bottom:{100 * (i + 0.5) / bands:.2f}%">{_hertz(float(centres_hz[i]))}</span>'
        for i in np.unique(np.linspace(0, bands - 1, _FREQUENCIES).round().astype(int))
    )
    many = f"; each column is the mean of {each} frames" if each > 1 else ""
    words = html.escape(f"{caption}: time to the right, frequency upwards{many}", quote=True)
    return (
        f'<figure><figcaption>{html.escape(caption)}</figcaption><div class="plot"><div class="up">{up}</div>'
        f'<img alt="{words}" src="{uri(png(shown, low, high, anchors))}"><div class="across">{across}</div></div></figure>'
    )


def legend(low: float, high: float, anchors: Anchors, unit: str) -> str:
    """The colour map with its ends, its middle and its unit."""
    marks = "".join(f"<span>{number(round(v, 2) + 0.0)}</span>" for v in (low, (low + high) / 2, high))
    image = f'<img alt="colour scale" src="{bar(anchors)}">'
    return f'<div class="bar">{image}<div>{marks}</div><p>{html.escape(unit)}</p></div>'


def _hertz(value: float) -> str:
    return f"{value:.0f} Hz" if value < 995 else f"{value / 1000:.1f} kHz"
