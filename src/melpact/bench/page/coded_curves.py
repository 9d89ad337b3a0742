"""Curves of quality over real bits: one chart per metric, one line per codec, nulls and ceilings as levels."""

from __future__ import annotations

import math

import numpy as np

from melpact.bench.codec.table import CodecTable, Group
from melpact.bench.codec.tables import follows, shown, title
from melpact.page.charts import Chart

_COLOURS = ("var(--a)", "var(--b)", "var(--s3)", "var(--ink)", "var(--s4)", "var(--s6)", "var(--s7)", "var(--soft)")
STYLE = (
    ":root{--s3:#aa3377;--s4:#8a6d00;--s6:#4477aa;--s7:#66772a}"
    "@media screen and (prefers-color-scheme:dark){:root{--s3:#e58fbf;--s4:#e0c34a;--s6:#88b4e0;--s7:#b8c96a}}"
    + "".join(
        f".v{i}{{fill:none;stroke:{colour};stroke-width:1.8;stroke-linejoin:round}}"
        f".e{i}{{stroke:{colour};fill:none;stroke-width:1;opacity:.6}}"
        f".p{i}{{fill:{colour}}}"
        for i, colour in enumerate(_COLOURS)
    )
)


def curves(found: CodecTable, group: Group) -> str:
    """Every metric of a group as a figure."""
    drawn = [_figure(found, group, name) for name in shown(found, group)]
    return f'<div class="charts">{"".join(drawn)}</div>' if drawn else ""


def _figure(found: CodecTable, group: Group, metric: str) -> str:
    points = [
        (point, point.scores[metric])
        for point in group.points
        if point.payload_kbps and metric in point.scores and point.scores[metric].value is not None
    ]
    # of the points' own nulls and ceilings: what is no null for a metric is none here
    better = max if found.metrics[metric].better == "higher" else min
    best_null = better([s.null for _, s in points if s.null is not None], default=None)
    best = better([s.ceiling for _, s in points if s.ceiling is not None], default=None)
    xs = [math.log2(point.payload_kbps or 1.0) for point, _ in points]
    ys = [end for _, score in points for end in (score.value, score.low, score.high) if end is not None]
    span = max(ys) - min(ys) or 1.0
    # a level far outside would flatten the curves: it is named below instead
    near = [level for level in (best_null, best) if level is not None and min(ys) - span < level < max(ys) + span]
    low, high = min([*ys, *near]), max([*ys, *near])
    room = 0.05 * ((high - low) or 1.0)
    ticks = [(float(k), f"{2.0**k:g}") for k in range(math.floor(min(xs)), math.ceil(max(xs)) + 1)]
    name = title(found, metric)
    chart = Chart(
        f"{name} over kbit/s", (ticks[0][0], ticks[-1][0]), (low - room, high + room), "kbit/s, packets alone", name,
        x_ticks=ticks,
    )  # fmt: skip
    for level, kind in ((best_null, "n"), (best, "g")):
        if level in near and level is not None:
            chart.level(level, kind)
    doubt = False
    for i, system in enumerate(found.systems):
        own = sorted(
            ((math.log2(p.payload_kbps or 1.0), s) for p, s in points if p.system == system), key=lambda one: one[0]
        )
        if not own:
            continue
        colour = i % len(_COLOURS)
        x, y = [one[0] for one in own], [float(one[1].value or 0.0) for one in own]
        if len(own) > 1:
            chart.line(x, y, f"v{colour}")
        for at, score in own:
            if score.low is not None and score.high is not None:
                chart.line([at, at], [score.low, score.high], f"e{colour}")
        chart.dots(np.array(x), np.array(y), f"p{colour}", 5.0)
        chart.key(f"v{colour}", system)
        doubt = doubt or not all(follows(score) for _, score in own)
    said = [f"null {best_null:.3g}" if best_null is not None else "no null has a value"]
    said.append(f"ceiling {best:.4g}" if best is not None else "no ceiling has a value")
    if doubt:
        said.append("some waveforms do not follow the original: there it says nothing of how it sounds")
    return chart.figure(name, "; ".join(said))
