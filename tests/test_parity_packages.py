"""The float64 oracle against implementations by other people; an installed package reaches every dialect.

Two kinds. `laws.recipes`: the published steps on librosa's or torch's STFT in float64: within 1e-9 (measured:
2e-12). `FLOAT32`: finished feature extractors that compute in float32: within 1e-3, on average 1e-5. All in
natural-log units.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from laws.recipes import RECIPES, centred
from laws.signals import errors, speech
from melpact.contract.dialect import dialect, dialect_for, dialects
from melpact.contract.scaling import measure
from melpact.contract.spec import MelSpec
from melpact.contract.tortoise_norms import TORTOISE_MEL_NORMS
from melpact.features.oracle import oracle_raw

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
knf = pytest.importorskip("kaldi_native_fbank")

Floats = NDArray[np.float64]
FLOAT32: dict[str, dict[str, Callable[[NDArray[np.float32]], NDArray[np.floating]]]] = {}

# --- finished float32 extractors ------------------------------------------------------------------


def float32(reference_id: str, package: str) -> Callable:
    def register(function: Callable) -> Callable:
        FLOAT32.setdefault(reference_id, {})[package] = function
        return function

    return register


def _kaldi(bands: int, scale: float, snip: bool = True, high: float = 0.0) -> Callable:
    def kaldi(y: NDArray[np.float32]) -> NDArray[np.float32]:
        options = knf.FbankOptions()
        frame, mel = options.frame_opts, options.mel_opts
        frame.dither, frame.window_type, frame.snip_edges, frame.samp_freq = 0.0, "povey", snip, 16000
        mel.num_bins, mel.low_freq, mel.high_freq = bands, 20.0, high
        engine = knf.OnlineFbank(options)
        engine.accept_waveform(16000, (y * np.float32(scale)).tolist())
        engine.input_finished()
        return np.stack([engine.get_frame(t) for t in range(engine.num_frames_ready)], axis=1)

    return kaldi


FLOAT32 |= {
    "kaldi-fbank-default": {"kaldi-native-fbank": _kaldi(23, 32768)},
    "torchaudio-kaldi-fbank": {"kaldi-native-fbank": _kaldi(23, 1)},
    "campplus-fbank-80": {"kaldi-native-fbank": _kaldi(80, 1)},
    "hf-seamless-fbank-80": {"kaldi-native-fbank": _kaldi(80, 32768)},
    "lhotse-fbank-80": {"kaldi-native-fbank": _kaldi(80, 1, snip=False, high=-400.0)},
}  # not hf-ast-fbank-128: Kaldi itself refuses 128 bands at n_fft 512, some of which are empty


@float32("hf-seamless-fbank-80", "transformers Speech2Text")
def _speech_to_text(y):
    extractor = transformers.Speech2TextFeatureExtractor(do_ceptral_normalize=False)
    return extractor(y, sampling_rate=16000, return_tensors="np").input_features[0].T


@float32("hf-seamless-fbank-80", "transformers SeamlessM4T")
def _seamless(y):
    extractor = transformers.SeamlessM4TFeatureExtractor()
    stacked = extractor(
        y, sampling_rate=16000, do_normalize_per_mel_bins=False, return_tensors="np"
    ).input_features[0]
    return stacked.reshape(-1, 80).T


@float32("hf-ast-fbank-128", "transformers AST")
def _ast(y):
    extractor = transformers.ASTFeatureExtractor(max_length=1 + (y.size - 400) // 160)
    return extractor(y, sampling_rate=16000, return_tensors="np").input_values[0].T


@float32("whisper-16k-80", "transformers Whisper (torch)")
def _whisper_80(y):
    return transformers.WhisperFeatureExtractor()(
        y, sampling_rate=16000, padding=False, return_tensors="np"
    ).input_features[0]


@float32("whisper-16k-128", "transformers Whisper (torch)")
def _whisper_128(y):
    extractor = transformers.WhisperFeatureExtractor(feature_size=128)
    return extractor(y, sampling_rate=16000, padding=False, return_tensors="np").input_features[0]


@float32("whisper-16k-80", "transformers Whisper (numpy)")
def _whisper_numpy(y):
    return transformers.WhisperFeatureExtractor()._np_extract_fbank_features(y[None], "cpu")[0]


@float32("speecht5-16k-80", "transformers SpeechT5")
def _speecht5(y):
    return (
        transformers.SpeechT5FeatureExtractor()(audio_target=y, sampling_rate=16000, return_tensors="np")
        .input_values[0]
        .T
    )


@float32("univnet-24k-100", "transformers UnivNet")
def _univnet(y):
    return transformers.UnivNetFeatureExtractor().mel_spectrogram(y).T


@float32("tortoise-cond-22k-80", "transformers Clvp")
def _clvp(y):
    extractor = transformers.ClvpFeatureExtractor(mel_norms=list(TORTOISE_MEL_NORMS))
    return extractor(y, sampling_rate=22050, max_length=y.size, return_tensors="np").input_features[0]


@float32("clap-hf-fused-48k-64", "transformers Clap")
def _clap_float(y):
    extractor = transformers.ClapFeatureExtractor()
    extractor.nb_max_samples = y.size
    return extractor(y, sampling_rate=48000, truncation="fusion", return_tensors="np").input_features[0, 0].T


@float32("clap-hf-unfused-48k-64", "transformers Clap")
def _clap_unfused_float(y):
    extractor = transformers.ClapFeatureExtractor(truncation="rand_trunc")
    extractor.nb_max_samples = y.size
    return extractor(y, sampling_rate=48000, return_tensors="np").input_features[0, 0].T


def _torch_float32(sr: int, n_fft: int, hop: int, bands: int, f_max: float | None, eps: float) -> Callable:
    """HiFi-GAN's mel in float32 from end to end, as it runs in training."""

    def hifigan(y: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = torch.nn.functional.pad(
            torch.from_numpy(y.copy())[None, None], ((n_fft - hop) // 2,) * 2, mode="reflect"
        )[0]
        s = torch.stft(
            padded, n_fft, hop, n_fft, torch.hann_window(n_fft), center=False, return_complex=True
        )[0]
        weights = torch.from_numpy(librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=bands, fmin=0, fmax=f_max))
        return torch.log(torch.clamp(weights @ torch.sqrt(s.real**2 + s.imag**2 + eps), min=1e-5)).numpy()

    return hifigan


FLOAT32["hifigan-22k-80"] = {"torch": _torch_float32(22050, 1024, 256, 80, 8000, 1e-9)}
FLOAT32["vits-22k-80"] = {"torch": _torch_float32(22050, 1024, 256, 80, None, 1e-6)}
FLOAT32["bigvgan-v2-44k-128-512x"] = {"torch": _torch_float32(44100, 2048, 512, 128, None, 1e-9)}
FLOAT32["seedvc-44k-128"] = FLOAT32["bigvgan-v2-44k-128-512x"]

# --- the comparisons ------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _raw(spec: MelSpec) -> Floats:
    return oracle_raw(speech(spec.sample_rate), spec)


def _against_oracle(got: NDArray[np.floating], spec: MelSpec) -> tuple[float, float]:
    raw = _raw(spec)
    return errors(got, spec.scaling.apply(raw, measure([raw]) if spec.scaling.needs() else {}), raw, spec)


@pytest.mark.parametrize("reference_id", sorted(RECIPES))
def test_oracle_equals_the_published_recipe(reference_id):
    spec = dialect_for(reference_id).spec
    worst, _ = _against_oracle(RECIPES[reference_id](speech(spec.sample_rate).astype(np.float64)), spec)
    assert worst <= 1e-9


@pytest.mark.parametrize("scale", [32, 64, 128, 256, 512, 1024, 2048])
def test_oracle_equals_each_scale_of_the_multi_scale_loss(scale):
    spec = dialect(f"dac_loss_44k:{scale}").spec
    bands = {32: 5, 64: 10, 128: 20, 256: 40, 512: 80, 1024: 160, 2048: 320}[scale]
    mel = centred(
        lambda x: np.log10(x), f"44100 {scale} {scale} {scale // 4} {bands} 0 - reflect 1e-5 0".split()
    )
    worst, _ = _against_oracle(mel(speech(44100).astype(np.float64)), spec)
    assert worst <= 1e-9


# Kaldi's float32 FFT leaves about 1e-7 of a frame's largest bin everywhere. Where a voice is loud and pre-
# emphasis has taken the lowest bands 78 dB (18 nats of power) below the loudest band of the same frame,
# that is more than 1e-3 of what is there.
HEARD = {"kaldi-native-fbank": 18.0}


@pytest.mark.parametrize(
    ("reference_id", "package"), [(i, p) for i in sorted(FLOAT32) for p in sorted(FLOAT32[i])]
)
def test_oracle_equals_the_float32_extractor(reference_id, package):
    spec = dialect_for(reference_id).spec
    got = np.asarray(FLOAT32[reference_id][package](speech(spec.sample_rate)))
    if package in HEARD:
        raw = _raw(spec)
        deep = raw < raw.max(axis=0) - HEARD[package]
        assert got.shape == raw.shape and deep.mean() < 0.02 and spec.scaling.kind == "none"
        got = np.where(deep, raw, got)
    worst, mean = _against_oracle(got, spec)
    assert worst <= 1e-3
    assert mean <= 1e-5


def test_every_dialect_is_reached_by_a_package():
    reached = set(RECIPES) | set(FLOAT32) | {"dac-multiscale-mel-loss"}
    every = {d.reference_id for d in dialects().values()}
    print(
        f"{len(reached)} of {len(every)} dialects: {len(RECIPES) + 1} in float64, "
        f"{len(FLOAT32)} by finished float32 extractors"
    )
    assert reached == every and len(reached) == 113
    assert len(RECIPES) + 1 >= 107 and len(FLOAT32) >= 16


# --- other forms of the same systems --------------------------------------------------------------


def test_form_of_univnet():
    extractor = transformers.UnivNetFeatureExtractor()
    got = extractor.normalize(extractor.mel_spectrogram(speech(24000))).T
    assert _against_oracle(got, dialect("univnet_24k:normalised").spec)[0] <= 1e-5


def test_form_of_seamless():
    extractor = transformers.SeamlessM4TFeatureExtractor()
    got = (
        extractor(speech(16000), sampling_rate=16000, return_tensors="np").input_features[0].reshape(-1, 80).T
    )
    assert _against_oracle(got, dialect("seamless_fbank_16k:normalised").spec)[0] <= 1e-4


def test_form_of_the_xtts_speaker_encoder():
    raw = _raw(dialect_for("xtts-speaker-encoder-16k-64").spec)
    got = torch.nn.functional.instance_norm(torch.from_numpy(raw)[None])[0].numpy()
    assert _against_oracle(got, dialect("xtts_speaker_encoder_16k:normalised").spec)[0] <= 1e-9


def test_form_of_pwg_with_scikit_learn():
    from sklearn.preprocessing import StandardScaler

    raw = _raw(dialect_for("pwg-24k-80").spec)
    scaler = StandardScaler().fit(raw.T)
    spec = dialect("pwg_24k:normalised", mean=scaler.mean_, std=scaler.scale_).spec
    assert _against_oracle(scaler.transform(raw.T).T, spec)[0] <= 1e-9


def test_form_of_nemo_asr():
    """Parakeet is NeMo's front end: `per_feature` over the frames it counts, one fewer than it computes."""
    extractor = transformers.ParakeetFeatureExtractor(feature_size=64, win_length=320)
    got = np.asarray(extractor(speech(16000), sampling_rate=16000, return_tensors="np").input_features[0]).T
    spec = dialect("nemo_asr_16k:normalised").spec
    raw = _raw(spec)
    assert got.shape == raw.shape and np.abs(got[:, -1]).max() == 0.0
    counted = raw[:, :-1]
    want = spec.scaling.apply(counted, measure([counted]))
    worst, mean = errors(got[:, :-1], want, counted, spec)
    assert worst <= 1e-3 and mean <= 1e-5
