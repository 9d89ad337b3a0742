"""The coefficients' network frame by frame, in exact arithmetic: what `expected.CoefficientTables` runs on.

The definition is `nn.codecs.coefficients.CoefficientPrior`; a test holds both to each other.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from melpact.models.codec.waveform.exact import MOST, ONE, added, shifted

KERNEL, NEAR, DILATION, CLASSES = 7, 9, 2, 4
STEPS_PER_OCTAVE, MOST_CHANGE = 4, 16
LARGEST = 255
"""Amplitudes beyond it are expected as if they were this."""
LOGITS, LOGIT_STEP = 128, 160
"""Tables of a flag, and what lies between two of them, as an activation: together ± 10."""


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def seen(levels, coded, steps, frames, mean, out):
    """What a frame sees of the past: levels into `out` [3, top], gives the change of step as an activation.

    Args:
        levels: table [LARGEST + 1, changes]. coded: the two frames before [2, top], the latest first. steps: of both and of
            the frame itself, [3]. frames: that there were. mean: running, [top]; moved on.
    """
    for back in range(2):
        change = min(max(steps[back] - steps[2], -MOST_CHANGE), MOST_CHANGE) + MOST_CHANGE
        for place in range(coded.shape[1]):
            out[back, place] = levels[min(abs(coded[back, place]), LARGEST), change]
    for place in range(coded.shape[1]):
        mean[place] = np.floor((3 * mean[place] + out[0, place] + 2) / 4)
        out[2, place] = mean[place]
    if frames == 0:
        return 0.0
    return min(max(steps[0] - steps[2], -MOST_CHANGE), MOST_CHANGE) * (ONE // STEPS_PER_OCTAVE) * 1.0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def first_layer(levels, there, change, first, bins, windows):
    """The first layer of a frame's features, laid out for the second: [top, KERNEL * width], each bin's neighbours in a row.

    Args:
        levels: [3, top]. there, change: the numbers. first: layer (weight [KERNEL * 6, width], bias). bins: of the whole frame.
    """
    top = levels.shape[1]
    weight, bias = first
    width = bias.shape[0]
    total = np.empty(width)
    for bin_ in range(min(bins, top + DILATION * (KERNEL // 2))):
        total[:] = bias
        for tap in range(KERNEL):
            other = bin_ + tap - KERNEL // 2
            if 0 <= other < bins:
                if other < top:
                    for channel in range(3):
                        added(levels[channel, other], weight[6 * tap + channel], total)
                added(there, weight[6 * tap + 3], total)
                added(change, weight[6 * tap + 4], total)
                added(np.floor(other * ONE / bins), weight[6 * tap + 5], total)
        shifted(total, 0.0)
        for tap in range(KERNEL):
            other = bin_ - DILATION * (tap - KERNEL // 2)
            if 0 <= other < top:
                windows[other, tap * width : (tap + 1) * width] = total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def features(total, overall, place):
    """Sums of the second layer [top, width] → features, in place."""
    for bin_ in range(total.shape[0]):
        shifted(total[bin_], -1.0 * MOST)
        for channel in range(total.shape[1]):
            total[bin_, channel] = min(max(total[bin_, channel] + overall[channel] + place[bin_, channel], 0.0), MOST)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def flags(offset, seen_of, now, known, near, inside, out, nonzero, more):
    """The tables of a pass, into `nonzero` and `more` [top / 4].

    Args:
        seen_of: features [top, width]. now: levels of the frame's coefficients as far as they are known, [top]; known: [bins'
            classes] that are.
    """
    top, width = seen_of.shape
    count = near[1].shape[0]
    joined, deep, said = np.empty(count + width), np.empty(inside[1].shape[0]), np.empty(2)
    for index in range(top // CLASSES):
        bin_ = CLASSES * index + offset
        close = joined[:count]
        close[:] = near[1]
        for tap in range(NEAR):
            other = bin_ + tap - NEAR // 2
            if 0 <= other < top and known[other % CLASSES]:
                added(now[other], near[0][2 * tap], close)
                added(ONE, near[0][2 * tap + 1], close)
        shifted(close, 0.0)
        joined[count:] = seen_of[bin_]
        deep[:] = inside[1]
        for channel in range(count + width):
            added(joined[channel], inside[0][channel], deep)
        shifted(deep, 0.0)
        said[:] = out[1]
        for channel in range(deep.shape[0]):
            added(deep[channel], out[0][channel], said)
        shifted(said, -1.0 * MOST)
        nonzero[index] = min(max(int(np.floor(said[0] / LOGIT_STEP)) + LOGITS // 2, 0), LOGITS - 1)
        more[index] = min(max(int(np.floor(said[1] / LOGIT_STEP)) + LOGITS // 2, 0), LOGITS - 1)
