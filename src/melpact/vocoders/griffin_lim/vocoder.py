"""Mel → audio without a trained model, in every dialect.

The inverse of scaling, log and floor is exact; the linear magnitude comes from `melpact.features.inversion`, the phase from
gradient integration and fast Griffin-Lim that restores the mel itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.features.oracle import expand
from melpact.features.window import window
from melpact.vocoders.base import Vocoder

Effort = Literal["fast", "best"]
_ITERATIONS: dict[Effort, int] = {"fast": 32, "best": 128}


@dataclass(frozen=True)
class GriffinLim(Vocoder):
    """Signal-processing vocoder for any description.

    Args:
        effort: "fast" or "best": iterations after the integrated phase.
        seed: of the phase where the magnitude says nothing about it.
    """

    effort: Effort = "best"
    seed: int = 0

    def _synthesise(self, mel: Mel) -> NDArray[np.float32]:
        from melpact.features.harmonic_track import track_harmonics
        from melpact.features.inversion import mel_to_magnitude
        from melpact.vocoders.griffin_lim import griffin_lim
        from melpact.vocoders.griffin_lim.targets import MelTarget

        spec = mel.spec
        bank = filterbank(spec)
        linear = linear_mel(mel)
        frame = synthesis_window(spec)
        harmonics = track_harmonics(
            linear,
            bank,
            power=spec.power,
            sample_rate=spec.sample_rate,
            n_fft=spec.n_fft,
            hop_length=spec.hop_length,
            window=frame,
        )
        y = griffin_lim(
            mel_to_magnitude(linear, bank, power=spec.power, harmonics=harmonics),
            n_fft=spec.n_fft,
            window=frame,
            hop_length=spec.hop_length,
            left_pad=spec.left_pad,
            n_samples=mel.n_samples,
            iterations=_ITERATIONS[self.effort],
            rng=np.random.default_rng(self.seed),
            target=MelTarget.of(linear, bank, power=spec.power),
        )
        return undo_waveform(y, spec)


def linear_mel(mel: Mel) -> NDArray[np.float32]:
    """Scaling, log and floor undone: float32 [n_mels, frames], what the filterbank gave. Values on a clamped floor are 0."""
    raw = mel.raw()
    values = expand(raw.values, raw.spec)
    spec = mel.spec
    if spec.floor_kind == "clamp":
        values[values <= spec.floor * (1 + 1e-5)] = 0.0
    return values.astype(np.float32)


def synthesis_window(spec: MelSpec) -> NDArray[np.float64]:
    """The analysis window as the FFT sees it: float64 [n_fft]."""
    w = window(spec)
    return np.pad(w, (0, spec.n_fft - w.size))


def undo_waveform(y: NDArray[np.float32], spec: MelSpec) -> NDArray[np.float32]:
    """Pre-emphasis and waveform scale undone: what the analysis saw → audio in [-1, 1]."""
    if spec.preemphasis:
        from scipy.signal import lfilter

        y = lfilter([1.0], [1.0, -spec.preemphasis], y.astype(np.float64)).astype(np.float32)
    return y / np.float32(spec.waveform_scale) if spec.waveform_scale != 1.0 else y


def invert(mel: Mel, *, effort: Effort = "best", seed: int = 0) -> Audio:
    """The sound of a mel, in any dialect.

    Args:
        mel: values [n_mels, frames] with their description.
        effort: "best", or "fast" at about two thirds of the time.
        seed: fixes the result.

    Returns:
        `Audio` of `mel.n_samples` samples at the description's rate, as loud as the mel says.

    Raises:
        ContractError: values that are not numbers, or a per-utterance scaling without its statistics.
    """
    return GriffinLim(effort, seed)(mel)
