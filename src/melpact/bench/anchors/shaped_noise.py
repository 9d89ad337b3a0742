"""Noise with the original's long-term spectrum and level: all that is left when time and phase are forgotten."""

from __future__ import annotations

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.anchor import Anchor, Scene

_FRAME_S = 0.04


def make(scene: Scene) -> Audio:
    from scipy.fft import irfft, next_fast_len, rfft

    x, rate = scene.original.samples[0].astype(np.float64), scene.original.sample_rate
    size = next_fast_len(max(16, int(_FRAME_S * rate)), real=True)
    hop, window = size // 2, np.hanning(size + 1)[:size]
    padded = np.pad(x, (hop, size + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    spectrum = np.sqrt(np.mean(np.abs(rfft(frames * window, axis=1)) ** 2, axis=0))
    total = next_fast_len(x.size + size, real=True)
    shape = np.interp(np.fft.rfftfreq(total), np.fft.rfftfreq(size), spectrum)
    noise = irfft(rfft(scene.rng.standard_normal(total)) * shape, total)[: x.size]
    level = float(np.sqrt(np.mean(x * x)))
    made = float(np.sqrt(np.mean(noise * noise)))
    return Audio((noise * (level / made if made > 0 else 0.0)).astype(np.float32)[None], rate)


PLUGIN = Anchor(
    "shaped_noise", "null", make, "Noise with the original's long-term spectrum and level: right colour, nothing said."
)
