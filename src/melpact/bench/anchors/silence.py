"""Digital silence of the original's length."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene


def make(scene: Scene) -> Audio:
    return Audio(np.zeros_like(scene.original.samples), scene.original.sample_rate)


PLUGIN = Anchor("silence", "null", make, "Nothing at all.")
