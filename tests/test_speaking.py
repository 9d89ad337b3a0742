"""How a voice says what is spoken, learnt from its frames: a known law is found, and held across what it was not shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from laws.converters import speechlike
from melpact.contract.dialect import dialect
from melpact.core.errors import ContractError
from melpact.models.convert.learning import learn
from melpact.models.convert.lines import smooth
from melpact.models.convert.speaking import AXES, OFFSETS, Speaking
from melpact.models.convert.voice import Content, Voice

SPEC = dialect("hifigan_22k").spec


def features(size: int, frames: int, seed: int) -> np.ndarray:
    """They change as slowly as speech does."""
    return 3 * smooth(np.random.default_rng(seed).normal(size=(size, frames)).astype(np.float32), 4)


def said(content: np.ndarray, seed: int = 5) -> np.ndarray:
    """The law: each frame a sum of what is three frames before, now and three frames behind."""
    size = len(content)
    maps = np.random.default_rng(seed).normal(0, 1 / np.sqrt(size), (3, 80, size))
    t = np.arange(content.shape[1])
    around = [content[:, np.minimum(np.maximum(t + offset, 0), t[-1])] for offset in (-3, 0, 3)]
    return np.asarray(-4 + sum(one @ part for one, part in zip(maps, around, strict=True)), np.float32)


def speaker(size: int, lengths: tuple[int, ...] = (1500, 900)) -> Voice:
    """A voice that keeps to the law."""
    parts = [features(size, n, i) for i, n in enumerate(lengths)]
    mels = [replace(speechlike(n), values=said(part)) for n, part in zip(lengths, parts, strict=True)]
    voice = learn(mels, [np.zeros(n, np.float32) for n in lengths])
    return voice.with_content(Content(np.concatenate(parts, axis=1), "drawn"))


def test_a_law_is_found_and_told_of_other_sentences() -> None:
    assert {-3, 0, 3} <= set(OFFSETS)
    other = features(8, 300, 99)
    wanted = said(other)
    found = Speaking.of(speaker(8))(other)
    assert found.shape == (80, 300) and found.dtype == np.float32
    error = float(np.square(found - wanted).mean() / wanted.var())
    assert error < 0.01
    backwards = Speaking.of(speaker(8))(other[:, ::-1])[:, ::-1]
    assert np.square(backwards - wanted).mean() / wanted.var() > 10 * error


def test_features_of_any_scale_say_the_same() -> None:
    voice, other = speaker(8), features(8, 60, 99)
    assert voice.content is not None
    louder = voice.with_content(Content(voice.content.values * 50, "drawn"))
    np.testing.assert_allclose(Speaking.of(louder)(other * 50), Speaking.of(voice)(other), atol=1e-3)


def test_of_wide_features_the_strongest_axes_are_used() -> None:
    narrow = speaker(8)
    assert narrow.content is not None
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(200, 200)))[0][:, :8].astype(np.float32)
    wide = narrow.with_content(Content(turn @ narrow.content.values, "drawn"))
    made = Speaking.of(wide)
    assert made.axes.shape == (200, AXES) and made.weights.shape == (80, AXES * len(OFFSETS))
    other = features(8, 300, 99)
    assert np.square(made(turn @ other) - said(other)).mean() / said(other).var() < 0.02


def test_around_a_frame_edges_are_held() -> None:
    heard = np.arange(10, dtype=np.float32)[None] ** 2
    weights = np.zeros((80, len(OFFSETS)), np.float32)
    weights[0, 0], weights[1, -1] = 1, 1
    made = Speaking(np.ones((1, 1), np.float32), weights, np.full(80, 2, np.float32))(heard)
    assert OFFSETS[0] == -6 and OFFSETS[-1] == 6
    np.testing.assert_allclose(made[0], 2 + np.array([0, 0, 0, 0, 0, 0, 0, 1, 4, 9]))
    np.testing.assert_allclose(made[1], 2 + np.array([36, 49, 64, 81, 81, 81, 81, 81, 81, 81]))
    np.testing.assert_allclose(made[2], 2)


def test_utterances_do_not_run_into_each_other() -> None:
    """Of many short ones nearly every frame lies at an edge."""
    voice, other = speaker(8, (9,) * 300), features(8, 300, 99)
    error = np.square(Speaking.of(voice)(other) - said(other)).mean() / said(other).var()
    whole = np.square(Speaking.of(replace(voice, frames=replace(voice.frames, lengths=(2700,))))(other) - said(other)).mean()
    assert error < 0.5 * whole / said(other).var()


def test_pauses_teach_nothing() -> None:
    voice, other = speaker(8), features(8, 300, 99)
    assert voice.content is not None
    quiet = np.arange(2400) % 3 == 0
    mels, heard = voice.frames.mels.copy(), voice.content.values.copy()
    mels[:, quiet], heard[:, quiet] = SPEC.floor_value, 0
    voice = replace(voice, frames=replace(voice.frames, mels=mels, active=~quiet))
    error = np.square(Speaking.of(voice)(other) - said(other)).mean() / said(other).var()
    heard[:, quiet] = 40
    far = voice.with_content(Content(heard, "drawn"))
    assert error < 0.05 and np.array_equal(Speaking.of(far).axes, Speaking.of(voice).axes)


def test_more_features_than_frames_are_learnt_and_a_voice_once() -> None:
    voice = speaker(8, (60,))
    assert voice.content is not None
    alike = voice.with_content(Content(np.repeat(voice.content.values, 12, axis=0), "drawn"))
    assert np.isfinite(Speaking.of(alike).weights).all() and np.abs(Speaking.of(alike).weights).max() < 1
    several = [replace(voice) for _ in range(9)]  # as in a blend of so many, asked in turn for every block
    first = [Speaking.of(one) for one in several]
    assert all(Speaking.of(one) is known for one, known in zip(several, first, strict=True))


def test_nothing_is_learnt_from_nothing() -> None:
    with pytest.raises(ContractError, match="nothing to learn"):
        Speaking.of(learn([speechlike(50)], [np.zeros(50, np.float32)]))
