"""Every metric of the folder against the laws that are in `melpact.bench.laws`, and against hostile sound.

What is measured is the shipped speech. A metric that lacks its package is skipped with the reason; heavy ones (recognisers)
are judged by `make test-all`.
"""

from __future__ import annotations

import importlib.util
from functools import lru_cache

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.bench.align import pair
from melpact.bench.laws import SNRS_DB, judge
from melpact.bench.metric import Metric, metrics
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound
from melpact.bench.task import HABITS
from melpact.core.errors import AudioNotFinite

NAMES = tuple(metrics())
LIGHT = tuple(name for name, metric in metrics().items() if not metric.heavy)
PAIRED = tuple(name for name in LIGHT if metrics()[name].perfect is not None)
RATE = 16000
UNLAWFUL = {
    "plain_snr": {"gain", "polarity", "delay", "silence"},
    "more_flatness": {"noise", "silence"},
    "deaf": {"itself", "noise"},
    "distance_from_loudness": {"gain", "silence"},
}


def _judged(names: tuple[str, ...], package: str = "melpact.bench.metrics"):
    """One at a time, so that a metric that fails takes no other along."""
    return judge(names, package=package, jobs=1)


_light = lru_cache(maxsize=1)(lambda: _judged(LIGHT))
_unlawful = lru_cache(maxsize=1)(lambda: _judged(tuple(UNLAWFUL), "laws.unlawful"))


def _available(name: str) -> Metric:
    metric = metrics()[name]
    if reason := metric.missing():
        pytest.skip(reason)
    return metric


@lru_cache(maxsize=8)
def _speech(rate: int, seconds: float = 1.5) -> Sound:
    whole = Sound(samples.load("en_noservice"), rate)
    return Sound(Audio(whole.audio.samples[:, : int(seconds * rate)].copy(), rate), rate)


def _pair(original: Sound, wave: np.ndarray, rate: int | None = None) -> Pair:
    made = Audio(np.asarray(wave, np.float32).reshape(1, -1).copy(), rate or original.rate)
    return pair(original, made, name="clip", text="this number is not in service")


@pytest.mark.parametrize("name", LIGHT)
def test_every_metric_keeps_its_laws(name):
    verdict = _light()[name]
    if not verdict.tried:
        assert metrics()[name].missing() or "text" in metrics()[name].needs, verdict.reason
        pytest.skip(verdict.reason)
    assert not verdict.broken, [f"{b.law}: {b.measured}; wanted {b.wanted}" for b in verdict.broken]


@pytest.mark.heavy
@pytest.mark.parametrize("name", sorted(set(NAMES) - set(LIGHT)))
def test_every_heavy_metric_keeps_its_laws(name):
    verdict = _judged((name,))[name]
    if not verdict.tried:
        pytest.skip(verdict.reason)
    assert not verdict.broken


@pytest.mark.parametrize(("name", "laws"), UNLAWFUL.items())
def test_the_laws_notice_what_breaks_them(name, laws):
    assert laws <= {broken.law for broken in _unlawful()[name].broken}


def test_published_habits_break_a_law():
    if importlib.util.find_spec(HABITS) is None:
        pytest.skip("no habits are kept")
    from melpact.core.plugins import plugins

    verdicts = _judged(tuple(plugins(HABITS)), HABITS)
    assert verdicts
    assert not [name for name, verdict in verdicts.items() if verdict.tried and verdict.lawful]


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_says_what_it_is(name):
    metric = metrics()[name]
    for text in (metric.title, metric.meaning, metric.source):
        assert text == text.strip() and text
    assert metric.meaning.endswith((".", "!"))
    assert metric.domains
    assert len(set(metric.ignores)) == len(metric.ignores)
    assert not metric.packages or metric.install.startswith("pip install")
    if metric.waveform_exact:
        assert {"gain", "polarity", "delay"} <= set(metric.ignores)


def test_a_missing_package_is_a_reason():
    metric = Metric("x", "", "higher", 1.0, lambda pair: 1.0, "", "", packages=("no_such_package_here",), install="pip …")
    with pytest.raises(NotMeasured, match=r"no_such_package_here.*pip …"):
        metric.measure(_pair(_speech(RATE), _speech(RATE).wave))


HOSTILE = {
    "silence": lambda x: np.zeros_like(x),
    "constant": lambda x: np.full_like(x, 0.5),
    "one sample": lambda x: x[:1],
    "one impulse": lambda x: np.eye(1, x.size, x.size // 2)[0],
    "very quiet": lambda x: 1e-7 * x,
    "beyond full scale": lambda x: 1e3 * x,
    "first half only": lambda x: x[: x.size // 2],
    "last half silent": lambda x: np.where(np.arange(x.size) < x.size // 2, x, 0),
    "three times as long": lambda x: np.tile(x, 3),
    "reversed": lambda x: x[::-1],
    "tone": lambda x: 0.3 * np.sin(0.3 * np.arange(x.size)),
    "subnormal": lambda x: np.full_like(x, 1e-40),
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_no_sound_gives_more_than_a_number_or_a_reason(case):
    original = _speech(RATE)
    hostile = _pair(original, HOSTILE[case](original.wave.astype(np.float64)))
    for name in LIGHT:
        metric = metrics()[name]
        try:
            found = metric.value([metric.measure(hostile)])
        except NotMeasured as reason:
            assert len(str(reason)) > 10, name
        else:
            assert np.isfinite(found), name


@pytest.mark.parametrize("original", ["silence", "10 ms", "one impulse", "constant", "tone"])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_no_original_gives_more_than_a_number_or_a_reason(original):
    t = np.arange(RATE)
    wave = {
        "silence": np.zeros(RATE),
        "10 ms": _speech(RATE).wave[8000:8160],
        "one impulse": np.eye(1, RATE, RATE // 2)[0],
        "constant": np.full(RATE, 0.5),
        "tone": 0.3 * np.sin(0.3 * t),
    }[original]
    sound = Sound(Audio(np.asarray(wave, np.float32)[None].copy(), RATE), RATE)
    other = _pair(sound, _speech(RATE).wave[: sound.wave.size])
    for name in LIGHT:
        metric = metrics()[name]
        if original in ("silence", "10 ms"):
            with pytest.raises(NotMeasured):
                metric.measure(other)
            continue
        try:
            assert np.isfinite(metric.value([metric.measure(other)])), name
        except NotMeasured as reason:
            assert len(str(reason)) > 10, name


def test_sound_that_is_not_finite_never_gets_to_a_metric():
    with pytest.raises(AudioNotFinite):
        Audio.of(np.array([0.0, np.nan, 0.1]), RATE)
    bad = Metric("x", "", "higher", 1.0, lambda pair: float("nan"), "", "")
    with pytest.raises(NotMeasured, match="nan"):
        bad.measure(_pair(_speech(RATE), _speech(RATE).wave))


@pytest.mark.parametrize("rate", [8000, 22050, 24000, 48000])
def test_a_copy_is_perfect_at_every_rate(rate):
    original = _speech(rate, 4.0)
    copy = _pair(original, original.wave)
    for name in PAIRED:
        metric = metrics()[name]
        try:
            found = metric.value([metric.measure(copy)])
        except NotMeasured as reason:
            assert metric.missing() or rate == 8000 or "text" in metric.needs, (name, str(reason))
        else:
            assert found == pytest.approx(metric.perfect, abs=1e-2 * max(0.1, abs(metric.perfect))), name


@pytest.mark.parametrize("name", PAIRED)
def test_noise_is_heard_at_48_khz_as_well(name):
    """The worth of a metric must not hang on the rate: 10 dB is worse than 30 dB for each."""
    metric = _available(name)
    original = _speech(48000)
    rng = np.random.default_rng(5)
    noise = rng.standard_normal(original.wave.size) * np.sqrt(np.square(original.wave, dtype=np.float64).mean())
    values = []
    for snr in (SNRS_DB[0], SNRS_DB[2]):
        made = _pair(original, original.wave + noise * 10 ** (-snr / 20))
        try:
            values.append(metric.value([metric.measure(made)]))
        except NotMeasured as reason:
            pytest.skip(str(reason))
    if "noise" in metric.ignores:
        return
    better, worse = values if metric.better == "higher" else [-value for value in values]
    assert worse <= better
