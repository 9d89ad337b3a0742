"""Frames that are missing (or repeated) here and there: the lag grows along the mel in jumps."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative

Floats = NDArray[np.float64]


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    reference = evidence.reference
    if reference is None:
        return
    values = evidence.filled
    missing = reference.shape[1] - values.shape[1]
    if missing == 0 or missing > 0.45 * reference.shape[1] or missing < -0.3 * reference.shape[1]:
        return
    places = _path(values, reference, missing)
    jumps = np.diff(places) - 1
    n = int((jumps != 0).sum())
    if n == 0:
        return
    lost = int(jumps[jumps > 0].sum())
    label = f"{lost} frames are missing in {n} places ({reference.shape[1]} frames should be there, {values.shape[1]} are)"
    remedy = (
        "melpact extract AUDIO -o OUT --dialect NAME  "
        "(frames that are gone cannot be put back; look for a data loader that drops)"
    )
    yield Alternative(
        "frames_dropped", label, lambda e: reference[:, places], remedy, "hop_length", free=min(2 * n, 60), shift=False
    )


def _path(values: Floats, reference: Floats, missing: int) -> NDArray[np.int64]:
    """For every frame the frame of the reference it comes from: the cheapest path whose offset only moves towards `missing`.

    Viterbi over offsets; staying is free, a step of one costs a fraction of the mean distance.
    """
    frames = values.shape[1]
    direction = 1 if missing > 0 else -1
    offsets = np.arange(abs(missing) + 1) * direction
    distance = np.full((frames, offsets.size), 1e9)
    every = np.arange(frames)
    for i, offset in enumerate(offsets):
        there = every + offset
        inside = (there >= 0) & (there < reference.shape[1])
        distance[inside, i] = np.abs(values[:, every[inside]] - reference[:, there[inside]]).mean(axis=0)
    step_cost = 0.02 * float(np.median(np.min(distance, axis=1)) + 0.05 * np.abs(values - np.median(values)).mean())
    cost = distance[0].copy()
    back = np.zeros(distance.shape, np.int64)
    grid = np.arange(offsets.size)
    for t in range(1, frames):
        # cheapest predecessor at or before each offset, each unit of movement costing step_cost
        reach = cost - grid * step_cost
        best = np.minimum.accumulate(reach)
        at = np.maximum.accumulate(np.where(reach == best, grid, 0))
        cost = best + grid * step_cost + distance[t]
        back[t] = at
    place = int(np.argmin(cost))
    path = np.empty(frames, np.int64)
    for t in range(frames - 1, -1, -1):
        path[t] = t + offsets[place]
        place = int(back[t, place])
    return np.clip(path, 0, reference.shape[1] - 1)


PLUGIN = explained("frames_dropped", _alternatives)
