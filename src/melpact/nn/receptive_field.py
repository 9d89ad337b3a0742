"""Receptive fields by arithmetic: how far a stack of layers sees, followed from its output back to its input.

No torch and no networks live here. A `Field` is a reach to the left and right of a position, in steps of the layer's input.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """Position n of the output is a function of positions n - left … n + right."""

    left: int = 0
    right: int = 0

    def conv(self, kernel_size: int, dilation: int = 1, padding: int | None = None) -> Field:
        """In front of this: a convolution of stride 1. `padding` zeros on the left; None: as many as keep the length."""
        reach = dilation * (kernel_size - 1)
        left = reach // 2 if padding is None else padding
        return Field(self.left + left, self.right + reach - left)

    def transposed(self, kernel_size: int, stride: int, padding: int) -> Field:
        """In front of this: a transposed convolution; the result is in steps of its (slower) input."""
        return Field(-(-(self.left + kernel_size - 1 - padding) // stride), -(-(self.right + padding) // stride))

    def frames(self, hop_length: int) -> Field:
        """In front of this: each position held for `hop_length` samples (repetition, or an inverse STFT's frames)."""
        return Field(-(-self.left // hop_length), -(-self.right // hop_length))

    def widest(self, *others: Field) -> Field:
        """Parallel branches: as far as the farthest of them."""
        every = (self, *others)
        return Field(max(one.left for one in every), max(one.right for one in every))
