"""Moments moved apart for voiced and unvoiced frames: where each kind arrives, and when they are moved together."""

from __future__ import annotations

import numpy as np

from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.models.convert.learning import learn
from melpact.models.convert.lines import LEAST, Kinds, Lines, moments, smooth, voicedness
from melpact.models.convert.voice import Blend, Voice

SPEC = dialect("hifigan_22k").spec


def two_kinds(voiced: tuple[float, float], unvoiced: tuple[float, float], seed: int, frames: int = 400) -> np.ndarray:
    """The first half of one mean and spread, the second of the other: exactly."""
    drawn = np.random.default_rng(seed).normal(size=(80, frames))
    halves = [drawn[:, : frames // 2], drawn[:, frames // 2 :]]
    halves = [(half - half.mean(1, keepdims=True)) / half.std(1, keepdims=True) for half in halves]
    kinds = (voiced, unvoiced)
    return np.concatenate([m + s * half for half, (m, s) in zip(halves, kinds, strict=True)], 1).astype(np.float32)


def target(voiced: tuple[float, float], unvoiced: tuple[float, float], seed: int) -> Voice:
    """A voice of one utterance, its first half at 200 Hz."""
    return learn([Mel(two_kinds(voiced, unvoiced, seed), SPEC)], [np.repeat([200, 0], 200).astype(np.float32)])


def test_each_kind_meets_its_own_moments() -> None:
    voice = target((-3.0, 1.0), (-6.0, 0.5), 1)
    values, share = two_kinds((-4.0, 0.5), (-5.0, 1.0), 2), np.repeat([1, 0], 200).astype(np.float32)
    made = Lines.between(values, np.ones(400, np.bool_), share, voice)(values, share)
    # frames within REACH of the border are of both kinds; there are three in two hundred of them
    np.testing.assert_allclose(made[:, :200].mean(1), -3.0, atol=0.03)
    np.testing.assert_allclose(made[:, :200].std(1), 1.0, atol=0.1)
    np.testing.assert_allclose(made[:, 200:].mean(1), -6.0, atol=0.03)
    np.testing.assert_allclose(made[:, 200:].std(1), 0.5, atol=0.1)
    np.testing.assert_allclose(made[:, :200], -3 + 2 * (values[:, :200] + 4), atol=0.4)
    halfway = Lines.between(values, np.ones(400, np.bool_), share, voice)(values, np.full(400, 0.5, np.float32))
    np.testing.assert_allclose(halfway.mean(), (-3 + 2 * (-4.5 + 4) - 6 + 0.5 * (-4.5 + 5)) / 2, atol=0.03)


def test_where_nobody_knows_or_a_kind_is_missing_all_frames_are_of_one() -> None:
    voice = target((-3.0, 1.0), (-6.0, 0.5), 1)
    values = two_kinds((-4.0, 0.5), (-5.0, 1.0), 2)
    of_all = np.sqrt((1.0**2 + 0.5**2) / 2 + 1.5**2)  # of two halves three apart
    on = np.ones(400, np.bool_)
    for share in (None, np.ones(400, np.float32)):
        lines = Lines.between(values, on, share, voice)
        made = lines(values, None) if share is None else lines.unvoiced(values)
        np.testing.assert_allclose(made.mean(1), -4.5, atol=1e-3)
        np.testing.assert_allclose(made.std(1), of_all, atol=2e-2)
    part = on.copy()
    part[200:] = False
    first = Lines.between(values, part, None, voice)(values, None)
    np.testing.assert_allclose(first[:, :200].mean(1), -4.5, atol=1e-3)


def test_a_kind_of_few_frames_on_either_side_is_moved_as_all_are() -> None:
    assert LEAST == 20
    values, on = two_kinds((-4.0, 0.5), (-5.0, 1.0), 2), np.ones(400, np.bool_)
    voice = target((-3.0, 1.0), (-6.0, 0.5), 1)

    def moved(own: int, wanted: int) -> Lines:
        """So many unvoiced frames in the source and in the target."""
        few = learn([Mel(voice.frames.mels, SPEC)], [np.repeat([200, 0], [400 - wanted, wanted]).astype(np.float32)])
        return Lines.between(values, on, np.repeat([1, 0], [400 - own, own]).astype(np.float32), few)

    for own, wanted in ((10, 200), (200, 10), (200, 0)):
        np.testing.assert_array_equal(moved(own, wanted).unvoiced.offset, moved(0, 200).unvoiced.offset)
    for own, wanted in ((30, 200), (200, 30)):
        assert np.abs(moved(own, wanted).unvoiced.offset - moved(0, 200).unvoiced.offset).min() > 0.1


def test_what_weighs_nothing_in_a_blend_is_not_asked() -> None:
    voice = target((-3.0, 1.0), (-6.0, 0.5), 1)
    hum = learn([Mel(two_kinds((-1.0, 1.0), (-1.0, 1.0), 3), SPEC)], [np.full(400, 200, np.float32)])
    values, share = two_kinds((-4.0, 0.5), (-5.0, 1.0), 2), np.repeat([1, 0], 200).astype(np.float32)
    alone, beside = (
        Lines.between(values, np.ones(400, np.bool_), share, one)(values, share)
        for one in (voice, Blend.of([(voice, 1.0), (hum, 0.0)]))
    )
    np.testing.assert_array_equal(beside, alone)


def test_pauses_count_for_nothing_unless_there_is_nothing_else() -> None:
    values, on = two_kinds((-4.0, 0.5), (-5.0, 1.0), 2), np.repeat([True, False], 200)
    loud = Kinds.of(values, on, np.ones(400, np.float32))
    assert loud.voiced is not None and loud.unvoiced is not None
    np.testing.assert_allclose([loud.all[1], loud.voiced[1]], -4, atol=1e-4)
    assert (loud.all[0], loud.voiced[0], loud.unvoiced[0]) == (200, 200, 0) and np.isfinite(loud.unvoiced[1]).all()
    nothing = Kinds.of(values, np.zeros(400, np.bool_), None)
    np.testing.assert_allclose(nothing.all[1], -4.5, atol=1e-4)
    pauses = values.copy()
    pauses[:, 200:] = SPEC.floor_value
    voice = learn([Mel(pauses, SPEC)], [np.zeros(400, np.float32)])
    made = Lines.between(values, on, None, voice)(values, None)
    np.testing.assert_allclose(made[:, :200], values[:, :200], atol=1e-3)


def test_a_blend_lies_between() -> None:
    share, on = np.repeat([1, 0], 200).astype(np.float32), np.ones(400, np.bool_)
    values = two_kinds((-4.0, 0.5), (-5.0, 1.0), 2)
    low, high = target((-3.0, 1.0), (-6.0, 0.5), 1), target((-1.0, 2.0), (-2.0, 1.5), 3)
    made = Lines.between(values, on, share, Blend.of([(low, 3), (high, 1)]))(values, share)
    np.testing.assert_allclose(made[:, :190].mean(1), 0.75 * -3 + 0.25 * -1, atol=0.1)
    np.testing.assert_allclose(made[:, 210:].std(1), 0.75 * 0.5 + 0.25 * 1.5, atol=0.1)


def test_weighted_moments_and_how_voiced_a_frame_is() -> None:
    mean, std = moments(np.array([[1.0, 3.0, 100.0]]), np.array([1.0, 3.0, 0.0]))
    np.testing.assert_allclose([mean[0], std[0]], [2.5, np.sqrt(0.75)])
    made = voicedness(np.repeat([0, 200], 8).astype(np.float32))
    np.testing.assert_allclose(made[4:12], np.array([0, 1, 3, 6, 10, 13, 15, 16]) / 16, atol=1e-6)
    spike = np.zeros((2, 9), np.float32)
    spike[:, 4] = 9
    np.testing.assert_allclose(smooth(spike, 2)[0], [0, 0, 1, 2, 3, 2, 1, 0, 0], atol=1e-6)
    np.testing.assert_array_equal(smooth(spike, 0), spike)
    ramp = np.arange(5, dtype=np.float32)[None]
    np.testing.assert_allclose(smooth(ramp, 1)[0], [0.25, 1, 2, 3, 3.75], atol=1e-6)
