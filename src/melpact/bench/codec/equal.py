"""How many bits another codec needs for the same quality: along its own curve, between its measured points only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from melpact.core.records import Record

Curve = Sequence[tuple[float, float]]


class Equal(Record):
    """One point of a codec and what another needs to get as far.

    Attributes:
        metric, row, system, kbps, value: the point; `kbps` of payload.
        other: a codec. other_kbps: where its curve gets there; None with the `reason`.
        factor: kbps / other_kbps: below 1, the point gets there with fewer bits.
    """

    metric: str
    row: str
    system: str
    kbps: float
    value: float
    other: str
    other_kbps: float | None = None
    factor: float | None = None
    reason: str | None = None


def needed(curve: Curve, value: float, *, higher: bool) -> tuple[float | None, str | None]:
    """The lowest rate at which a curve reaches a value, by straight lines over log2 of the rate; or why there is none.

    Args:
        curve: (kbit/s, value), in any order; higher: whether a higher value is better.
    """
    points = sorted(curve)
    sign = 1.0 if higher else -1.0
    if not points:
        return None, "it has no value"
    if sign * (points[0][1] - value) > 0:
        return None, f"it is better at its lowest rate already, {points[0][0]:.3g} kbit/s"
    for (x0, y0), (x1, y1) in pairwise(points):
        if sign * (y1 - value) >= 0 and sign * (value - y0) >= 0:
            share = 0.0 if y1 == y0 else (value - y0) / (y1 - y0)
            return 2 ** (math.log2(x0) + share * (math.log2(x1) - math.log2(x0))), None
    if points[-1][1] == value:
        return points[-1][0], None
    return None, f"it does not get there up to {points[-1][0]:.3g} kbit/s"


def equal(metric: str, row: str, system: str, kbps: float, value: float, other: str, curve: Curve, *, higher: bool) -> Equal:
    """One point beside the curve of another codec."""
    there, reason = needed(curve, value, higher=higher)
    factor = None if there is None else kbps / there
    return Equal(
        metric=metric, row=row, system=system, kbps=kbps, value=value, other=other, other_kbps=there, factor=factor,
        reason=reason,
    )  # fmt: skip
