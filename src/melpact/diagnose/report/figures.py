"""The figures of one mel: the spread of its values, each band, and mel against reference. Drawing is `charts`' business."""

from __future__ import annotations

import html

import numpy as np

from melpact.contract.diff.grid_rules import centres_hz
from melpact.diagnose.evidence import Evidence, Floats, correlation, shared
from melpact.page.charts import Chart, number

_DOTS = 1800


def figures(evidence: Evidence) -> str:
    """Histogram, bands and, with a reference, error per band and scatter."""
    reference = evidence.reference
    if reference is not None and reference.shape[0] != evidence.values.shape[0]:
        reference = None
    drawn = [_histogram(evidence), _bands(evidence, reference)]
    if reference is not None:
        values, there = shared(evidence.filled, reference)
        if values.size:
            drawn += [_errors(evidence, values, there), _scatter(values, there, _unit(evidence))]
    return f'<div class="charts">{"".join(drawn)}</div>{_numbers(evidence, reference)}'


def _unit(evidence: Evidence) -> str:
    return evidence.spec.unit if evidence.spec.scaling.kind == "none" else "scaled"


def _raw_reference(evidence: Evidence) -> Floats | None:
    if evidence.reference_nats is None or not evidence.has_level:
        return None
    gain = evidence.spec.log_gain
    nats = evidence.reference_nats
    return np.asarray(np.exp(nats) if gain is None else gain * nats - evidence.spec.reference)


def _histogram(evidence: Evidence) -> str:
    raw, other = evidence.raw.ravel(), _raw_reference(evidence)
    sides = [("a", "this mel", raw)] + ([("b", "reference", other.ravel())] if other is not None else [])
    every = np.concatenate([v for _, _, v in sides])
    low, high = float(every.min()), float(every.max())
    floor = ceiling = None
    if evidence.has_level:
        floor, ceiling = float(evidence.floor.min()), float(evidence.ceiling.max())
        low, high = min(low, floor), max(high, ceiling)
    room = 0.03 * max(high - low, 1e-6)
    edges = np.linspace(low - room, high + room, 101)
    shares = [np.histogram(v, edges)[0] / v.size for _, _, v in sides]
    # a floor holds so many values that it would flatten all others: the axis ends at the highest but the two fullest bins
    top = max(float(np.sort(s)[-3]) for s in shares) * 1.25 or 1.0
    unit = evidence.spec.unit
    chart = Chart("How often each value occurs", (edges[0], edges[-1]), (0.0, 100 * top), f"value, {unit}", "share, %")
    for (kind, words, _), share in zip(sides, shares, strict=True):
        chart.steps(edges, 100 * np.minimum(share, top), kind).key(kind, words)
    notes = []
    if floor is not None and ceiling is not None:
        below = float((evidence.raw < floor - 1e-3 * max(1.0, abs(floor))).mean())
        above = float((evidence.raw > evidence.ceiling[:, None] + 1e-3).mean())
        chart.upright(floor, "n").upright(ceiling, "g").key("n", f"floor {number(floor)}")
        chart.key("g", f"ceiling {number(ceiling)}")
        notes.append(f"{below:.2%} of the values lie below the floor, {above:.2%} above the ceiling of their band.")
    if max(float(s.max()) for s in shares) > top:
        notes.append(f"The fullest bin holds {max(float(s.max()) for s in shares):.0%} and is cut off.")
    if not evidence.has_level:
        notes.append("The scaling cannot be undone from this file, so floor and ceiling are not known here.")
    return chart.figure("Values before scaling, with floor and ceiling", " ".join(notes))


def _hertz_ticks(evidence: Evidence) -> list[tuple[float, str]]:
    centres = centres_hz(evidence.spec)
    places = np.unique(np.linspace(0, centres.size - 1, 6).round().astype(int))
    return [(float(i), f"{centres[i]:.0f}" if centres[i] < 995 else f"{centres[i] / 1000:.1f}k") for i in places]


def _bands(evidence: Evidence, reference: Floats | None) -> str:
    sides = [("a", "this mel", evidence.filled)] + ([("b", "reference", reference)] if reference is not None else [])
    known = [(kind, words, v.mean(axis=1), v.std(axis=1)) for kind, words, v in sides]
    low = min(float((mean - spread).min()) for *_, mean, spread in known)
    high = max(float((mean + spread).max()) for *_, mean, spread in known)
    bands = np.arange(evidence.values.shape[0], dtype=np.float64)
    chart = Chart(
        "Mean and deviation of every band", (0, bands[-1]), (low, high), "band centre, Hz", f"value, {_unit(evidence)}",
        x_ticks=_hertz_ticks(evidence),
    )  # fmt: skip
    for kind, words, mean, spread in known:
        chart.area(bands, mean - spread, mean + spread, f"f{kind}").line(bands, mean, kind).key(kind, f"{words}: mean")
    return chart.key("fa", "± 1 deviation").figure("Mean ± deviation per band")


def _errors(evidence: Evidence, values: Floats, there: Floats) -> str:
    difference = values - there
    error, bias = np.abs(difference).mean(axis=1), difference.mean(axis=1)
    own = np.abs(there - there.mean(axis=1, keepdims=True)).mean(axis=1)
    bands = np.arange(error.size, dtype=np.float64)
    low, high = min(0.0, float(bias.min())), float(max(error.max(), bias.max(), own.max()))
    chart = Chart(
        "Error of every band", (0, bands[-1]), (low, 1.05 * high), "band centre, Hz", f"error, {_unit(evidence)}",
        x_ticks=_hertz_ticks(evidence),
    )  # fmt: skip
    chart.line(bands, own, "n").key("n", "null: each band's own mean")
    chart.line(bands, error, "a").key("a", "mean |Δ|").line(bands, bias, "b d").key("b d", "mean Δ")
    worse = float((error > own).mean())
    return chart.figure("Error per band", f"In {worse:.0%} of the bands the error is larger than that of the band's mean.")


def _scatter(values: Floats, there: Floats, unit: str) -> str:
    chosen = np.random.default_rng(0).choice(values.size, min(values.size, _DOTS), replace=False)
    x, y = there.ravel(), values.ravel()
    ends = [(float(np.percentile(side, 0.1)), float(np.percentile(side, 99.9))) for side in (x, y)]
    chart = Chart("Mel against reference", ends[0], ends[1], f"reference, {unit}", f"this mel, {unit}")
    chart.dots(x[chosen], y[chosen], "da").key("c", "a value")
    reach = np.linspace(max(ends[0][0], ends[1][0]), min(ends[0][1], ends[1][1]), 2)
    if reach[1] > reach[0]:
        chart.line(reach, reach, "n").key("n", "equal")
    spread = float(x.var())
    note = ""
    if spread > 0 and y.var() > 0:
        slope = float(np.cov(x, y, bias=True)[0, 1]) / spread
        offset = float(y.mean() - slope * x.mean())
        inside = np.linspace(ends[0][0], ends[0][1], 41)
        inside = inside[(slope * inside + offset >= ends[1][0]) & (slope * inside + offset <= ends[1][1])]
        if inside.size > 1:
            chart.line(inside[[0, -1]], slope * inside[[0, -1]] + offset, "b").key("b", "least squares")
        sign = "+" if offset >= 0 else "\u2212"
        r = float(np.corrcoef(x, y)[0, 1])
        note = (
            f"y = {slope:.3f} x {sign} {abs(offset):.3f}; R² {r * r:.4f} for the best line; "
            f"r {r:.3f} over all values, {correlation(values, there):.3f} within the bands."
        )
    if values.size > _DOTS:
        note += f" {_DOTS} of {values.size} values are drawn."
    return chart.figure("This mel against its reference", note.strip())


def _numbers(evidence: Evidence, reference: Floats | None) -> str:
    """Plain numbers of both sides."""
    sides = [("this mel", evidence.values[evidence.finite])] + ([("reference", reference)] if reference is not None else [])
    names = ("frames", "least value", "median", "largest value", "mean", "deviation")
    columns = []
    for words, v in sides:
        frames = evidence.values.shape[1] if words == "this mel" else v.shape[-1]
        if v.size:
            low, middle, high = (float(q) for q in np.percentile(v, [0, 50, 100]))
            columns.append([number(float(f)) for f in (frames, low, middle, high, float(v.mean()), float(v.std()))])
        else:
            columns.append([number(frames), *["no number"] * 5])
    rows = "".join(
        f"<tr><th>{name}</th>{''.join(f'<td>{html.escape(c)}</td>' for c in cells)}</tr>"
        for name, cells in zip(names, zip(*columns, strict=True), strict=True)
    )
    head = "".join(f"<th>{words}</th>" for words in ("", *(words for words, _ in sides)))
    return f'<table class="nums"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
