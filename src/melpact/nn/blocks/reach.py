"""Which inputs an output reads: integer spans followed from the sound back to the mel's frames.

Exact: every layer is an affine rule between two grids, so nothing is rounded to a bound. Edges of the sequence (padding) are
not looked at. No torch here.
"""

from __future__ import annotations

from typing import NamedTuple

_FRAME = 1 << 20
"""The frame that is asked about: far enough from zero for every layer."""


class Span(NamedTuple):
    """The positions `first` … `last` (both included) of one grid."""

    first: int
    last: int

    def conv(self, kernel_size: int, dilation: int = 1, *, stride: int = 1, padding: int | None = None) -> Span:
        """What a convolution reads for these outputs; without `padding`, that of a layer which keeps the length."""
        before = dilation * (kernel_size - 1) // 2 if padding is None else padding
        return Span(self.first * stride - before, self.last * stride - before + dilation * (kernel_size - 1))

    def transposed(self, kernel_size: int, stride: int, padding: int) -> Span:
        """What a transposed convolution reads: output n takes input i where 0 <= n + padding - i·stride < kernel_size."""
        return Span(-((kernel_size - 1 - self.first - padding) // stride), (self.last + padding) // stride)

    def held(self, factor: int) -> Span:
        """What a step-wise upsampling by `factor` reads (one input value for `factor` outputs)."""
        return Span(self.first // factor, self.last // factor)

    def with_(self, *others: Span) -> Span:
        """The span that covers this one and the others."""
        spans = (self, *others)
        return Span(min(s.first for s in spans), max(s.last for s in spans))

    def around_frame(self) -> tuple[int, int]:
        """These frames counted from the asked one: (frames to the left, frames to the right), neither below zero."""
        return max(0, _FRAME - self.first), max(0, self.last - _FRAME)


def samples_of_frame(hop_length: int) -> Span:
    """The samples of one frame: `hop_length` of them, from frame·hop_length on."""
    return Span(_FRAME * hop_length, (_FRAME + 1) * hop_length - 1)
