"""What a vocoder loses where it computes in fewer bits: its sound of a shipped prompt against the sound in float32."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.audio.files import read
from melpact.audio.samples import path
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.features.analysis import extract
from melpact.features.pitch import pitch
from melpact.vocoders.neural.vocoder import NeuralVocoder

PROMPT = "en_noservice"
AUDIBLE_DB = 1.0
"""Mean error of the mel from which the loss counts as audible: about what a listener notices of a level."""
LEAST_SNR_DB = 20.0
_RANGE_DB = 60.0
_SECONDS = 2.0


@dataclass(frozen=True)
class Loss:
    """Fewer bits against float32, on one prompt.

    Attributes:
        snr_db: the sound in float32 over the difference, both without their mean.
        mel_error_db: mean distance of the two sounds' mels, where the one in float32 is within 60 dB of its loudest value.
        times_as_fast: the speed over that of float32 on the same runtime and threads; None where it was not measured.
    """

    snr_db: float
    mel_error_db: float
    times_as_fast: float | None = None

    @property
    def audible(self) -> bool:
        """Whether it is more than a listener would miss."""
        return self.mel_error_db > AUDIBLE_DB or self.snr_db < LEAST_SNR_DB

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return {name: round(value, 3) for name, value in vars(self).items() if value is not None}


def prompt_of(maker: NeuralVocoder) -> tuple[Mel, NDArray[np.float32] | None]:
    """The mel of the prompt as the vocoder takes it, and its pitch where it asks for one."""
    sound = read(path(PROMPT), duration_s=_SECONDS)
    return extract(sound, maker.spec), pitch(sound, maker.spec) if maker.takes.driven_by_pitch else None


def loss(full: NeuralVocoder, narrow: NeuralVocoder) -> Loss:
    """What `narrow` loses against `full`; both take one description."""
    mel, f0_hz = prompt_of(full)
    a, b = full(mel, f0_hz), narrow(mel, f0_hz)
    return Loss(_snr_db(a, b), _mel_error_db(a, b, mel))


def speed(maker: NeuralVocoder) -> float:
    """Seconds of sound per second, the best of three."""
    mel, f0_hz = prompt_of(maker)
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        maker(mel, f0_hz)
        spent.append(time.perf_counter() - began)
    return mel.duration_s / min(spent)


def _snr_db(a: Audio, b: Audio) -> float:
    x, y = (sound.samples[0].astype(np.float64) for sound in (a, b))
    x, y = x - x.mean(), y - y.mean()
    return 10 * math.log10(max(float(x @ x), 1e-30) / max(float((x - y) @ (x - y)), 1e-30))


def _mel_error_db(a: Audio, b: Audio, mel: Mel) -> float:
    """On the amplitudes of the description's own bands, whatever their log and scaling are."""
    plain = mel.spec.replace_quietly(scaling=NoScaling())
    gain = plain.log_gain
    nats = []
    for sound in (a, b):
        values = extract(sound, plain).values.astype(np.float64)
        nats.append(np.log(np.maximum(values, 1e-10)) if gain is None else values / gain)
    decibels = 20 / math.log(10) / plain.power
    heard = (nats[0].max() - nats[0]) * decibels < _RANGE_DB
    return float(np.abs(nats[0] - nats[1])[heard].mean()) * decibels
