"""What a bridge is and costs, in a line for people. Decides only looks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from melpact.bridges.table import Expected
    from melpact.bridges.ways import Bridge
    from melpact.verbs.dialects import Reachable

_NEAREST = 8
_STALE = "measured with other fitted numbers than these, so only roughly"


def bridge_line(way: Bridge) -> str:
    """Class, expected error and cost of one bridge, and why it is what it is."""
    found = way.expected
    lossy = "; with --allow-lossy, in the bands that both hold" if way.kind == "refused" and found is not None else ""
    return f"{way.kind}{lossy}: {expected_words(found, way.unmeasured)}"


def expected_words(found: Expected | None, unmeasured: str = "") -> str:
    """The figures of the table, or that there are none."""
    if found is None:
        return f"not measured: {unmeasured}"
    if found.error_nat == 0:
        error = "expected error none but rounding"
    else:
        null = f"{found.null_nat:.2f} would be each band's mean; {found.clips} clips"
        error = f"expected error {found.error_nat:.3f} nat ({null})"
    words = [error, pesq_words(found), time_words(found)]
    return ", ".join(words) + (f"; {_STALE}" if found.stale else "")


def short_words(found: Expected | None) -> str:
    """The same in a few words."""
    if found is None:
        return "not measured"
    return f"{found.error_nat:.3f} nat, {pesq_words(found)}, {time_words(found)}"


def pesq_words(found: Expected) -> str:
    """PESQ lost, with how many clips it rests on."""
    if found.pesq_cost is None:
        return "PESQ not measured"
    if not found.scored:
        return f"PESQ lost {found.pesq_cost:.2f}"
    return f"PESQ lost {found.pesq_cost:.2f} ({found.scored} clip{'s' if found.scored != 1 else ''})"


def time_words(found: Expected) -> str:
    """Time per second of audio."""
    return "next to no time" if found.ms_per_s is None else f"{found.ms_per_s:.0f} ms per second of audio"


def reachable_lines(ways: tuple[Reachable, ...], unmeasured: str) -> list[str]:
    """A dialect's bridges in few lines: the exact ones, the nearest fitted ones, how many are fitted and refused."""
    if not ways:
        return [f"not measured: {unmeasured}"]
    exact = [w.to for w in ways if w.kind == "exact"]
    fitted = [w for w in ways if w.kind == "fitted"]
    near = sorted((w for w in fitted if w.expected is not None), key=lambda w: _error(w.expected))
    lines = [f"exact: {', '.join(exact)}"] if exact else []
    if fitted:
        lines.append(f"fitted: {len(fitted)} dialects; the nearest (mean error in nat):")
        lines += [f"  {w.to}: {short_words(w.expected)}" for w in near[:_NEAREST]]
    if any(w.expected is not None and w.expected.stale for w in ways):
        lines.append(f"  {_STALE}")
    refused = sum(w.kind == "refused" for w in ways)
    if refused:
        lines.append(f"refused: {refused} dialects, whose bands this mel does not hold (--allow-lossy writes silence there)")
    return [*lines, "One of them: melpact diff THIS OTHER; every one: --json"]


def _error(found: Expected | None) -> float:
    return math.inf if found is None else found.error_nat
