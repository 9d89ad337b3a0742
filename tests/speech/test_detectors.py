"""Failures of speech: each detector finds its planted failure in shipped recordings, and none speaks on these themselves."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.bench.anchor import Scene, anchors
from melpact.bench.sound import Sound, dialect_for
from melpact.bench.speech import detectors as d
from melpact.bench.speech.failures import any_of, counted, share
from melpact.bench.speech.sentences import LANGUAGES, sentences
from melpact.bench.speech.understood import AGAIN, NOT_UNDERSTOOD, SKIP, Understood, aligned
from melpact.contract.mel import Mel
from melpact.features.analysis import extract
from melpact.vocoders.griffin_lim.vocoder import invert

RATE = 16000
Wave = np.ndarray


def wave_of(name: str) -> Wave:
    return samples.load(name).samples[0]


def found(wave: Wave, expected_s: float | None = None) -> dict[str, str]:
    return d.found_in(d.Heard(Sound(Audio.of(np.asarray(wave, np.float32), RATE), RATE), expected_s))


def loudest(wave: Wave, seconds: float) -> int:
    """Where so many seconds are the loudest."""
    size = round(seconds * RATE)
    sums = np.cumsum(np.concatenate([[0.0], np.square(wave, dtype=np.float64)]))
    return int(np.argmax(sums[size:] - sums[:-size]))


def noise(wave: Wave) -> Wave:
    audio = Audio.of(wave, RATE)
    scene = Scene(audio, None, None, dialect_for(RATE), np.random.default_rng(0))
    return anchors()["shaped_noise"].make(scene).samples[0]


def looped(wave: Wave) -> Wave:
    at = loudest(wave, 1.0)
    return np.concatenate([wave[: at + RATE], wave[at:]])


def held(wave: Wave) -> Wave:
    at = loudest(wave, 0.02)
    return np.concatenate([wave[:at], np.tile(wave[at : at + 320], 55), wave[at:]])


def hissed(wave: Wave) -> Wave:
    at = loudest(wave, 1.2)
    return np.concatenate([wave[:at], noise(wave)[: round(1.2 * RATE)], wave[at:]])


def jumbled(wave: Wave) -> Wave:
    mel = extract(Audio.of(wave, RATE), dialect_for(RATE))
    order = np.random.default_rng(0).permutation(mel.n_frames)
    return invert(Mel(np.ascontiguousarray(mel.values[:, order]), mel.spec)).samples[0]


def paused(wave: Wave) -> Wave:
    at = wave.size // 2
    return np.concatenate([wave[:at], np.zeros(round(2.5 * RATE), np.float32), wave[at:]])


def cut(wave: Wave) -> Wave:
    half = wave.size // 2
    return wave[: half + loudest(wave[half:], 0.05) + round(0.05 * RATE)]


def clipped(wave: Wave) -> Wave:
    return np.clip(8 * wave / np.abs(wave).max(), -1, 1)


PLANTED: dict[str, Callable[[Wave], Wave]] = {
    d.LOOP: looped, d.HELD: held, d.NOISE: hissed, d.NO_SPEECH: noise, d.JUMBLED: jumbled, d.PAUSE: paused, d.CUT: cut,
    d.CLIPPING: clipped, d.SILENT: np.zeros_like, d.ENDLESS: lambda wave: np.tile(wave, 4),
    d.SHORT_NAME: lambda wave: wave[: wave.size // 4],
}  # fmt: skip


@pytest.mark.parametrize("name", samples.names())
def test_a_recording_is_no_failure(name: str) -> None:
    wave = wave_of(name)
    assert found(wave, wave.size / RATE) == {}
    assert found(0.1 * wave, wave.size / RATE) == {}


def test_every_detector_has_its_planted_failure() -> None:
    assert set(PLANTED) == set(d.DETECTORS)


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("name", ["en_unidentified", "it_noservice", "ru_nocallback"])
def test_a_planted_failure_is_found(kind: str, name: str) -> None:
    wave = wave_of(name)
    assert kind in found(PLANTED[kind](wave), wave.size / RATE)


@pytest.mark.parametrize("kind", [d.LOOP, d.NOISE, d.PAUSE, d.CLIPPING, d.SILENT])
def test_a_planted_failure_is_that_one_and_not_many(kind: str) -> None:
    seen = found(PLANTED[kind](wave_of("it_noservice")))
    allowed = {d.NOISE: {d.NOISE, d.JUMBLED}}.get(kind, {kind})
    assert set(seen) <= allowed


def test_a_loop_says_where_and_how_long() -> None:
    wave = wave_of("it_noservice")
    said = re.search(r"come again ([\d.]+) s later", found(looped(wave))[d.LOOP])
    assert said is not None and abs(float(said[1]) - 1.0) < 0.02


def test_nothing_is_said_of_length_where_nobody_knows_how_long_it_takes() -> None:
    assert not {d.ENDLESS, d.SHORT_NAME} & set(found(wave_of("it_noservice")[:12000]))


# what a recogniser's words tell

TEXT = "The old sailor found a yellow umbrella behind the station on Thursday morning."


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        (TEXT, set()),
        ("The old sailor found a yellow umbrella behind the nation on Thursday mourning", set()),
        ("The old sailer found yellow umbrellas behind station on Thursday morning", set()),
        ("The old sailor found a yellow on Thursday morning", {SKIP}),
        ("The old sailor on Thursday morning", {SKIP}),
        ("The old sailor found a yellow umbrella", {SKIP}),
        ("The old sailor the old sailor found a yellow umbrella behind the station on Thursday morning", {AGAIN}),
        ("The old sailor found a a a a yellow umbrella behind the station on Thursday morning", {AGAIN}),
        ("The old sailor found a yellow umbrella behind the station behind the station on Thursday morning", {AGAIN}),
        ("mmmm", {NOT_UNDERSTOOD}),
        ("", {NOT_UNDERSTOOD}),
    ],
)
def test_skips_and_repeats_are_told_from_slips(said: str, kinds: set[str]) -> None:
    assert set(Understood.of(TEXT, said, "en").failures()) == kinds


def test_a_text_that_repeats_itself_is_no_failure() -> None:
    text = "He said no no no and went to bed to bed"
    assert Understood.of(text, text, "en").failures() == {}


def test_words_are_aligned_with_their_misspelt_selves() -> None:
    steps = aligned(("red", "green", "blue"), ("red", "grean", "blue"))
    assert [step[0] for step in steps] == ["same", "other", "same"]
    steps = aligned(("one", "two", "three"), ("one", "three"))
    assert steps == [("same", 0, 0), ("missing", 1, 1), ("same", 2, 1)]


# counts


def test_bounds_are_those_of_the_binomial() -> None:
    low, high = share(0, 1000)
    assert low == 0 and abs((1 - high) ** 1000 - 0.05) < 1e-9
    low, high = share(3, 100)
    from scipy.stats import binom

    assert abs(1 - binom.cdf(2, 100, low) - 0.025) < 1e-6
    assert abs(binom.cdf(3, 100, high) - 0.025) < 1e-6
    assert share(5, 5) == (pytest.approx(0.05**0.2), 1.0)


def test_counts_per_thousand() -> None:
    seen = {str(i): ({"loop": "x"} if i < 2 else {"skip": "y"} if i == 3 else {}) for i in range(40)}
    assert counted(seen, "loop").per_1000 == 50 and counted(seen, "loop").found == 2
    assert any_of(seen, ("loop", "skip")).found == 3
    assert "below" in counted(seen, "noise").words and counted({}, "noise").words == "–"


# sentences


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_many_different_and_always_the_same(language: str) -> None:
    many = sentences(language, 400)
    assert len(set(many)) == 400 and many[:30] == sentences(language, 30)
    lengths = [len(one.split()) for one in many]
    assert min(lengths) <= 3 and max(lengths) >= 30 and sum(one <= 12 for one in lengths) > 100
    assert all(one[0].isupper() and one.endswith(".") for one in many)


def test_a_language_without_lists_has_no_sentences() -> None:
    assert sentences("tlh", 5) == []
