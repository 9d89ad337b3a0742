"""Another utterance's original: real sound of the same kind that says something else."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene
from melpact.bench.score import NotMeasured
from melpact.features.analysis import to_rate


def make(scene: Scene) -> Audio:
    if scene.other is None:
        raise NotMeasured("there is only one utterance: nothing to shuffle with")
    rate, length = scene.original.sample_rate, scene.original.n_samples
    other = to_rate(scene.other, rate).samples[0][:length]
    if np.array_equal(other, scene.original.samples[0][: other.size]):
        raise NotMeasured("the other utterance is the same sound")
    return Audio(np.pad(other, (0, length - other.size))[None], rate)


PLUGIN = Anchor(
    "shuffled", "null", make, "The next utterance's original, cut or padded: the right kind of sound with the wrong content."
)
