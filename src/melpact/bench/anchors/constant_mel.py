"""The sound of a mel that never changes: every band at its mean over time."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene
from melpact.contract.mel import Mel
from melpact.features.analysis import extract, to_rate
from melpact.vocoders.griffin_lim.vocoder import invert


def make(scene: Scene) -> Audio:
    mel = extract(scene.original, scene.spec).raw()
    flat = np.broadcast_to(mel.values.mean(axis=1, keepdims=True), mel.values.shape).astype(np.float32)
    return to_rate(invert(Mel(flat, mel.spec, provenance=mel.provenance), effort="fast"), scene.original.sample_rate)


PLUGIN = Anchor(
    "constant_mel", "null", make, "Each mel band's mean, held for the whole length: what a model that predicts means gives."
)
