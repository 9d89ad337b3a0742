"""The mel is late or early by whole frames."""

from collections.abc import Iterator

import numpy as np

from melpact.diagnose.evidence import Evidence, best_lag
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    reference = evidence.reference
    if reference is None or abs(reference.shape[1] - evidence.values.shape[1]) > 24:
        return
    lag, r, at_zero = best_lag(evidence.filled, reference)
    if lag == 0 or r < at_zero + 0.005:
        return
    ms = 1000 * lag / evidence.spec.frame_rate_hz
    label = f"the mel is {abs(lag)} frames ({abs(ms):.0f} ms) {'late' if lag > 0 else 'early'} (r "
    label += f"{at_zero:.2f} at 0, {r:.2f} there)"
    places = np.clip(np.arange(reference.shape[1]) - lag, 0, reference.shape[1] - 1)
    remedy = "melpact calibrate compare PRED TARGET  (cut the late frames off; look for padding on one side only)"
    yield Alternative("frames_shifted", label, lambda e: reference[:, places], remedy, "padding", shift=False)


PLUGIN = explained("frames_shifted", _alternatives)
