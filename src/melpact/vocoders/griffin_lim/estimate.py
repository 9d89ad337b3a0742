"""The spectrum of a mel's inversion: what a network that corrects it starts from. Importing this module imports numba."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.features.harmonic_track import track_harmonics
from melpact.features.inversion import mel_to_magnitude
from melpact.vocoders.griffin_lim import griffin_lim
from melpact.vocoders.griffin_lim.fast import Framing
from melpact.vocoders.griffin_lim.targets import MelTarget
from melpact.vocoders.griffin_lim.vocoder import linear_mel, synthesis_window

ITERATIONS = 8


def estimate(mel: Mel, *, iterations: int = ITERATIONS, seed: int = 0) -> NDArray[np.float32]:
    """The spectrum of the sound that signal processing makes of a mel.

    Args:
        mel: values [n_mels, frames].
        iterations: of fast Griffin-Lim after the integrated phase.
        seed: of the phase where the magnitude says nothing about it.

    Returns:
        float32 [2 * bins, frames]: real parts above imaginary parts, each frame's transform beginning at its first sample;
        in the units of the signal that the analysis saw. It is the spectrum of one signal, overlapping frames agree.

    Raises:
        ContractError: as `invert`.
    """
    spec = mel.spec
    bank, linear, window = filterbank(spec), linear_mel(mel), synthesis_window(spec)
    harmonics = track_harmonics(
        linear, bank, power=spec.power, sample_rate=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length,
        window=window,
    )  # fmt: skip
    magnitude = mel_to_magnitude(linear, bank, power=spec.power, harmonics=harmonics)
    frames = magnitude.shape[1]
    signal = griffin_lim(
        magnitude,
        n_fft=spec.n_fft,
        window=window,
        hop_length=spec.hop_length,
        left_pad=0,
        n_samples=(frames - 1) * spec.hop_length + spec.n_fft,
        iterations=iterations,
        rng=np.random.default_rng(seed),
        target=MelTarget.of(linear, bank, power=spec.power),
    )
    framing = Framing.of(n_fft=spec.n_fft, window=window, hop_length=spec.hop_length, left_pad=0, frames=frames)
    spectrum = framing.analyse(signal, 0, frames)
    return np.ascontiguousarray(np.concatenate([spectrum.real, spectrum.imag], axis=1).T)
