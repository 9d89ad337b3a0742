"""Time and band were taken for one another without the shape telling."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError
from melpact.diagnose.faults import Fault
from melpact.diagnose.faults._making import with_values


def _plant(mel: Mel, dose: float, rng: np.random.Generator, audio: Audio | None) -> Mel:
    n, values = mel.n_mels, mel.values.astype(np.float64)
    if dose == 1:
        return with_values(mel, np.ascontiguousarray(values.T).reshape(values.shape))
    if mel.n_frames < n:
        fewest = f"{n} frames or more"
        raise ContractError("swapped axes that the shape hides need a square", got=f"{mel.n_frames} frames", wanted=fewest)
    squares = mel.n_frames // n if dose == 0 else 1
    swapped = [values[:, i * n : (i + 1) * n].T for i in range(squares)]
    return with_values(mel, np.concatenate(swapped, axis=1))


PLUGIN = Fault(
    code="axes_swapped",
    note="[frames, n_mels] was read as [n_mels, frames]; the shape could not object.",
    doses=(0, 1, 2),
    unit="kind",
    variants=("transposed in square blocks", "reshaped where it had to be transposed", "one square, transposed"),
    plant=_plant,
    keeps_frames=False,
)
