"""The triangles of the filterbank have another height: unit area (Slaney), unit peak, or unit sum."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.contract.diff.limits import norm_factor
from melpact.contract.filterbank import filterbank
from melpact.diagnose.evidence import Evidence, scaled
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative
from melpact.diagnose.units import remedy_to
from melpact.features.oracle import compress

Floats = NDArray[np.float64]


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    spec = evidence.spec
    if spec.log_gain is None and evidence.reference is None:
        return
    area, peak = spec.replace_quietly(mel_norm="slaney"), spec.replace_quietly(mel_norm="none")
    to_area = norm_factor(peak, area)
    here = to_area if spec.mel_norm == "slaney" else np.ones(spec.n_mels)
    sums = filterbank(peak).sum(axis=1)
    safe = np.where(sums > 0, sums, 1.0)
    area_sums = np.where(sums > 0, filterbank(area).sum(axis=1) / safe, 1.0)
    for words, gains in (
        ("unit area (Slaney)", to_area),
        ("unit peak (none)", np.ones(spec.n_mels)),
        ("unit sum", 1.0 / safe),
        ("unit area twice", to_area * area_sums),
    ):
        factor = gains / here
        if np.allclose(factor, 1.0):
            continue
        label = f"the triangles have {words} where norm {spec.mel_norm} is believed"
        yield Alternative("mel_norm", label, _with_gain(factor), remedy_to(spec), "mel_norm")


def _with_gain(factor: Floats):  # type: ignore[no-untyped-def]
    def predict(evidence: Evidence) -> Floats | None:
        spec = evidence.spec
        if evidence.exact_sound:
            linear = evidence.linear(spec)
            return None if linear is None else scaled(compress(linear * factor[:, None], spec), spec)
        nats = evidence.reference_nats
        if nats is None:
            return None
        linear = np.exp(nats) - (spec.floor if spec.floor_kind == "add" else 0.0)
        return scaled(compress(np.maximum(linear, 0.0) * factor[:, None], spec), spec)

    return predict


PLUGIN = explained("mel_norm", _alternatives)
