"""The null beside doing nothing: a line per band, fitted to the very degradation and dose, on other clips.

It knows more than a refiner does (what was done, and by how much), so that beating it takes more than a calibration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.normalise.calibration import strategy

KIND = "band_affine"
FOLDS, MOST_FRAMES = 5, 20_000
Line = Mapping[str, NDArray[np.float64]]
C = TypeVar("C")


def straightened(mel: Mel, line: Line) -> Mel:
    """The mel after a line per band, not below its floor."""
    made = strategy(KIND).apply(line, mel.raw().values.astype(np.float64))
    if mel.spec.floor_kind != "none":
        made = np.maximum(made, mel.spec.floor_value)
    return Mel(mel.spec.scaling.apply(made.astype(np.float32), mel.utterance), mel.spec, mel.utterance, mel.provenance)


def lines(clean: Sequence[Mel], conditions: Sequence[C], spoil: Callable[[int, C], Mel]) -> list[dict[C, Line]]:
    """For every clip and condition the line of least squares over the clips of the other folds.

    Args:
        clean: the mels before anything was done to them; for a clip every FOLDS-th from its own on is left out. One clip
            alone is its own teacher, which flatters the null.
        spoil: index of a clip and condition → its mel.
    """
    found: list[dict[C, Line]] = [{} for _ in clean]
    stride = max(1, sum(mel.n_frames for mel in clean) // MOST_FRAMES)
    wanted = [mel.raw().values[:, ::stride].astype(np.float64) for mel in clean]
    folds = min(FOLDS, len(clean))
    for condition in conditions:
        given = [spoil(index, condition).raw().values[:, ::stride].astype(np.float64) for index in range(len(clean))]
        for fold in range(folds):
            others = [index for index in range(len(clean)) if index % folds != fold] or [0]
            x, t = (np.concatenate([side[index] for index in others], axis=1) for side in (given, wanted))
            line = strategy(KIND).fit(x, t)
            for index in range(fold, len(clean), folds):
                found[index][condition] = line
    return found
