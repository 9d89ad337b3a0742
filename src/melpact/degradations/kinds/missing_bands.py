"""Some bands are silent: a narrower recording, or holes that a codec or a mask left."""

from __future__ import annotations

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32
from melpact.degradations.level import floor_level

_TOP_CHANCE, _WIDTH = 0.4, 3.0


class MissingBands(Degradation):
    """A share of the bands lies on the floor throughout: the highest ones (in 4 of 10 draws), or drawn holes of neighbours.

    With one state of the generator a larger dose misses the bands of a smaller one too.
    """

    title = "silent bands"
    meaning, unit = "share of the bands", "of the bands"
    neutral, range, doses = 0.0, (0.0, 1.0), (0.1, 0.25, 0.5)
    domain = "power"

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        from scipy.ndimage import gaussian_filter1d

        n_mels = len(level)
        top = rng.random() < _TOP_CHANCE
        holes = gaussian_filter1d(rng.standard_normal(n_mels), _WIDTH, mode="nearest")
        order = np.argsort(-np.arange(n_mels) if top else holes, kind="stable")
        changed = level.copy()
        changed[order[: round(dose * n_mels)]] = floor_level(spec)
        return changed


PLUGIN = MissingBands()
