"""A steady tone in the lowest bands: direct current, or the mains and its harmonics."""

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import band_edges_hz
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import finding
from melpact.diagnose.finding import Finding
from melpact.diagnose.hypotheses import Alternative
from melpact.diagnose.probes import Probe
from melpact.diagnose.severity import certainty, severity

Floats = NDArray[np.float64]
_UP_TO_HZ = 320.0
_REMEDY = (
    "melpact extract AUDIO -o OUT --dialect NAME  "
    "(after a high-pass at 60 to 80 Hz; or take out the constant part of the samples)"
)


def _low(evidence: Evidence) -> NDArray[np.intp]:
    spec = evidence.spec
    edges = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale) * spec.sample_rate / spec.bank_sample_rate
    return np.flatnonzero(edges[:-2] < _UP_TO_HZ)


def _alternatives(evidence: Evidence):  # type: ignore[no-untyped-def]
    low = _low(evidence)
    nats = evidence.reference_nats
    if nats is None or not evidence.has_level or low.size == 0:
        return
    here = evidence.log_linear(evidence.raw)
    frames = min(here.shape[1], nats.shape[1])
    quiet, usual = np.quantile(here[low], 0.2, axis=1), np.quantile(nats[low][:, :frames], 0.2, axis=1)
    raised = quiet - usual > 0.15
    if raised.sum() < 2 or float((quiet - usual).max()) < 0.5:
        return
    low = low[raised]
    # what has to be added to the quiet frames of the right mel to give those of this one
    steady = quiet[raised] + np.log1p(-np.exp(usual[raised] - quiet[raised]))

    def predict(e: Evidence) -> Floats:
        there = nats.copy()
        there[low] = np.logaddexp(there[low], steady[:, None])
        return e.in_values(there)

    yield Alternative(
        "dc_or_hum", f"a steady tone lies in the {low.size} bands below {_UP_TO_HZ:.0f} Hz", predict, _REMEDY, free=low.size
    )


def _look(evidence: Evidence) -> Finding | None:
    if evidence.solution is not None:
        return _beside(evidence)
    if evidence.reference is not None or not evidence.has_level or evidence.values.shape[1] < 40:
        return None
    low = _low(evidence)
    if low.size < 2 or low.size > 0.4 * evidence.values.shape[0]:
        return None
    level = evidence.level
    rest = level[low[-1] + 1 :]
    quiet = level[:, level.mean(axis=0) <= np.quantile(level.mean(axis=0), 0.25)]
    above = float(np.median(quiet[low]) - np.median(quiet[low[-1] + 1 : 2 * low[-1] + 12]))
    still = float(np.median(quiet[low].std(axis=1)))
    moving = float(np.median(rest.std(axis=1)))
    if above < 3.0 or still > 0.35 or moving < 0.8:
        return None
    return Finding(
        code="dc_or_hum", severity=severity("dc_or_hum"), certainty=certainty(above, 0.0, 3.0), measured=above, null=1.0,
        unit="nat",
        sentence=f"in the quiet frames the bands below {_UP_TO_HZ:.0f} Hz lie {above:.1f} nat above the next "
        f"ones and hardly move "
        f"({still:.2f} nat): a steady tone, direct current or mains hum (speech: below 1)",
        remedy=_REMEDY,
    )  # fmt: skip


def _beside(evidence: Evidence) -> Finding | None:
    return finding(evidence, "dc_or_hum")


PLUGIN = Probe(("dc_or_hum",), "values", _look, _alternatives)
