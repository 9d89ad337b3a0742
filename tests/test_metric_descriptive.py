"""Metrics of traits, distributions, opinions, voices and words, against values known by construction or other packages."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.bench import voice_activity
from melpact.bench.align import pair
from melpact.bench.metric import Metric, metrics
from melpact.bench.metrics import (
    _convolution,
    _dnsmos,
    _english_numbers,
    _mel_frames,
    _recogniser,
    clipping,
    frechet_mel,
    kolmogorov_smirnov,
    loudness_difference,
    modulation,
    modulation_spectrum,
    spectral_centroid,
    spectral_flatness,
    wasserstein,
)
from melpact.bench.score import NotMeasured
from melpact.bench.sound import Pair, Sound

RATE = 16000
RNG = np.random.default_rng
DISTRIBUTIONS = ["wasserstein", "kolmogorov_smirnov", "frechet_mel", "global_variance", "modulation_spectrum"]


def audio(wave: NDArray[Any], rate: int = RATE) -> Audio:
    return Audio(np.ascontiguousarray(np.asarray(wave, np.float32)[None]), rate)


def laid(original: NDArray[Any], made: NDArray[Any], text: str | None = None, rate: int = RATE) -> Pair:
    """A pair without alignment."""
    return pair(Sound(audio(original, rate), rate), audio(made, rate), text=text, max_lag_s=0)


def speech(name: str = "en_noservice") -> NDArray[np.float32]:
    return samples.load(name).samples[0]


def sine(frequency_hz: float, seconds: float = 2.0, amplitude: float = 0.5, rate: int = RATE) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate)) / rate)


def value(metric: Metric, *pairs: Pair) -> float:
    return metric.value([metric.measure(one) for one in pairs])


# loudness


def test_a_gain_moves_the_loudness_by_its_decibels() -> None:
    x = speech()
    assert value(loudness_difference.PLUGIN, laid(x, 0.5 * x)) == pytest.approx(20 * np.log10(2), abs=1e-3)
    assert value(loudness_difference.PLUGIN, laid(0.5 * x, x)) == pytest.approx(20 * np.log10(2), abs=1e-3)


@pytest.mark.parametrize("rate", [16000, 22050, 48000])
def test_a_sine_is_as_loud_as_the_standard_says(rate: int) -> None:
    """A full-scale sine of 997 Hz is at -3.01 LUFS (BS.1770-4)."""
    found = loudness_difference.momentary_lufs(Sound(audio(sine(997, 2.0, 1.0, rate), rate), rate))
    assert found.size == 17
    assert np.abs(found + 3.01).max() < 0.02


def programme(blocks: NDArray[np.float64]) -> float:
    """Integrated loudness of blocks, by both gates (BS.1770-4, eq. 4 to 7)."""
    power = 10 ** (blocks / 10)
    gate = max(-70.0, 10 * np.log10(power[blocks > -70].mean()) - 10)
    return float(10 * np.log10(power[blocks > gate].mean()))


@pytest.mark.parametrize("name", samples.names())
def test_the_blocks_make_the_loudness_that_pyloudnorm_finds(name: str) -> None:
    """At 48 kHz, where that package has the standard's filters."""
    from melpact.audio.resample import resample

    meter = pytest.importorskip("pyloudnorm").Meter(48000, filter_class="DeMan")
    high = resample(samples.load(name), 48000)
    theirs = meter.integrated_loudness(high.samples[0].astype(np.float64))
    assert programme(loudness_difference.momentary_lufs(Sound(high, 48000))) == pytest.approx(theirs, abs=0.02)
    assert programme(loudness_difference.momentary_lufs(Sound(samples.load(name), RATE))) == pytest.approx(theirs, abs=0.03)


def test_noise_of_the_level_of_speech_has_not_its_loudness() -> None:
    x = speech()
    noise = RNG(0).standard_normal(x.size)
    noise *= np.sqrt(np.mean(x**2) / np.mean(noise**2))
    assert value(loudness_difference.PLUGIN, laid(x, noise)) > 2.0


# clipping


def test_the_share_of_clipped_samples_is_known_by_construction() -> None:
    """|sin| exceeds .5 for two thirds of a period."""
    x = sine(110.7, 2.0, 0.8)
    flat = np.clip(x, -0.4, 0.4)
    assert clipping.share_percent(Sound(audio(x), RATE)) == 0.0
    assert value(clipping.PLUGIN, laid(x, flat)) == pytest.approx(100 * 2 / 3, abs=0.3)
    assert value(clipping.PLUGIN, laid(x, -flat)) == pytest.approx(100 * 2 / 3, abs=0.3)
    assert value(clipping.PLUGIN, laid(x, 2.0 * x)) == pytest.approx(100 * (1 - 2 / np.pi * np.arcsin(1 / 1.6)), abs=0.1)


def test_two_equal_samples_at_the_top_are_no_flat_top() -> None:
    x = np.zeros(4000)
    x[[10, 11]], x[[500, 501, 502]] = -0.7, 0.9
    assert clipping.clipped(x.astype(np.float32)).nonzero()[0].tolist() == [500, 501, 502]


# spectrum


def test_the_centroid_of_a_sine_is_its_frequency() -> None:
    low, high = sine(1000.0), sine(1600.0)
    assert value(spectral_centroid.PLUGIN, laid(low, high)) == pytest.approx(600.0, abs=2.0)
    assert value(spectral_centroid.PLUGIN, laid(low, low + high)) == pytest.approx(300.0, abs=8.0)


def test_the_centroid_is_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    x = speech()
    ours = spectral_centroid.centroid_hz(Sound(audio(x), RATE))
    theirs = librosa.feature.spectral_centroid(y=x, sr=RATE, n_fft=512, hop_length=160, center=False)[0]
    assert ours.shape == theirs.shape
    loud = librosa.feature.rms(y=x, frame_length=512, hop_length=160, center=False)[0] > 1e-3
    assert np.abs(ours - theirs)[loud].max() < 1.0


def test_the_flatness_is_librosas_and_zero_for_an_impulse() -> None:
    librosa = pytest.importorskip("librosa")
    x = 0.1 * RNG(1).standard_normal(RATE).astype(np.float32)
    ours = spectral_flatness.flatness_db(Sound(audio(x), RATE))
    theirs = librosa.feature.spectral_flatness(y=x, n_fft=512, hop_length=160, center=False)[0]
    assert np.abs(ours - 10 * np.log10(theirs)).max() < 0.01
    impulse = np.zeros(RATE)
    impulse[8000] = 0.5
    heard = spectral_flatness.flatness_db(Sound(audio(impulse), RATE))
    assert heard[8000 // 160 - 1] == pytest.approx(0.0, abs=1e-3)


def test_a_system_that_is_silent_in_most_frames_has_no_spectrum_to_compare() -> None:
    x = speech()
    made = x.copy()
    made[x.size // 4 :] = 0
    for metric in (spectral_centroid.PLUGIN, spectral_flatness.PLUGIN):
        with pytest.raises(NotMeasured, match="silent in"):
            metric.measure(laid(x, made))


# modulation and speech


def test_the_share_of_a_modulated_noise_follows_its_rate() -> None:
    noise = 0.1 * RNG(2).standard_normal(4 * RATE)
    time_s = np.arange(noise.size) / RATE
    share = [
        modulation.share_percent(Sound(audio(noise * (1 + 0.99 * np.sin(2 * np.pi * rate * time_s))), RATE))
        for rate in (1.0, 4.0, 16.0)
    ]
    assert share[1] > 75
    assert share[0] < 15
    assert share[2] < 15


def test_modulation_needs_a_second() -> None:
    x = speech()[: RATE // 2]
    with pytest.raises(NotMeasured, match="at least 1 s"):
        modulation.PLUGIN.measure(laid(x, x))


@pytest.mark.parametrize("name", samples.names())
def test_speech_is_speech_and_noise_hum_and_tones_are_not(name: str) -> None:
    x = speech(name)
    assert voice_activity.speech(Sound(audio(x), RATE)).mean() > 0.6
    spectrum = np.abs(np.fft.rfft(x))
    phase = np.exp(2j * np.pi * RNG(3).random(spectrum.size))
    noise = np.fft.irfft(spectrum * phase, x.size)
    for other in (noise, sine(100, 3.0), sum(sine(f, 3.0, 0.1) for f in (220, 277, 330))):
        assert voice_activity.speech(Sound(audio(other), RATE)).mean() < 0.02


@pytest.mark.parametrize("block", [100, 4001, RATE])
def test_speech_is_found_in_blocks_as_in_the_whole(block: int) -> None:
    x = speech().astype(np.float32)
    meter = voice_activity.SpeechMeter(RATE)
    for at in range(0, x.size, block):
        meter.push(x[at : at + block])
    np.testing.assert_array_equal(meter.speech(), voice_activity.speech(Sound(audio(x), RATE)))
    with pytest.raises(NotMeasured, match="too short"):
        voice_activity.SpeechMeter(RATE).speech()


@pytest.mark.parametrize("made", [np.array([0.5]), np.full(RATE, 0.3), np.eye(1, RATE, RATE - 1)[0]])
def test_a_click_and_a_constant_are_not_speech(made: NDArray[Any]) -> None:
    x = speech()[:RATE]
    whole = 100 * voice_activity.speech(Sound(audio(x), RATE)).mean()
    assert value(metrics()["speech_share"], laid(x, made)) == pytest.approx(whole, abs=5.0)


# distributions over a corpus


def levels(pairs: list[Pair]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sides = [np.concatenate([_mel_frames.both_db(one)[side] for one in pairs], axis=1) for side in (0, 1)]
    return sides[0].astype(np.float64), sides[1].astype(np.float64)


@pytest.fixture(scope="module")
def corpus() -> list[Pair]:
    made = []
    for seed, name in enumerate(samples.names()):
        x = speech(name)
        made.append(laid(x, 0.8 * x + 0.005 * RNG(seed).standard_normal(x.size)))
    return made


def test_the_mel_levels_are_in_decibels_whatever_the_dialect() -> None:
    """Half the amplitude is 6.02 dB less, in nats of magnitude as in decades of power."""
    from melpact.contract.dialect import dialect

    x = speech()
    for name in ("hifigan_22k", "whisper_16k_80"):
        spec = dialect(name).spec
        one = _mel_frames.level_db(Sound(audio(x), RATE), spec)
        half = _mel_frames.level_db(Sound(audio(0.5 * x), RATE), spec)
        loud = one > one.max() - 30
        assert np.abs((one - half)[loud] - 20 * np.log10(2)).max() < 0.05


def test_the_wasserstein_distance_is_scipys(corpus: list[Pair]) -> None:
    from scipy.stats import wasserstein_distance

    a, b = levels(corpus)
    wanted = np.mean([wasserstein_distance(x, y) for x, y in zip(a, b)])
    assert wanted > 1.0
    assert value(wasserstein.PLUGIN, *corpus) == pytest.approx(wanted, rel=0.01)


def test_the_kolmogorov_smirnov_distance_is_scipys(corpus: list[Pair]) -> None:
    from scipy.stats import ks_2samp

    a, b = levels(corpus)
    wanted = np.mean([ks_2samp(x, y).statistic for x, y in zip(a, b)])
    assert wanted > 0.05
    assert value(kolmogorov_smirnov.PLUGIN, *corpus) == pytest.approx(wanted, abs=0.01)


def test_the_frechet_distance_of_two_gaussians_is_the_closed_form() -> None:
    """Commuting covariances: |m|² + sum (sqrt a - sqrt b)²; and one pair that does not commute, by scipy's matrix root."""
    from scipy.linalg import sqrtm

    rng = RNG(4)
    turn, _ = np.linalg.qr(rng.standard_normal((5, 5)))
    a, b, shift = rng.uniform(1, 9, 5), rng.uniform(1, 9, 5), rng.standard_normal(5)
    found = frechet_mel.distance(shift, turn @ np.diag(a) @ turn.T, np.zeros(5), turn @ np.diag(b) @ turn.T)
    assert found**2 == pytest.approx(shift @ shift + np.square(np.sqrt(a) - np.sqrt(b)).sum(), rel=1e-6)
    x, y = (m @ m.T + np.eye(5) for m in rng.standard_normal((2, 5, 5)))
    wanted = shift @ shift + np.trace(x + y - 2 * np.real(sqrtm(x @ y)))
    assert frechet_mel.distance(shift, x, np.zeros(5), y) ** 2 == pytest.approx(wanted, rel=1e-6)


def test_the_frechet_distance_of_a_corpus_is_that_of_its_frames(corpus: list[Pair]) -> None:
    from scipy.linalg import sqrtm

    a, b = levels(corpus)
    cov_a, cov_b = np.cov(a, bias=True), np.cov(b, bias=True)
    squared = np.square(a.mean(axis=1) - b.mean(axis=1)).sum() + np.trace(cov_a + cov_b - 2 * np.real(sqrtm(cov_a @ cov_b)))
    assert value(metrics()["frechet_mel"], *corpus) == pytest.approx(np.sqrt(squared / a.shape[0]), rel=1e-4)


def test_one_decibel_more_is_one_decibel_of_frechet_and_wasserstein_distance() -> None:
    """Where nothing lies at the floor: noise."""
    x = 0.1 * RNG(5).standard_normal(3 * RATE)
    louder = laid(x, 10 ** (1 / 20) * x)
    assert value(metrics()["frechet_mel"], louder) == pytest.approx(1.0, abs=0.01)
    assert value(wasserstein.PLUGIN, louder) == pytest.approx(1.0, abs=0.02)
    assert value(metrics()["global_variance"], louder) == pytest.approx(0.0, abs=0.01)
    assert value(modulation_spectrum.PLUGIN, louder) == pytest.approx(0.0, abs=0.01)


def test_halved_movements_are_six_decibels_of_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the movement of a log mel is a quarter of its variance and of every modulation's power."""
    x = speech()
    one = laid(x, x)
    level = _mel_frames.level_db(one.original, one.mel_spec).astype(np.float64)
    smooth = level.mean(axis=1, keepdims=True) + 0.5 * (level - level.mean(axis=1, keepdims=True))
    both = (level.astype(np.float32), smooth.astype(np.float32))
    monkeypatch.setattr(_mel_frames, "both_db", lambda pair: both)
    for name in ("global_variance", "modulation_spectrum"):
        assert value(metrics()[name], one) == pytest.approx(10 * np.log10(4), abs=0.05)


def test_a_distribution_of_two_utterances_is_not_the_mean_of_two(corpus: list[Pair]) -> None:
    for name in ("wasserstein", "kolmogorov_smirnov", "frechet_mel"):
        metric = metrics()[name]
        seen = [metric.measure(one) for one in corpus]
        alone = [metric.value([one]) for one in seen]
        assert metric.value(seen) <= max(alone)
        assert metric.value(seen) == pytest.approx(metric.value(seen[::-1]), rel=1e-9)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_utterances_of_different_mels_are_not_added_up(name: str) -> None:
    """80 bands at 22.05 kHz, 100 at 24 kHz."""
    metric, time_s = metrics()[name], np.arange(48000) / 24000
    seen = []
    for rate in (22050, 24000):
        x = np.sin(2 * np.pi * (300 + 200 * time_s) * time_s)[: 2 * rate]
        seen.append(metric.measure(laid(x, 0.5 * x, rate=rate)))
    with pytest.raises(NotMeasured, match="different mels"):
        metric.value(seen)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_what_an_utterance_contributes_does_not_grow_with_its_length(name: str, corpus: list[Pair]) -> None:
    """A bootstrap totals it a thousand times; the frames themselves would make that a matter of minutes."""
    metric, one = metrics()[name], corpus[0]
    x, y = one.original.wave, one.made.wave
    short = metric.measure(laid(x, y, rate=one.rate))
    long = metric.measure(laid(np.tile(x, 4), np.tile(y, 4), rate=one.rate))
    assert len(pickle.dumps(long)) < 1.1 * len(pickle.dumps(short)) + 1000


# opinions without an original


@pytest.mark.parametrize(("rows", "columns", "inputs", "outputs"), [(13, 41, 8, 4), (4, 16, 3, 5), (9, 6, 1, 16)])
def test_winograds_convolution_is_the_convolution(rows: int, columns: int, inputs: int, outputs: int) -> None:
    rng = RNG(6)
    picture = rng.standard_normal((rows, columns, inputs))
    kernel, bias = rng.standard_normal((outputs, inputs, 3, 3)), rng.standard_normal(outputs)
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    wanted = np.broadcast_to(bias, (rows, columns, outputs)).copy()
    for i in range(3):
        for j in range(3):
            wanted += padded[i : i + rows, j : j + columns] @ kernel[:, :, i, j].T
    x, out = _convolution.image(rows, columns, inputs), _convolution.image(rows, columns, outputs)
    x[1 : rows + 1, 1 : columns + 1] = picture
    layer = _convolution.Layer.of(kernel.astype(np.float32), bias.astype(np.float32))
    _convolution.convolve(x, rows, columns, layer, out, 0)
    assert np.abs(out[:rows, 1 : columns + 1] - np.maximum(wanted, 0)).max() < 2e-4
    assert not out[:, 0].any()
    assert not out[:, columns + 1 :].any()


def test_dnsmos_is_that_of_speechmos() -> None:
    """One window, several windows, and sounds that are repeated to fill one: within 1e-3 of the package."""
    dnsmos = pytest.importorskip("speechmos.dnsmos")
    joined = np.clip(np.concatenate([speech(name) for name in samples.names()]), -1, 1)
    counts = []
    for seconds, begin in ((4.9, 0), (11.0, 0), (3.0, 9)):
        wave = joined[begin * RATE :][: int(seconds * RATE) + 77]
        counts.append(_dnsmos.windows(wave)[1])
        theirs = dnsmos.run(wave, RATE)
        ours = [*_dnsmos.quality(wave), _dnsmos.p808(wave)]
        assert ours == pytest.approx([theirs[f"{key}_mos"] for key in ("sig", "bak", "ovrl", "p808")], abs=1e-3)
    assert counts == [1, 2, 3]


def test_dnsmos_hears_noise_and_looks_at_no_original() -> None:
    pytest.importorskip("speechmos")
    x = speech()
    noisy = x + 0.05 * RNG(7).standard_normal(x.size).astype(np.float32)
    found = metrics()["dnsmos_overall"]
    clean, bad = value(found, laid(x, x)), value(found, laid(x, noisy))
    assert 2.5 < clean < 4.5
    assert bad < clean - 0.5
    assert value(found, laid(noisy, x)) == clean
    with pytest.raises(NotMeasured, match="silent"):
        found.measure(laid(x, 0 * x))


# voices and words


@pytest.mark.heavy
def test_a_voice_is_more_like_itself_than_like_another() -> None:
    metric = metrics()["speaker_similarity"]
    if reason := metric.missing():
        pytest.skip(reason)
    first, second = (np.array_split(speech("en_noservice"), 2)[side] for side in (0, 1))
    same, other = value(metric, laid(first, second)), value(metric, laid(first, speech("ru_nocallback")))
    assert value(metric, laid(first, first)) == pytest.approx(1.0, abs=1e-5)
    assert same > 0.75
    assert other < same - 0.1


@pytest.mark.heavy
def test_the_recogniser_reads_the_shipped_english() -> None:
    metric = metrics()["word_error_rate"]
    if reason := metric.missing():
        pytest.skip(reason)
    x = speech("en_noservice")
    heard = _recogniser.recognised(Sound(audio(x), RATE), "en")
    text = "The number you have dialed is not in service. Please check the number and try again."
    assert _recogniser.language(Sound(audio(speech("ru_nocallback")), RATE)) == "ru"
    wrong = _recogniser.edits(_recogniser.words(text), _recogniser.words(heard))
    assert wrong <= 3, heard
    assert metric.measure(laid(x, 0 * x, text)) == (16, 16)


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert _recogniser.words("Don\u2019t stop: it's 'fine', LÀ-BAS!") == ["don't", "stop", "it's", "fine", "là", "bas"]


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("42 lines", "forty two lines"),
        ("about 1455, the 15th century", "about fourteen fifty five, the fifteenth century"),
        ("in 1906 and the 1920s", "in nineteen oh six and the nineteen twenties"),
        ("1,250,003", "one million two hundred fifty thousand three"),
        ("2012 the 22nd, 20th and 112th", "two thousand twelve the twenty second, twentieth and one hundred twelfth"),
        ("mp3 and 3.5", "mp3 and 3.5"),
        ("0 1234567890123", "zero 1234567890123"),
    ],
)
def test_numbers_are_read_aloud(digits: str, said: str) -> None:
    assert _english_numbers.spelled(digits) == said


@pytest.mark.parametrize(
    ("wanted", "got", "errors"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("ab", "ba", 2)],
)
def test_edits_are_levenshteins(wanted: str, got: str, errors: int) -> None:
    assert _recogniser.edits(wanted, got) == errors
    assert _recogniser.edits(got, wanted) == errors


def test_the_rate_of_a_corpus_weighs_its_words() -> None:
    assert _recogniser.rate_percent([(1, 1), (0, 99)]) == pytest.approx(1.0)


def test_error_rates_count_what_was_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_recogniser, "recognised", lambda sound, language: "a cat sat on mat.")
    monkeypatch.setattr(_recogniser, "language", lambda sound: "en")
    x = speech()
    one = laid(x, x, "The cat sat on the mat")
    assert _recogniser.tally(one, characters=False) == (2, 6)
    assert _recogniser.tally(one, characters=True) == (_recogniser.edits("thecatsatonthemat", "acatsatonmat"), 17)
    with pytest.raises(NotMeasured, match="no word"):
        _recogniser.tally(laid(x, x, "..."), characters=False)


@pytest.mark.parametrize("name", ["dnsmos_overall", "speaker_similarity", "word_error_rate"])
def test_an_absent_package_is_named_with_its_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NotMeasured, match="pip install"):
        metrics()[name].measure(laid(speech(), speech(), "text"))
