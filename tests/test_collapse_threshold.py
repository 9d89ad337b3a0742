"""Where a metric breaks, on curves whose crossing is known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from melpact.bench.collapse.dose import degradation_doses
from melpact.bench.collapse.result import Curve, Point, Threshold, Value
from melpact.bench.collapse.scoring import Outcome, Scorer
from melpact.bench.collapse.threshold import collapsed, crossing, danger, dose_at, kinds, threshold
from melpact.contract.dialect import dialect
from melpact.degradations.kinds import degradations

SPEC = dialect("hifigan_22k").spec


def outcome(value: float | None, metric: str = "stoi") -> Outcome:
    return Outcome({} if value is None else {metric: value}, {} if value is not None else {metric: "silent"})


def case(table: list[list[float | None]], right: list[float], null: list[float], doses: list[float]):  # type: ignore[no-untyped-def]
    """Rows of outcomes dose by dose, from a table clip by clip."""
    rows = [[outcome(clip[i]) for clip in table] for i in range(len(doses))]
    points = [Point(dose=d, words=f"{d:g}", distance_nat=float(i + 1)) for i, d in enumerate(doses)]
    return points, rows, [outcome(v) for v in right], [outcome(v) for v in null]


def scorer(metric: str = "stoi") -> Scorer:
    return Scorer(SPEC, [metric])


def test_crossing_and_dose_lie_on_straight_lines() -> None:
    assert crossing(np.array([1.0, 0.8, 0.4]), 0.5) == pytest.approx(1.75)
    assert crossing(np.array([1.0, 0.8, 0.6]), 0.5) == math.inf
    assert crossing(np.array([1.0, 0.2, 0.9, 0.1]), 0.6) == pytest.approx(0.5)
    assert dose_at(1.5, [0.0, 2.0, 8.0]) == pytest.approx(4.0)
    assert dose_at(0.5, [0.0, 2.0, 8.0]) == pytest.approx(1.0)
    assert dose_at(0.5, [-2.0, -8.0]) == pytest.approx(-4.0)


def test_half_of_what_there_is_is_lost_at_the_bar() -> None:
    # ceiling 1.0, null 0.2: the bar is 0.6; between dose 1 (0.8) and dose 4 (0.4) it lies half way, at 2 on the logarithm
    found = threshold(scorer(), "stoi", *case([[0.8, 0.4]] * 4, [1.0] * 4, [0.2] * 4, [1.0, 4.0]), neutral=0.0)
    assert found is not None and found.state == "breaks"
    assert (found.bar, found.dose, found.distance_nat) == pytest.approx((0.6, 2.0, 1.5))
    assert (found.low, found.high, found.certainty) == pytest.approx((2.0, 2.0, 1.0))


def test_what_never_breaks_holds_and_what_breaks_before_the_mildest_is_said() -> None:
    held = threshold(scorer(), "stoi", *case([[0.9, 0.8]] * 3, [1.0] * 3, [0.2] * 3, [1.0, 4.0]), neutral=0.0)
    assert held is not None and (held.state, held.dose, held.high, held.certainty) == ("holds", None, None, 0.0)
    early = threshold(scorer(), "stoi", *case([[0.3, 0.3]] * 3, [1.0] * 3, [0.2] * 3, [30.0, 15.0]), neutral=None)
    assert early is not None and (early.state, early.dose) == ("at once", None)
    roomless = threshold(scorer(), "stoi", *case([[0.3, 0.3]] * 3, [0.2] * 3, [0.4] * 3, [1.0, 2.0]), neutral=0.0)
    assert roomless is not None and roomless.state == "no room"


def test_an_interval_that_leaves_the_doses_is_open() -> None:
    # half of the clips break at the first dose, half never: resamples do both
    table = [[0.2, 0.2]] * 5 + [[0.95, 0.9]] * 4
    found = threshold(scorer(), "stoi", *case(table, [1.0] * 9, [0.2] * 9, [1.0, 4.0]), neutral=0.0)
    assert found is not None and found.state == "breaks"
    assert found.low is not None and found.low < 1.0 and found.high is None
    assert found.certainty is not None and 0.5 < found.certainty < 1.0


def test_no_sound_counts_as_the_null() -> None:
    found = threshold(scorer(), "stoi", *case([[0.9, None]] * 3, [1.0] * 3, [0.2] * 3, [1.0, 4.0]), neutral=0.0)
    # from 0.9 at 1 to 0.2 at 4; 0.6 lies 3/7 of the way
    assert found is not None and found.dose == pytest.approx(4.0 ** (3 / 7))


def test_of_kinds_the_broken_are_named() -> None:
    found = kinds(scorer(), "stoi", *case([[0.9, 0.3]] * 3, [1.0] * 3, [0.2] * 3, [0.0, 1.0]))
    assert found is not None and (found.state, found.broken, found.bar) == ("kinds", ("1",), pytest.approx(0.6))


def test_a_metric_whose_less_is_better_breaks_upwards() -> None:
    points, rows, right, null = case([[1.0, 3.0]] * 3, [0.0] * 3, [4.0] * 3, [1.0, 4.0])
    turn = lambda one: Outcome({"mel_mae": one.values["stoi"]}, {})  # noqa: E731
    found = threshold(
        scorer("mel_mae"), "mel_mae", points, [[turn(o) for o in row] for row in rows], [turn(o) for o in right],
        [turn(o) for o in null], neutral=0.0,
    )  # fmt: skip
    assert found is not None and (found.state, found.bar, found.dose) == ("breaks", pytest.approx(2.0), pytest.approx(2.0))


def test_doses_of_degradations_reach_beyond_gross_within_limits() -> None:
    for kind in degradations().values():
        found = degradation_doses(kind, 5)
        assert len(found) >= 3 and found[0] == pytest.approx(kind.doses[0], rel=1e-3)
        assert all(kind.limits[0] <= dose <= kind.limits[1] for dose in found)
        for dose in found:
            kind.is_neutral(dose)
    assert degradation_doses(degradations()["time_blur"], 4) == pytest.approx((0.7, 1.5, 4.0, 4.0 * 4.0 / 1.5), rel=1e-3)
    assert degradation_doses(degradations()["wrong_gain"], 4) == pytest.approx((-3.0, -6.0, -12.0, -24.0))


def test_the_most_dangerous_come_first_and_the_dose_that_breaks_is_found() -> None:
    def curve(name: str, values: list[float], state: str, distance: float | None) -> Curve:
        points = tuple(Point(dose=i, words=f"{i}", values={"stoi": Value(value=v)}) for i, v in enumerate(values))
        broken = Threshold(metric="stoi", bar=0.6, state=state, distance_nat=distance)  # type: ignore[arg-type]
        return Curve(name=name, source="fault", title="", unit="", points=points, threshold={"stoi": broken})

    far, near = curve("far", [0.9, 0.5], "breaks", 2.0), curve("near", [0.7, 0.6], "breaks", 0.3)
    holds = curve("holds", [0.9, 0.8], "holds", None)
    assert [c.name for c in sorted([holds, far, near], key=lambda c: danger(c, "stoi"))] == ["near", "far", "holds"]
    found = [collapsed(one, "stoi", higher=True) for one in (far, near, holds)]
    assert [None if one is None else one.dose for one in found] == [1.0, 1.0, None]
    assert collapsed(holds, "stoi", higher=False) == holds.points[0]
