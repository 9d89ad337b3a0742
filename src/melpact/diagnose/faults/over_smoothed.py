"""The mean of everything that could have been said: detail is gone in time and band."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import nats, of_nats

_BANDS_PER_MS = 0.03


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    from scipy.ndimage import gaussian_filter

    frames = dose * 1e-3 * mel.spec.frame_rate_hz
    return of_nats(gaussian_filter(nats(mel), (_BANDS_PER_MS * dose * mel.n_mels / 80, frames), mode="nearest"), mel.spec)


PLUGIN = Fault(
    code="over_smoothed",
    note="A regression to the mean: blurred over time and band, with less variance than speech has.",
    doses=(20.0, 50.0, 150.0),
    unit="ms of blur (standard deviation)",
    plant=_plant,
)
