"""The mean of everything that could have been said: variance and the fast movements of speech are gone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.blind_order import texture
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative

Floats = NDArray[np.float64]
_REMEDY = (
    "train on: add a loss on variance or an adversarial one; no calibration brings detail back; then melpact doctor PRED"
)


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    rate = evidence.spec.frame_rate_hz
    for ms in (12.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 220.0):
        frames = ms * 1e-3 * rate
        for bands in (0.0, 0.03 * ms):
            label = f"detail is lost: the mel is blurred over about {ms:.0f} ms" + (
                f" and {bands:.1f} bands" if bands else ""
            )
            yield Alternative(
                "over_smoothed", label, _blurred(bands * evidence.values.shape[0] / 80, frames),
                _REMEDY, free=2,
            )  # fmt: skip


def _blurred(bands: float, frames: float):  # type: ignore[no-untyped-def]
    def predict(evidence: Evidence) -> Floats | None:
        from scipy.ndimage import gaussian_filter

        nats = evidence.reference_nats
        if nats is None:
            return None
        return evidence.in_values(gaussian_filter(nats, (bands, frames), mode="nearest"))

    return predict


PLUGIN = explained("over_smoothed", _alternatives, blind=texture("over_smoothed"))
