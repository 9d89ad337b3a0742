"""The mels as pictures: this one, what it should be, and their difference on one scale, with axes in seconds and Hz."""

from __future__ import annotations

import numpy as np

from melpact.contract.diff.grid_rules import centres_hz
from melpact.diagnose.evidence import Evidence, Floats, shared
from melpact.page.charts import number
from melpact.page.images import CHANGE, LEVEL, Anchors
from melpact.page.pictures import legend, picture

_FAINT = 8.0
"""A difference that fills less than this part of the scale is shown magnified as well."""


def pictures(evidence: Evidence) -> str:
    """Up to four pictures. The first three have one scale: the same step of colour is the same number of units."""
    panels = [("This mel", evidence.filled)]
    reference, difference = evidence.reference, None
    if reference is not None and reference.shape[0] == evidence.values.shape[0]:
        panels.append(("What it should be", reference))
        values, there = shared(evidence.filled, reference)
        difference = values - there
    every = np.concatenate([p.ravel() for _, p in panels])
    low, high = (float(v) for v in np.percentile(every, [0.5, 99.9]))
    high = max(high, low + 1e-6)
    unit = evidence.spec.unit if evidence.spec.scaling.kind == "none" else f"scaled ({evidence.spec.scaling.kind})"
    drawn = [_picture(caption, panel, low, high, LEVEL, evidence) for caption, panel in panels]
    keys = legend(low, high, LEVEL, unit)
    if difference is not None and difference.size:
        half = (high - low) / 2
        error = float(np.abs(difference).mean())
        drawn.append(_picture(f"Difference, same scale (mean |Δ| {number(error)} {unit})", difference, -half, half, CHANGE,
                              evidence))  # fmt: skip
        keys += legend(-half, half, CHANGE, f"difference, {unit}")
        reach = max(float(np.percentile(np.abs(difference), 99)), 1e-9)
        if reach < half / (_FAINT / 4) and error > 1e-6 * half:
            times = half / reach
            caption = f"Difference, {times:.2g} times magnified (±{number(reach)} {unit})"
            drawn.append(_picture(caption, difference, -reach, reach, CHANGE, evidence))
    holes = int((~evidence.finite).sum())
    said = f"<p>{holes} values that are no numbers are drawn as the median of their band.</p>" if holes else ""
    return f'<div class="pair">{"".join(drawn)}</div><div class="bars">{keys}</div>{said}'


def _picture(caption: str, values: Floats, low: float, high: float, anchors: Anchors, evidence: Evidence) -> str:
    seconds = values.shape[1] * evidence.spec.hop_length / evidence.spec.sample_rate
    return picture(caption, values, low, high, anchors, seconds=seconds, centres_hz=centres_hz(evidence.spec))
