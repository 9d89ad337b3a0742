"""The null beside doing nothing: a line per band, fitted to the very degradation and dose, on other clips.

It knows more than a refiner does (what was done, and by how much), so that beating it takes more than a calibration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.normalise.calibration import strategy

KIND = "band_affine"
FOLDS, MOST_FRAMES = 5, 20_000
Line = Mapping[str, NDArray[np.float64]]


def straightened(mel: Mel, line: Line) -> Mel:
    """The mel after a line per band, not below its floor."""
    made = strategy(KIND).apply(line, mel.raw().values.astype(np.float64))
    if mel.spec.floor_kind != "none":
        made = np.maximum(made, mel.spec.floor_value)
    return Mel(mel.spec.scaling.apply(made.astype(np.float32), mel.utterance), mel.spec, mel.utterance, mel.provenance)


def lines(clean: Sequence[Mel], given: Sequence[Mel]) -> list[Line]:
    """For every clip the line of least squares from what is given to what is clean, over the clips of the other folds.

    Args:
        clean, given: of the same clips; for a clip every FOLDS-th from its own on is left out. One clip alone is its own
            teacher, which flatters the null. Frames that only one of the two has are left out.
    """
    stride = max(1, sum(mel.n_frames for mel in clean) // MOST_FRAMES)
    both = []
    for wanted, spoilt in zip(clean, given, strict=True):
        frames = min(wanted.n_frames, spoilt.n_frames)
        both.append([mel.raw().values[:, :frames:stride].astype(np.float64) for mel in (spoilt, wanted)])
    folds = min(FOLDS, len(both))
    found: dict[int, Line] = {}
    for fold in range(folds):
        others = [index for index in range(len(both)) if index % folds != fold] or [0]
        x, t = (np.concatenate([both[index][side] for index in others], axis=1) for side in (0, 1))
        line = strategy(KIND).fit(x, t)
        found |= dict.fromkeys(range(fold, len(both), folds), line)
    return [found[index] for index in range(len(both))]
