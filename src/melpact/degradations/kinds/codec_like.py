"""What is left of a mel that was kept by a transform codec: blocks, rounded coefficients, holes where little was."""

from __future__ import annotations

import math

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32

_BLOCK, _RISE, _DEAD_ZONE = 8, 0.35, 0.67
_NAT_PER_DB = math.log(10) / 10


class CodecLike(Degradation):
    """Levels in blocks of 8 bands × 8 frames, each through a cosine transform with rounded coefficients.

    The transform is orthonormal, so that an error of a coefficient is one of the levels as large. The step grows with the
    coefficient's number over bands and frames, (1 + 0.35 (i + j)) times the dose, and what is smaller than 0.67 of its step
    is dropped; where the first block begins is drawn. No bit stream is made.
    """

    title = "transform coded in blocks"
    meaning, unit = "step of the first coefficient", "dB"
    neutral, limits, doses = 0.0, (0.0, 200.0), (3.0, 10.0, 30.0)
    domain = "log"

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        from scipy.fft import dctn, idctn

        n_mels, frames = level.shape
        first = rng.integers(0, _BLOCK, 2)
        rest = (-(n_mels + first[0]) % _BLOCK, -(frames + first[1]) % _BLOCK)
        whole = np.pad(level, ((first[0], rest[0]), (first[1], rest[1])), "edge")
        blocks = whole.reshape(whole.shape[0] // _BLOCK, _BLOCK, whole.shape[1] // _BLOCK, _BLOCK)
        number = np.arange(_BLOCK, dtype=np.float32)
        rise = 1 + _RISE * (number[:, None, None] + number)
        step = np.float32(dose * _NAT_PER_DB * spec.power / 2) * rise
        waves = dctn(blocks, axes=(1, 3), norm="ortho") / step
        kept = np.where(np.abs(waves) < _DEAD_ZONE, 0, np.round(waves)) * step
        back = idctn(kept, axes=(1, 3), norm="ortho").reshape(whole.shape)
        return np.asarray(back[first[0] : first[0] + n_mels, first[1] : first[1] + frames], np.float32)


PLUGIN = CodecLike()
