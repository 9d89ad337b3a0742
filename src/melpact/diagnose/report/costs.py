"""What a fault costs in sound: its measured dose-response curve, with the place of this mel on it.

The common measure of all doses is the distance of the wrong mel from the right one in nat of amplitude, which a case with
a reference has as well. The curves are `curves.json`, made by `python -m benchmarks.dose_curves`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.dose_response import distance_nat, pesq_score
from melpact.diagnose.evidence import Evidence
from melpact.page.charts import Chart, number

_PESQ_LEAST, _PESQ_MOST = 1.0, 4.64


@lru_cache(maxsize=1)
def measured() -> Mapping[str, Any]:
    """The shipped curves."""
    text = files("melpact.diagnose.report").joinpath("curves.json").read_text(encoding="utf-8")
    return MappingProxyType(json.loads(text))


class Place:
    """Where one mel lies on every curve.

    Attributes:
        distance: from its reference in nat of amplitude, all its faults together; NaN without a reference.
        pesq: of its sound against the original; None where there is no original, or nothing to score it with.
    """

    def __init__(self, evidence: Evidence, sound: Audio | None) -> None:
        self.distance = math.nan
        reference = evidence.reference
        if reference is not None and reference.shape[0] == evidence.values.shape[0]:
            facts = evidence.mel.utterance
            if evidence.target is not None and evidence.target.spec == evidence.spec:
                facts = evidence.target.utterance
            self.distance = distance_nat(evidence.mel, Mel(reference.astype(np.float32), evidence.spec, facts))
        self.pesq: float | None = None
        if sound is not None and evidence.audio is not None:
            original = evidence.audio.mono()
            cut = original.samples[0][: round(sound.duration_s * original.sample_rate)]
            scored = pesq_score(Audio.of(cut, original.sample_rate), sound)
            self.pesq = None if isinstance(scored, str) else scored


def curve(code: str, place: Place) -> str:
    """The curve of one fault as a figure; nothing where it was never measured."""
    entry = measured()["faults"].get(code)
    if entry is None or all(point[1] is None for point in entry["points"]):
        return ""
    bottom = measured()["nulls"]["noise"]["pesq"]
    top = measured()["ceiling"]["pesq"]
    points = sorted((float(d), bottom if pesq is None else float(pesq), words) for d, pesq, _, words in entry["points"])
    x, y = [p[0] for p in points], [p[1] for p in points]
    here = place.distance
    reach = max([*x, here if not math.isnan(here) and here < 3 * max(x) else 0.0])
    chart = Chart(
        f"PESQ over the distance of the mel for {code}", (0.0, 1.06 * max(reach, 1e-3)), (_PESQ_LEAST, _PESQ_MOST),
        "distance from the right mel, nat", "PESQ-wb of the sound",
        y_ticks=[(v, f"{v:g}") for v in (1.0, 2.0, 3.0, 4.0)],
    )  # fmt: skip
    chart.level(top, "g").level(bottom, "n")
    chart.key("g", f"no fault {top:.2f}").key("n", f"noise {bottom:.2f}")
    if entry["kinds"]:
        for i, (d, pesq, _) in enumerate(points):
            chart.rings([(d, pesq)], "ra").note(d, pesq, f"{i + 1}")
    else:
        chart.line([0.0, *x], [top, *y], "a").rings(zip(x, y, strict=True), "ra", 3)
    chart.key("ca" if entry["kinds"] else "a", "measured kinds" if entry["kinds"] else "measured, 5 doses")
    said = _said(chart, entry["kinds"], points, place, top)
    return chart.figure(f"What {code} costs", said)


def _said(chart: Chart, kinds: bool, points: Sequence[tuple[float, float, str]], place: Place, top: float) -> str:
    """Marks this mel on the chart and says where it lies."""
    sentences = []
    if kinds:
        sentences.append("; ".join(f"{i + 1}: {words}" for i, (*_, words) in enumerate(points)) + ".")
    else:
        sentences.append(f"Doses from {points[0][2]} to {points[-1][2]}.")
    if math.isnan(place.distance):
        sentences.append("Where this mel lies cannot be said without a target or the sound.")
        return " ".join(sentences)
    chart.upright(place.distance, "m").key("m", "this mel")
    where = f"This mel lies {number(place.distance)} nat from its reference, all its faults together"
    if place.pesq is not None:
        chart.diamond(place.distance, place.pesq, "cm")
        sentences.append(f"{where}; its own sound scores {place.pesq:.2f}.")
    elif not kinds and place.distance <= points[-1][0]:
        x, y = [0.0, *(p[0] for p in points)], [top, *(p[1] for p in points)]
        expected = float(np.interp(place.distance, x, y))
        chart.diamond(place.distance, expected, "cm")
        sentences.append(f"{where}; on this curve that is a PESQ of {expected:.2f}.")
    else:
        beyond = not kinds and place.distance > points[-1][0]
        sentences.append(f"{where}{', beyond the largest dose' if beyond else ''}.")
    return " ".join(sentences)


def source() -> str:
    """Where the curves come from, in one sentence."""
    found = measured()
    return (
        f"Curves: {found['vocoder']} on {found['dialect']}, mean of {found['n_clips']} clips of speech; "
        "another vocoder or dialect can differ (melpact sensitivity measures it)."
    )
