"""The original itself."""

from __future__ import annotations

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene


def make(scene: Scene) -> Audio:
    return scene.original


PLUGIN = Anchor("identity", "ceiling", make, "The original itself: nothing is lost.")
