"""Magnitudes from a mel, phase from the original: what is lost before any vocoder has to make a phase. A reference, not a
vocoder: it needs the sound that the mel was taken from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.features.framing import pad, preemphasise
from melpact.vocoders.griffin_lim.vocoder import linear_mel, synthesis_window, undo_waveform


def with_true_phase(original: Audio, mel: Mel) -> NDArray[np.float32]:
    """The sound of a mel's magnitudes with the phase of the original.

    Args:
        original: mono, at the description's rate.
        mel: of that sound.

    Returns:
        float32 [time], as long as the original.
    """
    from melpact.features.inversion import mel_to_magnitude
    from melpact.vocoders.griffin_lim.fast import Framing

    spec = mel.spec
    x = original.samples[0] * np.float32(spec.waveform_scale)
    padded = pad(preemphasise(x, spec), spec)
    framing = Framing.of(
        n_fft=spec.n_fft,
        window=synthesis_window(spec),
        hop_length=spec.hop_length,
        left_pad=spec.left_pad,
        frames=mel.n_frames,
    )
    missing = framing.scale.size - padded.size
    signal = np.pad(padded, (0, max(0, missing)))[: framing.scale.size]
    transform = framing.analyse(signal, 0, mel.n_frames)
    magnitude = mel_to_magnitude(linear_mel(mel), filterbank(spec), power=spec.power).T
    size = np.abs(transform)
    phased = np.where(size > 0, transform / np.maximum(size, 1e-30), 1.0) * magnitude
    y = framing.synthesise(phased.astype(np.complex64))[spec.left_pad :]
    y = np.pad(y, (0, max(0, x.size - y.size)))[: x.size]
    return undo_waveform(y.astype(np.float32), spec)
