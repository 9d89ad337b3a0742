"""A bridge between two stages: put in by itself where algebra suffices, refused with its cost where it does not."""

from __future__ import annotations

from typing import Any, Literal

from melpact.bridges.ways import Bridge, bridge, said, would_invent
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import SpecMismatch
from melpact.pipeline.ports import Context, Port, Stage

Allow = Literal["exact", "fitted", "lossy"]
ALLOWED: tuple[Allow, ...] = ("exact", "fitted", "lossy")


class Bridging(Stage):
    """Takes a mel over a bridge."""

    name = "bridge"
    inserted = True

    def __init__(self, way: Bridge) -> None:
        self.way = way

    def takes(self) -> Port:
        return Port("mel", self.way.a)

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.way.b)

    def run(self, value: Mel, context: Context) -> Mel:
        return self.way.apply(value)

    def facts(self) -> dict[str, Any]:
        return {"stage": "bridge", "class": class_of(self.way), **self.way.to_json()}

    def how(self) -> tuple[str, str]:
        return f"bridge, {class_of(self.way)}: {self.way.difference.summary()}", cost(self.way)


def class_of(way: Bridge) -> str:
    """ "exact", "fitted" or, where bands are invented, "lossy"."""
    return "lossy" if way.invented else way.kind


def between(a: MelSpec, b: MelSpec, allow: Allow, where: str) -> Bridging:
    """The bridge that joins two stages, if it may.

    Raises:
        SpecMismatch: algebra does not join them and `allow` does not cover what would; the message names the fields, the
            expected error and how to allow it.
    """
    way = bridge(a, b, allow_lossy=True)
    needed = {"exact": "exact", "fitted": "fitted"}.get(class_of(way), "lossy")
    if ALLOWED.index(allow) >= ALLOWED.index(needed):
        return Bridging(way)
    what = "only an estimate joins these two" if needed == "fitted" else "the second has bands that the first does not hold"
    invented = f" ({would_invent(a, b)})" if needed == "lossy" else ""
    raise SpecMismatch(
        f"{what}: {way.difference.summary()}{invented}",
        where=where,
        got=said(a),
        wanted=said(b),
        next=f"It would cost {cost(way)}. Allow it with allow='{needed}' (allow = \"{needed}\" in a description), or take a "
        f"vocoder for {said(a)}",
    )


def cost(way: Bridge) -> str:
    """What a bridge is measured to cost, in words."""
    if way.kind == "exact":
        return "nothing (algebra, float32)"
    found = way.expected
    if found is None:
        return f"an unknown error ({way.unmeasured})"
    text = f"{found.error_nat:.3f} nat per value (each band's mean alone: {found.null_nat:.2f})"
    if found.pesq_cost is not None:
        text += f", PESQ {-found.pesq_cost:+.2f}"
    return text + f"; measured on {found.clips} clips"
