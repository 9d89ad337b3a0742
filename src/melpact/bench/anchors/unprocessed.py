"""What the systems were given, untouched."""

from __future__ import annotations

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene
from melpact.bench.score import NotMeasured


def make(scene: Scene) -> Audio:
    if scene.input is None:
        raise NotMeasured("the systems' input is not known; give it with --input")
    return scene.input


PLUGIN = Anchor("unprocessed", "null", make, "The systems' input as it was: what doing nothing is worth.")
