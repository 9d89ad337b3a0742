"""Degradations keep description, length and floor, do nothing at their neutral dose, and do what they say."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from melpact.audio.audio import Audio
from melpact.audio.samples import load
from melpact.audio.synthetic import speech_like
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError
from melpact.degradations.chain import Chain, parsed
from melpact.degradations.degradation import Degradation
from melpact.degradations.kinds import degradation, degradations
from melpact.degradations.kinds.missing_bands import MissingBands
from melpact.degradations.kinds.noise import Noise
from melpact.degradations.kinds.over_smoothed import OverSmoothed
from melpact.degradations.level import bands
from melpact.features.analysis import extract

# plain ln, log1p, a range per utterance, a clipped dB window, statistics per utterance, Kaldi's powers
DIALECTS = ("hifigan_22k", "nemo_22k_log1p", "whisper_16k_80", "tacotron_20k", "nemo_asr_16k", "kaldi_fbank")
NAMES = sorted(degradations())


@lru_cache(maxsize=16)
def mel(dialect: str = "hifigan_22k") -> Mel:
    audio = load("en_unidentified")
    return extract(Audio.of(audio.samples[:, 8000 : 8000 + 2 * audio.sample_rate], audio.sample_rate), dialect)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def error(kind: Degradation, dose: float, seeds: int = 4) -> float:
    right = mel()
    made = [kind.apply(right, dose, rng(seed)).values for seed in range(seeds)]
    return float(np.mean([np.abs(values - right.values).mean() for values in made]))


def test_each_says_what_its_dose_is() -> None:
    assert len(NAMES) == 10
    for name, kind in degradations().items():
        assert kind.name == name and kind.title and kind.meaning and kind.unit
        assert all(kind.limits[0] <= dose <= kind.limits[1] and dose != kind.neutral for dose in kind.doses)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", NAMES)
def test_the_laws(name: str, dialect: str) -> None:
    kind, right = degradation(name), mel(dialect)
    before = right.values.copy()
    for dose in kind.doses:
        wrong = kind.apply(right, dose, rng(1))
        assert wrong.spec == right.spec and wrong.values.shape == right.values.shape
        assert wrong.values.dtype == np.float32 and np.isfinite(wrong.values).all()
        floor = right.spec.floor_value
        assert wrong.raw().values.min() >= floor - 1e-5 * max(1.0, abs(floor))
        low, high = right.spec.scaling.bounds()
        assert low <= wrong.values.min() and wrong.values.max() <= high
        np.testing.assert_array_equal(wrong.values, kind.apply(right, dose, rng(1)).values)
        assert (name == "low_rank" and dose >= right.n_mels) != (not np.array_equal(wrong.values, right.values))
        assert wrong.utterance.keys() == right.utterance.keys()
        assert wrong.provenance["degraded"] == [{"name": name, "dose": dose}] and wrong.n_samples == right.n_samples
    np.testing.assert_array_equal(right.values, before)


@pytest.mark.parametrize("name", NAMES)
def test_the_neutral_dose_does_nothing_and_others_are_refused(name: str) -> None:
    kind, right = degradation(name), mel()
    if kind.neutral is not None:
        assert kind.apply(right, kind.neutral, rng()) is right
    for dose in (kind.limits[0] - 1, kind.limits[1] + 1, float("nan")):
        with pytest.raises(ContractError, match=name):
            kind.apply(right, dose, rng())


@pytest.mark.parametrize("name", NAMES)
def test_the_error_grows_with_the_dose(name: str) -> None:
    kind = degradation(name)
    mild, _, gross = kind.doses
    found = [error(kind, dose, 3 if kind.quick else 1) for dose in np.linspace(mild, gross, 6)]
    assert all(np.diff(found) > 0), found
    assert found[0] < 0.8 < 4 * found[-1]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("griffin_lim", "missing_bands")])
def test_nearly_neutral_is_nearly_nothing(name: str) -> None:
    kind = degradation(name)
    near = {"low_rank": 79.9, "noise": 90.0, "over_smoothed": 0.9999, "quantised": 14.0}.get(name, 1e-3)
    assert error(kind, near, 2) < 0.02


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_short_mels_and_silence(name: str, frames: int) -> None:
    kind, right = degradation(name), mel()
    for dose in kind.doses:
        short = Mel(right.values[:, 40 : 40 + frames], right.spec)
        assert np.isfinite(kind.apply(short, dose, rng()).values).all()
        silence = Mel(np.full((80, frames), np.log(np.float32(1e-5))), right.spec)
        made = kind.apply(silence, dose, rng()).values
        assert np.abs(made - silence.values).max() < (2.8 if name == "wrong_gain" else 1e-3)


def test_what_cannot_be_spoilt_is_refused() -> None:
    kind, right = degradation("time_blur"), mel()
    for values in (right.values[:, :0], right.values[None], np.full((80, 3), np.nan, np.float32)):
        with pytest.raises(ContractError):
            kind.apply(Mel(values, right.spec), 1.0, rng())


def test_blurring_keeps_the_energy_and_what_is_flat() -> None:
    right = mel()
    inner = np.full_like(right.values, np.log(np.float32(1e-5)))
    inner[:, 60:100] = right.values[:, 60:100]
    energy = np.exp(2 * inner.astype(np.float64)).sum(axis=1)
    made = degradation("time_blur").apply(Mel(inner, right.spec), 3.0, rng()).values
    np.testing.assert_allclose(np.exp(2 * made.astype(np.float64)).sum(axis=1), energy, rtol=1e-3)
    steady = np.repeat(right.values[:, 80:81], 30, axis=1)
    np.testing.assert_allclose(degradation("time_blur").apply(Mel(steady, right.spec), 3.0, rng()).values, steady, atol=1e-4)
    flat = Audio.of(0.1 * rng(5).standard_normal(22050 * 8), 22050)
    white = extract(flat, "tacotron2_22k").values.mean(axis=1, keepdims=True)
    blurred = degradation("band_blur").apply(Mel(white, mel().spec), 4.0, rng()).values
    assert np.abs(blurred[:70] - blurred[:70].mean()).max() < 0.15


def test_a_blur_is_as_wide_as_it_says() -> None:
    for name, axis, shape in (("time_blur", 1, (80, 61)), ("band_blur", 0, (80, 3))):
        impulse = np.full(shape, np.log(np.float32(1e-5)))
        impulse[(40, slice(None)) if axis == 0 else (slice(None), 30)] = 0.0
        made = degradation(name).apply(Mel(impulse, mel().spec), 2.5, rng()).values
        density = np.exp(2 * made.astype(np.float64)) / (1 if axis else bands(mel().spec).density)
        share = density.sum(axis=1 - axis) / density.sum()
        place = np.arange(share.size)
        centre = (place * share).sum()
        assert np.sqrt(((place - centre) ** 2 * share).sum()) == pytest.approx(2.5, rel=0.02)


def test_a_low_rank_is_the_best_of_its_rank() -> None:
    right = mel()
    centred = right.values.astype(np.float64) - right.values.mean(axis=1, keepdims=True)
    singular = np.linalg.svd(centred, compute_uv=False)
    for rank in (3, 10):
        level = degradation("low_rank")._change(right.values, right.spec, rank, rng())
        assert np.linalg.matrix_rank(level - level.mean(axis=1, keepdims=True), tol=1e-2) == rank
        lost = np.square(level - right.values, dtype=np.float64).sum()
        assert lost == pytest.approx((singular[rank:] ** 2).sum(), rel=1e-3)


def test_levels_are_counted_in_bits() -> None:
    for bits in (2, 4):
        kept = np.unique(degradation("quantised").apply(mel(), bits, rng()).values)
        step = (mel().values.max() - np.log(1e-5)) / (2**bits - 1)
        assert 2**bits - 1 <= len(kept) <= 2**bits
        np.testing.assert_allclose(np.diff(kept), step, rtol=1e-4)


def test_smoothing_leaves_the_share_of_the_variance_that_it_says() -> None:
    right = mel().values.astype(np.float64)
    for ratio in (0.9, 0.5, 0.2):
        made = OverSmoothed(steepest=0.0).on_values(mel().values, mel().spec, ratio, rng()).astype(np.float64)
        assert made.var(axis=1).mean() / right.var(axis=1).mean() == pytest.approx(ratio, rel=0.01)
        np.testing.assert_allclose(made.mean(axis=1), right.mean(axis=1), atol=0.02)
    tilted = OverSmoothed(steepest=1.0)._change(mel().values, mel().spec, 0.5, rng(4)).var(axis=1) / right.var(axis=1)
    assert tilted[:20].mean() > 0.55 and tilted[-20:].mean() < 0.45
    steps = np.square(np.diff(made, axis=1)).mean() / np.square(np.diff(right, axis=1)).mean()
    assert steps < 0.05


def test_noise_is_what_noise_in_sound_does() -> None:
    speech = speech_like(4.0, 22050, seed=3).samples[0].astype(np.float64)
    for dialect, power in (("hifigan_22k", 1), ("kaldi_fbank", 2)):
        clean = extract(Audio.of(speech, 22050), dialect)
        assert clean.spec.power == power
        noise = rng(1).standard_normal(speech.size)
        noise *= np.sqrt(np.mean(speech**2) / np.mean(noise**2)) * 10 ** (-10 / 20)
        wanted = extract(Audio.of(speech + noise, 22050), dialect).values.astype(np.float64)
        spectrum, band = np.abs(np.fft.rfft([speech, noise])) ** 2, np.fft.rfftfreq(speech.size, 1 / 22050)
        within = (band >= clean.spec.f_min) & (band <= clean.spec.physical_f_max_hz)
        inside = 10 * np.log10(spectrum[0, within].sum() / spectrum[1, within].sum())
        made = Noise(steepest=0.0).on_values(clean.values, clean.spec, float(inside), rng(2)).astype(np.float64)
        assert np.abs(made.mean(axis=1) - wanted.mean(axis=1))[2:].mean() < 0.25 * power
        assert made.std(axis=1)[2:].mean() / wanted.std(axis=1)[2:].mean() == pytest.approx(1, abs=0.1)
        steps = [np.abs(np.diff(x, axis=1))[2:].mean() for x in (made, wanted)]
        assert steps[0] / steps[1] == pytest.approx(1, abs=0.06)


def test_missing_bands_are_counted_and_grow() -> None:
    for seed in range(4):
        holes = [np.ptp(MissingBands().apply(mel(), share, rng(seed)).values, axis=1) == 0 for share in (0.1, 0.25, 0.5)]
        assert [int(hole.sum()) for hole in holes] == [8, 20, 40]
        assert not (holes[0] & ~holes[1]).any() and not (holes[1] & ~holes[2]).any()
    top = MissingBands(top_chance=1.0).apply(mel(), 0.25, rng()).values
    assert (np.ptp(top, axis=1) == 0).tolist() == [False] * 60 + [True] * 20


def test_a_gain_is_its_decibels() -> None:
    audio = Audio.of(0.1 * rng(3).standard_normal(22050), 22050)
    for dialect in ("hifigan_22k", "kaldi_fbank"):
        wanted = extract(Audio.of(audio.samples / 2, 22050), dialect).values
        made = degradation("wrong_gain").apply(extract(audio, dialect), -20 * np.log10(2), rng()).values
        np.testing.assert_allclose(made, wanted, atol=2e-3)


def test_a_codec_rounds_what_is_small_away() -> None:
    kind, right = degradation("codec_like"), mel().values[:, :48]
    place = np.arange(8)
    cosine = np.sqrt(2 / 8) * np.cos(np.pi * (place[None] + 0.5) * place[:, None] / 8)
    cosine[0] /= np.sqrt(2)
    for seed in range(40):
        if rng(seed).integers(0, 8, 2).tolist() == [0, 0]:
            break
    for dose in (3.0, 10.0):
        made = kind._change(right, mel().spec, dose, rng(seed))
        for band, frame in ((0, 0), (40, 16), (72, 40)):
            block = right[band : band + 8, frame : frame + 8].astype(np.float64)
            waves = cosine @ block @ cosine.T
            step = dose * np.log(10) / 20 * (1 + 0.35 * (place[:, None] + place))
            kept = np.where(np.abs(waves) < 0.67 * step, 0, np.round(waves / step) * step)
            np.testing.assert_allclose(made[band : band + 8, frame : frame + 8], cosine.T @ kept @ cosine, atol=1e-3)
    steady = kind.apply(Mel(np.full((80, 64), -5.0, np.float32), mel().spec), 3.0, rng()).values
    assert np.ptp(steady) < 1e-5


def test_iterations_repair_a_phase() -> None:
    kind = degradation("griffin_lim")
    found = [error(kind, count, 1) for count in (0, 4, 32)]
    assert found[0] > 2 * found[1] > 2 * found[2] > 0
    assert kind.apply(mel(), 0, rng()).n_frames == mel().n_frames


def test_sound_goes_the_same_way() -> None:
    audio = load("en_unidentified")
    made = degradation("noise").apply_audio(audio, mel().spec, 20.0, rng(3))
    np.testing.assert_array_equal(made.values, degradation("noise").apply(extract(audio, mel().spec), 20.0, rng(3)).values)


RECIPE = [
    {"name": "noise", "low": 5, "high": 30, "chance": 0.5},
    {"name": "time_blur", "low": 0.5, "high": 2},
    {"name": "wrong_gain", "low": -6, "high": 6, "chance": 0.25},
]


def test_a_chain_is_its_parts_in_a_row() -> None:
    chain = Chain.fixed([("time_blur", 1.0), ("wrong_gain", -3.0)])
    made = chain(mel(), rng())
    alone = degradation("wrong_gain").apply(degradation("time_blur").apply(mel(), 1.0, rng()), -3.0, rng())
    np.testing.assert_array_equal(made.values, alone.values)
    assert [done["name"] for done in made.provenance["degraded"]] == ["time_blur", "wrong_gain"]
    drawn = Chain.of(RECIPE)
    np.testing.assert_array_equal(drawn(mel(), rng(4)).values, drawn.on_values(mel().values, mel().spec, rng(4)))
    assert drawn.quick and not Chain.fixed([("griffin_lim", 4)]).quick
    assert Chain.of([])(mel(), rng()) is mel()


def test_a_chain_draws_as_often_and_as_much_as_it_says() -> None:
    chain, generator = Chain.of(RECIPE), rng(7)
    found = [dict(chain.drawn(generator)) for _ in range(2000)]
    for name, chance, low, high in (("noise", 0.5, 5, 30), ("time_blur", 1, 0.5, 2), ("wrong_gain", 0.25, -6, 6)):
        doses = [one[name] for one in found if name in one]
        assert len(doses) / 2000 == pytest.approx(chance, abs=0.045)
        assert (
            low <= min(doses)
            and max(doses) <= high
            and abs(np.mean(doses) - (low + high) / 2) < (high - low) / len(doses) ** 0.5
        )
    alone = Chain.of(RECIPE, at_most=1)
    assert {len(alone.drawn(generator)) for _ in range(200)} == {1}
    assert alone.fingerprint != chain.fingerprint == Chain.of(RECIPE).fingerprint


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "nois", "low": 1, "high": 2}, "no such degradation"),
        ({"name": "noise", "low": 30, "high": 5}, "low"),
        ({"name": "noise", "low": 5, "high": 30, "chance": 2}, "chance"),
        ({"name": "noise", "low": 5, "hi": 30}, "hi"),
        ({"name": "time_blur", "low": -1, "high": 2}, "time_blur"),
    ],
)
def test_a_wrong_recipe_is_said(entry: dict[str, object], said: str) -> None:
    with pytest.raises(MelpactError, match=said):
        Chain.of([entry])


def test_doses_are_read_from_text() -> None:
    assert parsed("noise:15") == ("noise", 15.0) and parsed("wrong_gain:-6") == ("wrong_gain", -6.0)
    for text in ("noise", "noise:loud", "noise:", "time_blur:-1", "hiss:3"):
        with pytest.raises(MelpactError):
            parsed(text)
