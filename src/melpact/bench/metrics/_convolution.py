"""3 × 3 convolutions of float32 images by Winograd's F(4 × 4, 3 × 3): a quarter of the multiplications, in matrix products.

Images are [rows, columns, channels], with channels last so that every step of a transform is a vector step. Source: Lavin &
Gray 2016, Fast algorithms for convolutional neural networks, section 4.3. Not here: any network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Image = NDArray[np.float32]
TILE = 4
# Rows of tiles that are multiplied at once: what fits beside the kernels into a processor's cache.
_TILE_ROWS = 2


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution with rectifier, ready to run.

    Attributes:
        kernel: transformed, float32 [36, inputs, outputs].
        bias: float32 [outputs].
    """

    kernel: Image
    bias: Image

    @classmethod
    def of(cls, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Layer:
        """From a kernel [outputs, inputs, 3, 3] (cross-correlation, as networks have it) and a bias [outputs]."""
        g = np.array(
            [[1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6],
             [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6], [0, 0, 1]]
        )  # fmt: skip
        changed = np.einsum("ia,ocab,jb->ijco", g, kernel.astype(np.float64), g)
        flat = np.ascontiguousarray(changed.reshape(36, kernel.shape[1], kernel.shape[0]), np.float32)
        return cls(flat, np.ascontiguousarray(bias, np.float32))


def tiles(length: int) -> int:
    """Tiles that cover a length."""
    return -(-length // TILE)


def image(rows: int, columns: int, channels: int) -> Image:
    """Zeros that `convolve` can read `rows` rows of output from: one pixel of border and room to the next whole tile."""
    return np.zeros((TILE * tiles(rows) + 2, TILE * tiles(columns) + 2, channels), np.float32)


def convolve(x: Image, rows: int, columns: int, layer: Layer, out: Image, row: int) -> None:
    """Write `rows` × `columns` rectified outputs into `out` from row `row` and column 1 on.

    Args:
        x: made by `image`; its row r and column c are r - 1 and c - 1 of the first output. Columns beyond the picture are
            zero.
        out: made by `image`, with the layer's output channels.
    """
    inputs, outputs = layer.kernel.shape[1:]
    across = tiles(columns)
    wide = np.empty((6, x.shape[1], inputs), np.float32)
    for first in range(0, tiles(rows), _TILE_ROWS):
        count = min(_TILE_ROWS, tiles(rows) - first)
        changed = np.empty((36, count * across, inputs), np.float32)
        for k in range(count):
            _into(x, TILE * (first + k), wide, changed, k * across, across)
        product = np.matmul(changed, layer.kernel)
        half = np.empty((TILE, 6, count * across, outputs), np.float32)
        _out_rows(product.reshape(6, 6, -1), half.reshape(TILE, 6, -1))
        _out_columns(half, layer.bias, out, row + TILE * first, min(rows - TILE * first, TILE * count), columns, across)


@njit(cache=True, nogil=True, fastmath=True)
def _into(x, top, wide, changed, place, across):  # type: ignore[no-untyped-def]
    four, five, two = np.float32(4), np.float32(5), np.float32(2)
    rows = x.reshape(x.shape[0], -1)
    flat = wide.reshape(6, -1)
    for n in range(rows.shape[1]):
        d0, d1, d2 = rows[top, n], rows[top + 1, n], rows[top + 2, n]
        d3, d4, d5 = rows[top + 3, n], rows[top + 4, n], rows[top + 5, n]
        flat[0, n] = four * d0 - five * d2 + d4
        flat[1, n] = d3 + d4 - four * (d1 + d2)
        flat[2, n] = d4 - d3 + four * (d1 - d2)
        flat[3, n] = d4 - d2 + two * (d3 - d1)
        flat[4, n] = d4 - d2 - two * (d3 - d1)
        flat[5, n] = four * d1 - five * d3 + d5
    for i in range(6):
        for t in range(across):
            c = 4 * t
            for n in range(x.shape[2]):
                d0, d1, d2 = wide[i, c, n], wide[i, c + 1, n], wide[i, c + 2, n]
                d3, d4, d5 = wide[i, c + 3, n], wide[i, c + 4, n], wide[i, c + 5, n]
                changed[6 * i, place + t, n] = four * d0 - five * d2 + d4
                changed[6 * i + 1, place + t, n] = d3 + d4 - four * (d1 + d2)
                changed[6 * i + 2, place + t, n] = d4 - d3 + four * (d1 - d2)
                changed[6 * i + 3, place + t, n] = d4 - d2 + two * (d3 - d1)
                changed[6 * i + 4, place + t, n] = d4 - d2 - two * (d3 - d1)
                changed[6 * i + 5, place + t, n] = four * d1 - five * d3 + d5


@njit(cache=True, nogil=True, fastmath=True)
def _out_rows(product, half):  # type: ignore[no-untyped-def]
    two, four, eight = np.float32(2), np.float32(4), np.float32(8)
    for j in range(6):
        for n in range(product.shape[2]):
            m0, m1, m2 = product[0, j, n], product[1, j, n], product[2, j, n]
            m3, m4, m5 = product[3, j, n], product[4, j, n], product[5, j, n]
            near, far, near_d, far_d = m1 + m2, m3 + m4, m1 - m2, m3 - m4
            half[0, j, n] = m0 + near + far
            half[1, j, n] = near_d + two * far_d
            half[2, j, n] = near + four * far
            half[3, j, n] = near_d + eight * far_d + m5


@njit(cache=True, nogil=True, fastmath=True)
def _out_columns(half, bias, out, row, rows, columns, across):  # type: ignore[no-untyped-def]
    two, four, eight, zero = np.float32(2), np.float32(4), np.float32(8), np.float32(0)
    for r in range(rows):
        down, inside = r // 4, r % 4
        for t in range(across):
            place, c = down * across + t, 1 + 4 * t
            left = min(4, columns - 4 * t)
            for n in range(bias.size):
                m0, m1, m2 = half[inside, 0, place, n], half[inside, 1, place, n], half[inside, 2, place, n]
                m3, m4, m5 = half[inside, 3, place, n], half[inside, 4, place, n], half[inside, 5, place, n]
                near, far, near_d, far_d = m1 + m2, m3 + m4, m1 - m2, m3 - m4
                out[row + r, c, n] = max(zero, m0 + near + far + bias[n])
                if left == 4:
                    out[row + r, c + 1, n] = max(zero, near_d + two * far_d + bias[n])
                    out[row + r, c + 2, n] = max(zero, near + four * far + bias[n])
                    out[row + r, c + 3, n] = max(zero, near_d + eight * far_d + m5 + bias[n])
                elif left >= 2:
                    out[row + r, c + 1, n] = max(zero, near_d + two * far_d + bias[n])
                    if left == 3:
                        out[row + r, c + 2, n] = max(zero, near + four * far + bias[n])


@njit(cache=True, nogil=True, fastmath=True)
def first(x, kernel, bias, out, rows, columns):  # type: ignore[no-untyped-def]
    """The same for one channel: x [rows + 2, columns + 2], kernel [3, 3, outputs], into `out` from row 0 and column 1 on."""
    zero = np.float32(0)
    for r in range(rows):
        for c in range(columns):
            a, b, d = x[r, c], x[r, c + 1], x[r, c + 2]
            e, f, g = x[r + 1, c], x[r + 1, c + 1], x[r + 1, c + 2]
            h, i, j = x[r + 2, c], x[r + 2, c + 1], x[r + 2, c + 2]
            for n in range(bias.size):
                upper = a * kernel[0, 0, n] + b * kernel[0, 1, n] + d * kernel[0, 2, n]
                middle = e * kernel[1, 0, n] + f * kernel[1, 1, n] + g * kernel[1, 2, n]
                lower = h * kernel[2, 0, n] + i * kernel[2, 1, n] + j * kernel[2, 2, n]
                out[r, c + 1, n] = max(zero, upper + middle + lower + bias[n])


def halved(x: Image, rows: int, columns: int, column: int = 0) -> Image:
    """Maximum over 2 × 2 pixels of the picture of rows × columns that starts at row 0 and `column` of `x`."""
    best = np.empty((rows // 2, columns // 2, x.shape[2]), np.float32)
    _halve(x, column, best)
    return best


@njit(cache=True, nogil=True, fastmath=True)
def _halve(x, column, best):  # type: ignore[no-untyped-def]
    for r in range(best.shape[0]):
        for c in range(best.shape[1]):
            left = column + 2 * c
            for n in range(best.shape[2]):
                upper = max(x[2 * r, left, n], x[2 * r, left + 1, n])
                lower = max(x[2 * r + 1, left, n], x[2 * r + 1, left + 1, n])
                best[r, c, n] = max(upper, lower)
