"""The grid of `estimate`, in a module that imports nothing: how many frames a block has, and what it sees beside them."""

from __future__ import annotations

BLOCK_FRAMES = 168
BEFORE, AHEAD = 12, 12
"""Frames of the block before that a block sees again, and frames that it sees beyond its end: 192 with its own, three rounds
of the 64 that the iterations lay side by side."""

LOOK_AHEAD = BLOCK_FRAMES - 1 + AHEAD
"""Most frames behind a frame that its spectrum waits for."""

PIECE = 3 * BLOCK_FRAMES
"""Frames of the pieces in which a long mel is inverted and synthesised at once."""
