"""What published systems do to get their mel, typed once more from their sources: numbers and steps.

In float64, on librosa's or torch's STFT and librosa's or transformers' filterbank; nothing is read from
melpact but the 80 divisors of Tortoise. `RECIPES` is reference id → (samples float64 [time] → mel [n_mels,
frames]). No tests live here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from melpact.contract.tortoise_norms import TORTOISE_MEL_NORMS

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

Floats = NDArray[np.float64]
Recipe = Callable[[Floats], Floats]
RECIPES: dict[str, Recipe] = {}


@cache
def bank(sr: int, n_fft: int, n_mels: int, f_min: float, f_max: float | None, htk: bool, norm: str | None) -> Floats:
    return librosa.filters.mel(
        sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=f_min, fmax=f_max, htk=htk, norm=norm, dtype=np.float64
    )


def torch_power(
    y: Floats,
    n_fft: int,
    win: int,
    hop: int,
    mode: str | None,
    window: Callable = torch.hann_window,
    periodic: bool = True,
) -> Floats:
    """|torch.stft|² in float64; `mode` None means that the caller has padded."""
    spectrum = torch.stft(
        torch.from_numpy(y)[None], n_fft, hop, win, window(win, periodic=periodic, dtype=torch.float64),
        center=mode is not None, pad_mode=mode or "reflect", return_complex=True,
    )[0]  # fmt: skip
    return (spectrum.real**2 + spectrum.imag**2).numpy()


def both_sides(y: Floats, samples: int, mode: str = "reflect") -> Floats:
    return torch.nn.functional.pad(torch.from_numpy(y)[None, None], (samples, samples), mode=mode)[0, 0].numpy()


def rows(table: str) -> Iterator[list[str]]:
    yield from (line.split() for line in table.strip().splitlines())


def number(text: str) -> float | None:
    return None if text == "-" else float(text)


# --- HiFi-GAN, VITS, NSF-HiFiGAN and their copies: (n_fft - hop) / 2 on each side, sqrt(P + eps), slaney, ln
#     id                         rate n_fft win hop bands f_min f_max eps floor
SAME = """
hifigan-22k-80                   22050 1024 1024 256  80  0  8000 1e-9 1e-5
hifigan-22k-80-loss              22050 1024 1024 256  80  0     - 1e-9 1e-5
bigvgan-22k-80-fmax8k            22050 1024 1024 256  80  0  8000 1e-9 1e-5
bigvgan-v2-22k-80                22050 1024 1024 256  80  0     - 1e-9 1e-5
bigvgan-24k-100                  24000 1024 1024 256 100  0 12000 1e-9 1e-5
bigvgan-v2-44k-128-256x          44100 1024 1024 256 128  0     - 1e-9 1e-5
bigvgan-v2-44k-128-512x          44100 2048 2048 512 128  0     - 1e-9 1e-5
matcha-ljspeech                  22050 1024 1024 256  80  0  8000 1e-9 1e-5
matcha-vctk                      22050 1024 1024 256  80  0  8000 1e-9 1e-5
matcha-hificaptain-en-f          22050 1024 1024 256  80  0  8000 1e-9 1e-5
cosyvoice1-22k-80                22050 1024 1024 256  80  0  8000 1e-9 1e-5
cosyvoice2-24k-80                24000 1920 1920 480  80  0  8000 1e-9 1e-5
cosyvoice3-24k-80                24000 1920 1920 480  80  0     - 1e-9 1e-5
seedvc-22k-80                    22050 1024 1024 256  80  0     - 1e-9 1e-5
seedvc-22k-80-fmax8k             22050 1024 1024 256  80  0  8000 1e-9 1e-5
seedvc-44k-128                   44100 2048 2048 512 128  0     - 1e-9 1e-5
f5tts-bigvgan-24k-100            24000 1024 1024 256 100  0     - 1e-9 1e-5
univnet-24k-100                  24000 1024 1024 256 100  0 12000 1e-9 1e-5
knnvc-hifigan-16k-80             16000 1024 1024 320  80  0  8000    0 1e-5
amphion-vocoder-24k-100          24000 1024 1024 256 100  0 12000 1e-9 1e-5
amphion-base-24k-80              24000 1024  480 120  80  0 12000 1e-9 1e-5
amphion-vits-mel                 24000 1024 1024 256  80  0     - 1e-6 1e-5
amphion-vevo-24k-128             24000 1920 1920 480 128  0 12000 1e-9 1e-5
vits-22k-80                      22050 1024 1024 256  80  0     - 1e-6 1e-5
coqui-vits-22k-80                22050 1024 1024 256  80  0     - 1e-6 1e-5
sovits41-44k-80                  44100 2048 2048 512  80  0 22050 1e-6 1e-5
rvc-32k-80                       32000 1024 1024 320  80  0     - 1e-6 1e-5
rvc-32k-80-2026                  32000 1024 1024 320  80  0     - 2e-7 2e-6
rvc-40k-125                      40000 2048 2048 400 125  0     - 1e-6 1e-5
rvc-40k-125-2026                 40000 2048 2048 400 125  0     - 2e-7 2e-6
rvc-48k-128                      48000 2048 2048 480 128  0     - 1e-6 1e-5
rvc-48k-128-2026                 48000 2048 2048 480 128  0     - 2e-7 2e-6
gptsovits-v1v2-32k               32000 2048 2048 640 128  0     - 1e-8 1e-5
gptsovits-v3-24k-100             24000 1024 1024 256 100  0     - 1e-8 1e-5
gptsovits-v4-32k-100             32000 1280 1280 320 100  0     - 1e-8 1e-5
fishspeech-44k-128               44100 2048 2048 512 128  0     - 1e-6 1e-5
diffsinger-openvpi-44k-128       44100 2048 2048 512 128 40 16000    0 1e-5
diffsinger-openvpi-44k-128-log10 44100 2048 2048 512 128 40 16000    0 1e-5
openvpi-singingvocoders-44k-128  44100 2048 2048 512 128 40 16000    0 1e-9
sovits41-diffusion-44k-128       44100 2048 2048 512 128 40 16000 1e-9 1e-5
ddspsvc-44k-128                  44100 2048 2048 512 128 40 16000 1e-9 1e-5
"""
AFTER: dict[str, Recipe] = {
    "matcha-ljspeech": lambda x: (x + 5.536622) / 2.116101,
    "matcha-vctk": lambda x: (x + 6.630575) / 2.482914,
    "matcha-hificaptain-en-f": lambda x: (x + 6.38385) / 2.541796,
    "amphion-vevo-24k-128": lambda x: (x + 4.92) / math.sqrt(8.14),
    "gptsovits-v3-24k-100": lambda x: (x + 12) / 14 * 2 - 1,
    "gptsovits-v4-32k-100": lambda x: (x + 12) / 14 * 2 - 1,
    "diffsinger-openvpi-44k-128-log10": lambda x: 0.434294 * x,
    "tortoise-univnet-24k-100": lambda x: 2 * (x + 11.512925148010254) / (2.3143386840820312 + 11.512925148010254) - 1,
}


def _same(
    sr: int,
    n_fft: int,
    win: int,
    hop: int,
    bands: int,
    f_min: float,
    f_max: float | None,
    eps: float,
    floor: float,
) -> Recipe:
    def recipe(y: Floats) -> Floats:
        power = torch_power(both_sides(y, (n_fft - hop) // 2), n_fft, win, hop, None)
        return np.log(np.maximum(bank(sr, n_fft, bands, f_min, f_max, False, "slaney") @ np.sqrt(power + eps), floor))

    return recipe


for _id, *_n in rows(SAME):
    _mel = _same(*map(int, _n[:5]), float(_n[5]), number(_n[6]), float(_n[7]), float(_n[8]))
    RECIPES[_id] = _mel if _id not in AFTER else (lambda y, mel=_mel, after=AFTER[_id]: after(mel(y)))

# --- Tacotron 2's STFT and other centred ln mels; PWG's log10 with librosa; all slaney, power 1 ---
#     id                         rate n_fft win hop bands f_min f_max padding  floor clamp of P
CENTRED_LN = """
amphion-fs2-22k-80               22050 1024 1024 256  80  0  8000 reflect  1e-5 0
tacotron2-nvidia-22k-80          22050 1024 1024 256  80  0  8000 reflect  1e-5 0
waveglow-22k-80                  22050 1024 1024 256  80  0  8000 reflect  1e-5 0
fastspeech2-ming024-22k-80       22050 1024 1024 256  80  0  8000 reflect  1e-5 0
speechbrain-hifigan-22k-80       22050 1024 1024 256  80  0  8000 reflect  1e-5 0
audioldm2-16k-64                 16000 1024 1024 160  64  0  8000 reflect  1e-5 0
audioldm2-48k-256                48000 2048 2048 480 256 20 24000 reflect  1e-5 0
tortoise-univnet-24k-100         24000 1024 1024 256 100  0 12000 reflect  1e-5 0
coqui-ljspeech-ln-22k-80         22050 1024 1024 256  80  0  8000 reflect  1e-8 0
coqui-tortoise-univnet-24k-100   24000 1024 1024 256 100  0 12000 reflect  1e-5 1e-8
myxtts-librosa-22k-80            22050 1024 1024 256  80  0 11025 constant 1e-5 0
"""
LOG10 = """
pwg-ljspeech-22k-80              22050 1024 1024 256  80 80  7600 reflect  1e-10 0
pwg-ljspeech-22k-80-nolimit      22050 1024 1024 256  80  0 11025 reflect  1e-10 0
pwg-24k-80                       24000 2048 1200 300  80 80  7600 reflect  1e-10 0
pwg-16k-80                       16000 1024 1024 256  80 80  7600 reflect  1e-10 0
pwg-cvss-16k-80                  16000  512  400 160  80 80  7600 reflect  1e-10 0
pwg-kss-44k-120                  44100 2048 2048 512 120 80 22050 reflect  1e-10 0
pwg-melspec-loss                 22050 1024 1024 256  80 80  7600 reflect  1e-10 1e-10
espnet2-tts-ljspeech-22k-80      22050 1024 1024 256  80 80  7600 reflect  1e-10 1e-10
espnet2-tts-24k-80               24000 2048 1200 300  80 80  7600 reflect  1e-10 1e-10
tensorflowtts-ljspeech-22k-80    22050 1024 1024 256  80 80  7600 reflect  1e-10 0
tensorflowtts-baker-24k-80       24000 2048 1200 300  80 80  7600 reflect  1e-10 0
tensorflowtts-libritts-24k-80    24000 1024 1024 300  80 80  7600 reflect  1e-10 0
speecht5-16k-80                  16000 1024 1024 256  80 80  7600 reflect  1e-10 0
diffsinger-original-24k-80       24000  512  512 128  80 30 12000 constant 1e-6  0
diffsinger-original-lj-22k-80    22050 1024 1024 256  80 80  7600 constant 1e-10 0
"""


def centred(log: Callable, line: list[str]) -> Recipe:
    sr, n_fft, win, hop, bands = map(int, line[:5])
    f_min, f_max, mode, floor, clamp = (
        float(line[5]),
        number(line[6]),
        line[7],
        float(line[8]),
        float(line[9]),
    )

    def recipe(y: Floats) -> Floats:
        spectrum = librosa.stft(y, n_fft=n_fft, hop_length=hop, win_length=win, window="hann", center=True, pad_mode=mode)
        magnitude = np.sqrt(np.maximum(np.abs(spectrum) ** 2, clamp))
        return log(np.maximum(floor, bank(sr, n_fft, bands, f_min, f_max, False, "slaney") @ magnitude))

    return recipe


for _log, _table in ((np.log, CENTRED_LN), (np.log10, LOG10)):
    for _id, *_n in rows(_table):
        _mel = centred(_log, _n)
        RECIPES[_id] = _mel if _id not in AFTER else (lambda y, mel=_mel, after=AFTER[_id]: after(mel(y)))

# --- torchaudio-type mels (HTK), Tortoise and XTTS, NeMo, Whisper, CLAP: one at a time ------------


def recipe(*ids: str) -> Callable[[Recipe], Recipe]:
    def register(function: Recipe) -> Recipe:
        for one in ids:
            RECIPES[one] = function
        return function

    return register


def _ln_clamp(x: Floats, floor: float) -> Floats:
    return np.log(np.maximum(x, floor))


@recipe("vocos-mel-24k-100", "indextts1-cond-24k-100")
def _vocos(y: Floats) -> Floats:
    return _ln_clamp(
        bank(24000, 1024, 100, 0, 12000, True, None) @ np.sqrt(torch_power(y, 1024, 1024, 256, "reflect")),
        1e-7,
    )


@recipe("f5tts-vocos-24k-100")
def _f5tts(y: Floats) -> Floats:
    return _ln_clamp(
        bank(24000, 1024, 100, 0, 12000, True, None) @ np.sqrt(torch_power(y, 1024, 1024, 256, "reflect")),
        1e-5,
    )


@recipe("vocos-same-24k-100")
def _vocos_same(y: Floats) -> Floats:
    power = torch_power(both_sides(y, (1024 - 256) // 2), 1024, 1024, 256, None)
    return _ln_clamp(bank(24000, 1024, 100, 0, 12000, True, None) @ np.sqrt(power), 1e-7)


@recipe("styletts2-24k-80", "starganv2vc-24k-80")
def _styletts2(y: Floats) -> Floats:
    """The bank believes in 16 kHz."""
    return (np.log(1e-5 + bank(16000, 2048, 80, 0, 8000, True, None) @ torch_power(y, 2048, 1200, 300, "reflect")) + 4) / 4


@recipe("facodec-24k-80")
def _facodec(y: Floats) -> Floats:
    return (np.log(1e-5 + bank(24000, 2048, 80, 0, 12000, True, None) @ torch_power(y, 2048, 1200, 300, "reflect")) + 4) / 4


@recipe("rmvpe-16k-128")
def _rmvpe(y: Floats) -> Floats:
    return _ln_clamp(
        bank(16000, 1024, 128, 30, 8000, True, "slaney") @ np.sqrt(torch_power(y, 1024, 1024, 160, "reflect")),
        1e-5,
    )


def _tortoise(n_fft: int, win: int, hop: int) -> Recipe:
    norms = np.asarray(TORTOISE_MEL_NORMS)[:, None]
    return lambda y: (
        _ln_clamp(bank(22050, n_fft, 80, 0, 8000, True, "slaney") @ torch_power(y, n_fft, win, hop, "reflect"), 1e-5) / norms
    )


RECIPES["tortoise-cond-22k-80"] = RECIPES["xtts-dvae-22k-80"] = _tortoise(1024, 1024, 256)
RECIPES["xtts-v2-cond-22k-80"], RECIPES["xtts-v1-cond-22k-80"] = (
    _tortoise(2048, 1024, 256),
    _tortoise(4096, 4096, 1024),
)


@recipe("xtts-speaker-encoder-16k-64")
def _xtts_speaker(y: Floats) -> Floats:
    padded = torch.nn.functional.pad(torch.from_numpy(y)[None, None], (1, 0), mode="reflect")
    emphasised = torch.nn.functional.conv1d(padded, torch.tensor([[[-0.97, 1.0]]], dtype=torch.float64))[0, 0].numpy()
    power = torch_power(emphasised, 512, 400, 160, "reflect", torch.hamming_window)
    return np.log(bank(16000, 512, 64, 0, 8000, True, None) @ power + 1e-6)


@recipe("melgan-22k-80")
def _melgan(y: Floats) -> Floats:
    power = torch_power(both_sides(y, 384), 1024, 1024, 256, None)
    return np.log10(np.maximum(bank(22050, 1024, 80, 0, None, False, "slaney") @ np.sqrt(power), 1e-5))


def _nemo(
    sr: int, n_fft: int, hop: int, f_max: float | None, exact: bool, last: Recipe, norm: str | None = "slaney"
) -> Recipe:
    def nemo(y: Floats) -> Floats:
        if exact:
            y = both_sides(y, (n_fft - hop) // 2, "constant")
        power = torch_power(y, n_fft, n_fft, hop, None if exact else "constant", periodic=False)
        return last(bank(sr, n_fft, 80, 0, f_max, False, norm) @ np.sqrt(power))

    return nemo


RECIPES["nemo-fastpitch-22k-80"] = _nemo(22050, 1024, 256, 8000, False, lambda x: np.log(x + 1e-5))
RECIPES["nemo-waveglow-22k-80"] = _nemo(22050, 1024, 256, 8000, False, lambda x: _ln_clamp(x, 1e-5))
RECIPES["nemo-hifigan-22k-80"] = _nemo(22050, 1024, 256, 8000, True, lambda x: _ln_clamp(x, 1e-5))
RECIPES["nemo-tacotron2-22k-80"] = RECIPES["nemo-hifigan-22k-80"]
RECIPES["nemo-hifigan-44k-80"] = _nemo(44100, 2048, 512, None, True, lambda x: _ln_clamp(x, 1e-5))
RECIPES["nemo-tts-log1p-22k-80"] = _nemo(22050, 1024, 256, None, False, np.log1p, None)


@recipe("nemo-asr-default-16k-64")
def _nemo_asr(y: Floats) -> Floats:
    y = np.concatenate([y[:1], y[1:] - 0.97 * y[:-1]])
    return np.log(
        bank(16000, 512, 64, 0, None, False, "slaney") @ torch_power(y, 512, 320, 160, "constant", periodic=False) + 2**-24
    )


def _whisper(bands: int) -> Recipe:
    def whisper(y: Floats) -> Floats:
        x = np.log10(
            np.maximum(
                bank(16000, 400, bands, 0, None, False, "slaney") @ torch_power(y, 400, 400, 160, "reflect")[:, :-1],
                1e-10,
            )
        )
        return (np.maximum(x, x.max() - 8) + 4) / 4

    return whisper


RECIPES["whisper-16k-80"], RECIPES["whisper-16k-128"] = _whisper(80), _whisper(128)


@recipe("clap-hf-fused-48k-64")
def _clap_fused(y: Floats) -> Floats:
    mel = bank(48000, 1024, 64, 0, 14000, True, None) @ torch_power(y, 1024, 1024, 480, "reflect")
    return librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)


@recipe("clap-hf-unfused-48k-64")
def _clap_unfused(y: Floats) -> Floats:
    mel = bank(48000, 1024, 64, 0, 14000, False, "slaney") @ torch_power(y, 1024, 1024, 480, "reflect")
    return librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)


@recipe("myxtts-tf-native-22k-80")
def _myxtts(y: Floats) -> Floats:
    """tf.signal: frames start at t·hop, zeros behind; HTK triangles straight over mel, without the DC bin."""
    weights = transformers.audio_utils.mel_filter_bank(
        513, 80, 0.0, 11025.0, 22050, norm=None, mel_scale="htk", triangularize_in_mel_space=True
    ).T.copy()
    weights[:, 0] = 0.0
    frames = -(-y.size // 256)
    power = torch_power(np.pad(y, (0, (frames - 1) * 256 + 1024 - y.size)), 1024, 1024, 256, None)
    x = np.log(weights @ np.sqrt(power) + 1e-6)
    return (x - x.min()) / (x.max() - x.min())


# --- librosa and its dB descendants ---------------------------------------------------------------


@recipe("librosa-melspectrogram-default")
def _librosa_default(y: Floats) -> Floats:
    return librosa.feature.melspectrogram(y=y, sr=22050, dtype=np.float64)


@recipe("rtvc-encoder-16k-40")
def _rtvc_encoder(y: Floats) -> Floats:
    return librosa.feature.melspectrogram(y=y, sr=16000, n_fft=400, hop_length=160, n_mels=40, dtype=np.float64)


@recipe("torchaudio-melspectrogram-default")
def _torchaudio_default(y: Floats) -> Floats:
    return bank(16000, 400, 128, 0, 8000, True, None) @ torch_power(y, 400, 400, 200, "reflect")


@recipe("voicefixer-analysis-44k-128")
def _voicefixer_analysis(y: Floats) -> Floats:
    magnitude = np.sqrt(np.maximum(torch_power(y, 2048, 2048, 441, "reflect"), 1e-8))
    return np.log10(np.maximum(bank(44100, 2048, 128, 0, None, True, None) @ magnitude, 1e-8))


def _db(
    sr: int, n_fft: int, win: int, hop: int, mode: str, f_min: float, f_max: float | None, *,
    pre: bool = False, power: int = 1, ref: float = 0.0, low: float = -100.0,
    out: tuple[float, float] = (0.0, 1.0),
    clip: tuple[float, float] | None = None, floor: float = 1e-5, htk: bool = False, bands: int = 80,
) -> Recipe:  # fmt: skip
    """keithito's chain: pre-emphasis, STFT, mel, 20 log10(max(floor, ·)) - ref, low … 0 dB to `out`, clip."""

    def keithito(y: Floats) -> Floats:
        y = lfilter([1, -0.97], [1], y) if pre else y
        spectrum = np.abs(librosa.stft(y, n_fft=n_fft, hop_length=hop, win_length=win, pad_mode=mode)) ** power
        db = 20 * np.log10(np.maximum(floor, bank(sr, n_fft, bands, f_min, f_max, htk, "slaney") @ spectrum)) - ref
        return np.clip((out[1] - out[0]) * (db - low) / -low + out[0], *(clip or out))

    return keithito


RECIPES |= {
    "keithito-tacotron-20k-80": _db(20000, 2048, 1000, 250, "reflect", 0, None, pre=True, ref=20),
    "keithito-tacotron-20k-80-pre2018": _db(20000, 2048, 1000, 250, "reflect", 0, None, pre=True),
    "rayhane-tacotron2-22k-80": _db(
        22050, 2048, 1100, 275, "constant", 55, 7600, pre=True, power=2, ref=20, out=(-4, 4)
    ),
    "rtvc-synth-16k-80": _db(16000, 800, 800, 200, "constant", 55, 7600, pre=True, ref=20, out=(-4, 4)),
    "fatchord-wavernn-22k-80": _db(22050, 2048, 1100, 275, "constant", 40, None),
    "autovc-16k-80": _db(16000, 1024, 1024, 256, "reflect", 90, 7600, ref=16),
    "dctts-22k-80": _db(22050, 2048, 1102, 275, "constant", 0, None, pre=True, ref=20, clip=(1e-8, 1)),
    "coqui-ap-default-22k-80": _db(
        22050, 1024, 1024, 256, "reflect", 0, None, ref=20, out=(-4, 4), floor=1e-8
    ),
    "voicefixer-vocoder-44k-128": _db(
        44100, 2048, 2048, 441, "constant", 0, None, ref=20, low=-115, out=(-4, 4), htk=True, bands=128
    ),
}  # fmt: skip
