"""A few spectral shapes have to do for all frames, as behind a narrow bottleneck."""

from __future__ import annotations

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32


class LowRank(Degradation):
    """The mel's mean spectrum and its strongest principal components over time; a fraction keeps that share of the next."""

    title = "few principal components"
    meaning, unit = "components kept", "components"
    neutral, limits, doses = float("inf"), (0.0, 1024.0), (24.0, 10.0, 4.0)
    domain = "log"

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        if dose >= min(level.shape):
            return level
        mean = level.mean(axis=1, keepdims=True)
        rest = level - mean
        _, shapes = np.linalg.eigh((rest @ rest.T).astype(np.float64))
        strongest = shapes[:, ::-1][:, : int(np.ceil(dose))].astype(np.float32)
        share = np.clip(dose - np.arange(strongest.shape[1]), 0, 1).astype(np.float32)
        return np.asarray(mean + (strongest * share) @ (strongest.T @ rest), np.float32)


PLUGIN = LowRank()
