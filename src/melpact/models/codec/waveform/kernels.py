"""The coefficients' network frame by frame, in exact arithmetic: what `expected.CoefficientTables` runs on.

The definition is `nn.codecs.coefficients.CoefficientPrior`; a test holds both to each other.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import numpy as np
from numba import njit

from melpact.models.codec.waveform.exact import MOST, ONE, added, shifted

KERNEL, NEAR, DILATION, CLASSES = 7, 9, 2, 4
STEPS_PER_OCTAVE, WIDEST_CHANGE = 4, 16
SATURATED = 255
"""Amplitudes beyond it are expected as if they were this."""
LOGITS, LOGIT_STEP = 128, 160
"""Tables of a flag, and what lies between two of them, as an activation: together ± 10."""


@njit(cache=True, nogil=True)
def seen(levels, coded, steps, frames, mean, out):
    """What a frame sees of the past: levels into `out` [3, top], gives the change of step as an activation.

    Args:
        levels: table [SATURATED + 1, changes]. coded: the two frames before [2, top], the latest first.
        steps: of both and of the frame itself, [3]. frames: that there were. mean: running, [top]; moved on.
    """
    for back in range(2):
        change = min(max(steps[back] - steps[2], -WIDEST_CHANGE), WIDEST_CHANGE) + WIDEST_CHANGE
        for place in range(coded.shape[1]):
            out[back, place] = levels[min(abs(coded[back, place]), SATURATED), change]
    for place in range(coded.shape[1]):
        mean[place] = np.floor((3 * mean[place] + out[0, place] + 2) / 4)
        out[2, place] = mean[place]
    if frames == 0:
        return 0.0
    return min(max(steps[0] - steps[2], -WIDEST_CHANGE), WIDEST_CHANGE) * (ONE // STEPS_PER_OCTAVE) * 1.0


@njit(cache=True, nogil=True)
def first_layer(levels, there, change, first, bins, windows):
    """The first layer of a frame's features, laid out for the second: [top, KERNEL * width], each bin's neighbours in a row.

    Args:
        levels: [3, top]. there, change: the numbers. first: layer (weight [KERNEL * 6, width], bias).
        bins: of the whole frame.
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


@njit(cache=True, nogil=True)
def features(total, overall, place):
    """Sums of the second layer [top, width] → features, in place."""
    for bin_ in range(total.shape[0]):
        shifted(total[bin_], -1.0 * MOST)
        for channel in range(total.shape[1]):
            total[bin_, channel] = min(max(total[bin_, channel] + overall[channel] + place[bin_, channel], 0.0), MOST)


@njit(cache=True, nogil=True)
def flags(offset, seen_of, now, known, near, inside, out, nonzero, more):
    """The tables of a pass, into `nonzero` and `more` [top / 4].

    Args:
        seen_of: features [top, width]. now: levels of the frame's coefficients as far as they are known, [top].
        known: of which classes of bins they are, [4].
    """
    top, width = seen_of.shape
    count, size = top // CLASSES, near[1].shape[0]
    joined = np.empty((count, size + width))
    for index in range(count):
        bin_ = CLASSES * index + offset
        close = joined[index, :size]
        close[:] = near[1]
        for tap in range(NEAR):
            other = bin_ + tap - NEAR // 2
            if 0 <= other < top and known[other % CLASSES]:
                added(now[other], near[0][2 * tap], close)
                added(ONE, near[0][2 * tap + 1], close)
        shifted(close, 0.0)
        joined[index, size:] = seen_of[bin_]
    deep = np.dot(joined, inside[0])
    for index in range(count):
        deep[index] += inside[1]
        shifted(deep[index], 0.0)
    said = np.dot(deep, out[0])
    for index in range(count):
        said[index] += out[1]
        shifted(said[index], -1.0 * MOST)
        nonzero[index] = min(max(int(np.floor(said[index, 0] / LOGIT_STEP)) + LOGITS // 2, 0), LOGITS - 1)
        more[index] = min(max(int(np.floor(said[index, 1] / LOGIT_STEP)) + LOGITS // 2, 0), LOGITS - 1)


@njit(cache=True, nogil=True)
def summed(levels, bins, summary, overall):
    """What the summary of a frame's past [3, top] adds to every bin, [width]."""
    weight, bias = summary
    bands = weight.shape[0] // 2
    each = bins // bands
    deep = bias.copy()
    for half in range(2):
        for band in range(bands):
            total = 0.0
            for place in range(band * each, min((band + 1) * each, levels.shape[1])):
                total += levels[2 * half, place]
            added(total, weight[half * bands + band], deep)
    shifted(deep, 0.0)
    made = overall[1].copy()
    for index in range(deep.shape[0]):
        added(deep[index], overall[0][index], made)
    shifted(made, -1.0 * MOST)
    return made


@njit(cache=True, nogil=True)
def before(table, coded, steps, frames, mean, first, second, summary, overall, place):
    """What the past says of every bin of a frame, [top, width]; see `seen`, `first_layer` and `features`."""
    bins, width = place.shape
    top = coded.shape[1]
    levels = np.empty((3, top))
    change = seen(table, coded, steps, frames, mean, levels)
    windows = np.zeros((top, KERNEL * width))
    first_layer(levels, ONE * 1.0 if frames > 0 else 0.0, change, first, bins, windows)
    made = np.dot(windows, second[0])
    for bin_ in range(top):
        made[bin_] += second[1]
    features(made, summed(levels, bins, summary, overall), place)
    return made


@njit(cache=True, nogil=True)
def packet(table, coded, steps, order, first, second, summary, overall, place, near, inside, out, nonzero, more):
    """The tables of all coefficients of a packet [T, top], which are known, into `nonzero` and `more` [T, top].

    Args:
        order: of the passes. near, inside, out: layers of the passes, each the weights [4, …] and the biases [4, …].
    """
    frames, top = coded.shape
    past, past_steps, mean = np.zeros((2, top), np.int64), np.zeros(3, np.int64), np.zeros(top)
    known = np.zeros(CLASSES, np.bool_)
    now, one, two = np.empty(top), np.empty(top // CLASSES, np.int64), np.empty(top // CLASSES, np.int64)
    for frame in range(frames):
        past_steps[2] = steps[frame]
        seen_of = before(table, past, past_steps, frame, mean, first, second, summary, overall, place)
        for bin_ in range(top):
            now[bin_] = table[min(abs(coded[frame, bin_]), SATURATED), WIDEST_CHANGE]
        known[:] = False
        for index in range(CLASSES):
            flags(
                order[index],
                seen_of,
                now,
                known,
                (near[0][index], near[1][index]),
                (inside[0][index], inside[1][index]),
                (out[0][index], out[1][index]),
                one,
                two,
            )
            known[order[index]] = True
            for place_ in range(top // CLASSES):
                nonzero[frame, CLASSES * place_ + order[index]] = one[place_]
                more[frame, CLASSES * place_ + order[index]] = two[place_]
        past[1] = past[0]
        past[0] = coded[frame]
        past_steps[1] = past_steps[0]
        past_steps[0] = steps[frame]
