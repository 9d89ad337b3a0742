"""Magnitudes of the original's mel with the original's phase: the mel's own loss, no vocoder's."""

from __future__ import annotations

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene
from melpact.features.analysis import extract, to_rate
from melpact.vocoders.griffin_lim.true_phase import with_true_phase


def make(scene: Scene) -> Audio:
    original = to_rate(scene.original, scene.spec.sample_rate)
    made = with_true_phase(original, extract(original, scene.spec))
    return to_rate(Audio.of(made, scene.spec.sample_rate), scene.original.sample_rate)


PLUGIN = Anchor(
    "true_phase", "ceiling", make, "The original's mel with the original's phase: all that a vocoder of this mel can keep."
)
