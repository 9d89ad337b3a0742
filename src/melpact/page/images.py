"""Arrays → PNG bytes with a palette, and the colour maps. Axes and captions are in `pictures`.

Written by hand because a palette image of one pixel per value needs no plotting library, which takes longer to import than
the whole page takes to make.
"""

from __future__ import annotations

import base64
import struct
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Anchors = tuple[str, ...]

LEVEL: Anchors = (
    "00224e", "123570", "3b496c", "575d6d", "707173", "8a8678", "a59c74", "c3b369", "e1cc55", "fee838",
)  # fmt: skip
"""Cividis (Nuñez, Anderton and Renslow, 2018) at ten places: even in lightness, the same for red-green blind eyes."""
CHANGE: Anchors = ("00243f", "00558a", "3a8fc4", "9cc9e6", "f6f5f2", "edb98e", "c87235", "893a00", "3d1700")
"""Blue below, orange above, light where nothing differs; the two sides have the same lightness."""
MOST_COLUMNS = 2600


@lru_cache(maxsize=4)
def _palette(anchors: Anchors) -> bytes:
    stops = np.array([[int(colour[i : i + 2], 16) for i in (0, 2, 4)] for colour in anchors], np.float64)
    places = np.linspace(0, len(anchors) - 1, 256)
    mixed = [np.interp(places, np.arange(len(anchors)), stops[:, i]) for i in range(3)]
    return np.stack(mixed, axis=1).round().astype(np.uint8).tobytes()


def png(values: Floats, low: float, high: float, anchors: Anchors) -> bytes:
    """One pixel per value, the first row at the bottom; `low` and below get the first colour, `high` and above the last."""
    span = high - low if high > low else 1.0
    shades = np.clip((values - low) / span * 255, 0, 255)
    indices = np.nan_to_num(shades).round().astype(np.uint8)[::-1]
    rows = np.concatenate([np.zeros((indices.shape[0], 1), np.uint8), indices], axis=1)
    head = struct.pack(">IIBBBBB", indices.shape[1], indices.shape[0], 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", _palette(anchors)), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def uri(data: bytes, kind: str = "image/png") -> str:
    """Bytes as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def thinned(values: Floats) -> tuple[Floats, int]:
    """At most `MOST_COLUMNS` columns, each the mean of so many frames; and how many."""
    each = -(-values.shape[1] // MOST_COLUMNS)
    if each <= 1:
        return values, 1
    frames = values.shape[1] // each * each
    return values[:, :frames].reshape(values.shape[0], -1, each).mean(axis=2), each


def bar(anchors: Anchors) -> str:
    """The colour map itself, from left to right."""
    return uri(png(np.arange(256.0)[None], 0, 255, anchors))
