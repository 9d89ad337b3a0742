"""The log mel was squeezed into a fixed window, as Tacotron's programs do, and is read as a log mel."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import floor_nats, has_plain_values, nats, with_values

_RANGES = ((0.0, 1.0), (-1.0, 1.0), (-4.0, 4.0))

_USUAL_TOP = 2.0


def _top(highest: float) -> float:
    """2 nats, as for samples in [-1, 1]; where a mel goes well beyond that, an even number above its highest."""
    return _USUAL_TOP if highest < 2 * _USUAL_TOP else 2.0 * np.ceil(highest / 2)


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    log_mel = nats(mel)
    low, top = floor_nats(mel.spec), _top(float(log_mel.max()))
    out_low, out_high = _RANGES[int(dose)]
    share = np.clip((log_mel - low) / (top - low), 0.0, 1.0)
    return with_values(mel, out_low + (out_high - out_low) * share)


PLUGIN = Fault(
    code="window_not_undone",
    note="The range from the floor to a fixed top was mapped to a fixed interval, and nobody undid it.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("[0, 1]", "[-1, 1]", "[-4, 4]"),
    plant=_plant,
    refuses=has_plain_values,
)
