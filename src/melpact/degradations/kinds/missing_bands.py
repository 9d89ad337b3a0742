"""Some bands are silent: a narrower recording, or holes that a codec or a mask left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32
from melpact.degradations.level import floor_level

_WIDTH = 3.0


@dataclass(frozen=True)
class MissingBands(Degradation):
    """A share of the bands lies on the floor throughout: the highest ones (by `top_chance`), or drawn holes of neighbours.

    With one state of the generator a larger dose misses the bands of a smaller one too.
    """

    title = "silent bands"
    meaning, unit = "share of the bands", "of the bands"
    neutral, limits, doses = 0.0, (0.0, 1.0), (0.1, 0.25, 0.5)
    domain = "power"
    top_chance: float = 0.4

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        from scipy.ndimage import gaussian_filter1d

        n_mels = len(level)
        top = rng.random() < self.top_chance
        holes = gaussian_filter1d(rng.standard_normal(n_mels), _WIDTH, mode="nearest")
        order = np.argsort(-np.arange(n_mels) if top else holes, kind="stable")
        changed = level.copy()
        changed[order[: round(dose * n_mels)]] = floor_level(spec)
        return changed


PLUGIN = MissingBands()
