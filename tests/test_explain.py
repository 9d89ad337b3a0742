"""`explain`: the numbers in the text, each worked out here by another way than the module does it."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from melpact.contract.dialect import dialect, dialects
from melpact.contract.explain import _taper, explain, tone_linear
from melpact.contract.scaling import Affine, Tanh
from melpact.contract.spec import MelSpec
from melpact.features.oracle import oracle, oracle_raw
from melpact.features.window import window


def said(spec: MelSpec) -> str:
    """The text without its line breaks."""
    return re.sub(r"\s+", " ", explain(spec))


def full_scale_sine(spec: MelSpec) -> np.ndarray:
    return np.sin(2 * np.pi * 1000 * np.arange(spec.sample_rate) / spec.sample_rate)


def middle_peak(spec: MelSpec, scaled: bool = True) -> tuple[float, int]:
    mel = (oracle if scaled else oracle_raw)(full_scale_sine(spec), spec)
    frame = mel[:, mel.shape[1] // 2]
    return float(frame.max()), int(frame.argmax())


def tone_said(text: str) -> tuple[float, int]:
    found = re.search(r"1 kHz sine reads about (\S+)(?: \w+)? in its strongest band, number (\d+)", text)
    assert found, text
    return float(found[1]), int(found[2])


def test_hifigan() -> None:
    spec = dialect("hifigan_22k").spec
    text = said(spec)
    assert "hifigan_22k" in text and "cosyvoice1_22k" in text and "matcha_22k_vctk" in text
    assert f"Every 256 samples ({256 / 22.05:.1f} ms) a frame of 1024 samples ({1024 / 22.05:.1f} ms)" in text
    assert f"{22050 / 256:.2f} frames per second" in text and f"{22050 / 1024:.2f} Hz apart" in text
    assert "384 samples (17.4 ms) of a mirror image on each side" in text
    assert "centred 128 samples (5.8 ms) into the audio" in text
    assert "Ten seconds give 861 frames" in text  # floor(220500 / 256)
    step = (15 + 27 * math.log(8) / math.log(6.4)) / 81  # Slaney mel of 8000 Hz over 81 steps
    assert f"the lowest is {2 * step * 200 / 3:.4g} Hz wide" in text
    top = 8000 * (1 - math.exp(-2 * step * math.log(6.4) / 27))
    assert f"the highest {top:.4g} Hz" in text
    assert f"Digital silence reads {math.log(1e-5):.2f} nat" in text
    value, band = tone_said(text)
    peak, at = middle_peak(spec)
    assert value == pytest.approx(peak, abs=0.01) and band == at
    assert "floor of 1e-05" in text.split("Cannot be undone")[1]


def test_tacotron_with_its_decibel_window() -> None:
    spec = dialect("tacotron_20k").spec
    text = said(spec)
    assert "Every 250 samples (12.5 ms) a frame of 1000 samples (50.0 ms)" in text
    assert "in the middle of 2048 samples" in text and "1024 samples (51.2 ms)" in text
    assert "centred on the first sample" in text and "Ten seconds give 801 frames" in text
    assert "Pre-emphasis takes 0.97" in text and "20 dB are subtracted" in text
    assert "-100 dB become 0 and 0 dB become 1" in text and "below 0 or above 1" in text
    assert "Digital silence reads 0;" in text
    value, band = tone_said(text)
    peak, at = middle_peak(spec)
    assert value == pytest.approx(peak, abs=2e-3) and band == at
    lost = text.split("Cannot be undone")[1]
    assert "quieter than -100 dB" in lost and "louder than 0 dB" in lost
    assert "tacotron_20k_pre2018" in text


def test_kaldi() -> None:
    spec = dialect("kaldi_fbank").spec
    text = said(spec)
    assert "multiplied by 32768" in text and "Povey" in text and "symmetric" in text
    assert "Every 160 samples (10.0 ms) a frame of 400 samples (25.0 ms)" in text
    assert "at the start of 512 samples" in text and "not padded" in text
    assert "Ten seconds give 998 frames" in text  # 1 + (160000 - 400) // 160
    assert "straight over mel" in text and "Nyquist bin counts for nothing" in text
    assert f"Digital silence reads {math.log(2.0**-23):.2f} nat" in text
    value, band = tone_said(text)
    peak, at = middle_peak(spec)
    assert value == pytest.approx(peak, abs=0.02) and band == at
    assert "mean of each frame" in text.split("Cannot be undone")[1]


def test_the_window_is_the_engines_window() -> None:
    base = dialect("amphion_24k_base").spec
    for kind in ("hann", "hamming", "povey", "blackman", "ones"):
        for periodic in (True, False):
            spec = base.replace(window=kind, window_periodic=periodic, window_placement="start")
            assert np.abs(_taper(spec) - window(spec)).max() < 1e-12


def test_the_tone_is_what_the_oracle_hears_in_every_dialect() -> None:
    checked = 0
    for found in dialects().values():
        if found.asks or found.alias_of:
            continue
        spec = found.spec
        heard, band = middle_peak(spec, scaled=False)
        linear = tone_linear(spec)
        assert int(np.argmax(linear)) == band, found.name
        if spec.log_gain is None:
            assert linear.max() == pytest.approx(heard, rel=0.03), found.name
        else:
            known = np.log(linear.max() + (spec.floor if spec.floor_kind == "add" else 0.0))
            assert known == pytest.approx((heard + spec.reference) / spec.log_gain, abs=0.03), found.name
        checked += 1
    assert checked > 70


def test_silence_reads_what_the_oracle_hears_in_every_dialect() -> None:
    for found in dialects().values():
        if found.asks or found.spec.scaling.needs():
            continue
        text = said(found.spec)
        read = re.search(r"Digital silence reads (-?[\d.e-]*\d)(?: to (-?[\d.e-]*\d))?", text)
        assert read, text
        low, high = float(read[1]), float(read[2] or read[1])
        quiet = oracle(np.zeros(found.spec.sample_rate // 2), found.spec)
        assert low == pytest.approx(quiet.min(), rel=1e-3, abs=1e-6), found.name
        assert high == pytest.approx(quiet.max(), rel=1e-3, abs=1e-6), found.name


def test_every_dialect_is_explained_in_about_100_columns() -> None:
    for found in dialects().values():
        if found.asks:
            continue
        text = explain(found.spec)
        assert max(map(len, text.splitlines())) <= 105, found.name
        assert "nan" not in text.split() and " inf" not in text and "  ." not in text, found.name
        assert f"{found.spec.n_mels} triangles" in text and str(found.spec.hop_length) in text
        assert text == found.spec.explain()


def test_whisper_names_what_is_thrown_away() -> None:
    text = said(dialect("whisper_16k_80").spec)
    assert "The last frame is thrown away" in text and "Ten seconds give 1000 frames" in text
    assert "8 decades below the loudest" in text and "Digital silence reads -10 decades" in text
    assert "depends on the utterance" in text


def test_the_bank_of_another_rate_is_explained() -> None:
    text = said(dialect("styletts2_24k").spec)
    assert "built for 16000 Hz" in text and "8000 Hz are 12000 Hz of this audio" in text
    assert f"Digital silence reads {(math.log(1e-5) + 4) / 4:.4g}" in text and "starganv2vc_24k" in text


def test_empty_bands_are_a_weakness() -> None:
    text = said(dialect("torchaudio_default").spec)
    assert "Weaknesses: 4 of 128 mel bands hold no FFT bin" in text
    assert "Weaknesses" not in said(dialect("hifigan_22k").spec)


def test_a_description_without_a_name() -> None:
    spec = dialect("vocos_24k").spec.replace(scaling=Affine(scale=0.5))
    text = said(spec)
    assert "without a name" in text and spec.fingerprint in text and "vocos_24k" in text
    assert f"Digital silence reads {math.log(1e-7) / 2:.4g}" in text
    assert "without a name" in said(spec.replace(hop_length=300)) and "vocos" not in said(
        spec.replace(hop_length=300)
    )


def test_statistics_and_companding_are_named_as_losses() -> None:
    assert "(min, max)" in said(dialect("myxtts_22k").spec).split("Cannot be undone")[1]
    text = said(dialect("vocos_24k").spec.replace(scaling=Tanh(centre=-6.0, width=4.0)))
    found = re.search(r"Float32 brings the outermost values back only to (\S+) nat", text)
    assert found
    far = (
        math.log(512) + 6
    ) / 4  # a full-scale tone under half of 1024 Hann samples, further out than silence
    assert float(found[1]) == pytest.approx(4.0 * 2.0**-24 * math.cosh(far) ** 2, rel=0.01)
