"""The original's mel through the package's best inversion: what is reached without a trained model."""

from __future__ import annotations

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene
from melpact.features.analysis import extract, to_rate
from melpact.vocoders.griffin_lim.vocoder import invert


def make(scene: Scene) -> Audio:
    made = invert(extract(scene.original, scene.spec), effort="best")
    return to_rate(made, scene.original.sample_rate)


PLUGIN = Anchor(
    "griffin_lim", "ceiling", make, "The original's mel, inverted without a trained model: what a vocoder has to surpass."
)
