"""The inversion while the mel is still coming: frames in, samples out, a few frames later. Of whole mels it is `vocoder`'s.

Each block continues the phase of those before and sees `ahead_frames` beyond its end (`estimate`); its frames are added
up as Griffin and Lim's least-squares synthesis adds them (`fast`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from melpact.contract.spec import MelSpec
from melpact.vocoders.griffin_lim.estimate import Estimate
from melpact.vocoders.griffin_lim.fast import Framing
from melpact.vocoders.griffin_lim.vocoder import synthesis_window

Floats = NDArray[np.float32]


class OnlineInversion:
    """Frames to sound.

    Args:
        spec: the mel's description.
        block_frames: frames that are inverted at once. ahead_frames: frames behind them that have to be there.
        iterations: of fast Griffin-Lim per block. seed: of the phase where the magnitude says nothing about it.
    """

    def __init__(
        self, spec: MelSpec, *, block_frames: int = 8, ahead_frames: int = 6, iterations: int = 32, seed: int = 0
    ) -> None:
        self.spec, self.ahead_frames = spec, ahead_frames
        self._estimate = Estimate(
            spec, iterations=iterations, seed=seed, block_frames=block_frames, before=block_frames + 8, ahead=ahead_frames
        )
        self._window = synthesis_window(spec)
        # the sum of squared windows in the middle of a sound, where every sample lies in as many frames as any
        many = 2 * -(-spec.n_fft // spec.hop_length) + 1
        framing = Framing.of(
            n_fft=spec.n_fft, window=self._window, hop_length=spec.hop_length, left_pad=spec.left_pad, frames=many
        )
        middle = many // 2 * spec.hop_length
        self._scale = framing.scale[middle : middle + spec.hop_length]
        self._sum = np.zeros(spec.n_fft, np.float32)
        self._skip = spec.left_pad
        self._emphasis = np.zeros(1)

    @property
    def behind_samples(self) -> int:
        """With m frames there, the samples before m·hop - behind are sure, but for the rest of a block."""
        return self.ahead_frames * self.spec.hop_length + self.spec.left_pad

    def push(self, values: Floats) -> Floats:
        """More frames, [n_mels, n], in the mel's own scaling → the samples that became sure, float32 [≥ 0]."""
        return self._added(self._estimate.push(values))

    def finish(self) -> Floats:
        """The samples that are left, with those behind the last frame."""
        made = self._added(self._estimate.finish())
        rest = self._cut(self._sum * np.resize(self._scale, self._sum.size))
        self._sum = np.zeros_like(self._sum)
        return np.concatenate([made, rest])

    def _added(self, spectrum: Floats) -> Floats:
        half, hop = spectrum.shape[0] // 2, self.spec.hop_length
        made = [np.zeros(0, np.float32)]
        for frame in (spectrum[:half] + 1j * spectrum[half:]).T:
            self._sum += (fft.irfft(frame, n=self.spec.n_fft) * self._window).astype(np.float32)
            made.append(self._cut(self._sum[:hop] * self._scale))
            self._sum = np.concatenate([self._sum[hop:], np.zeros(hop, np.float32)])
        return np.concatenate(made)

    def _cut(self, samples: Floats) -> Floats:
        """Without the padding before the sound; pre-emphasis and waveform scale undone."""
        skipped = min(self._skip, samples.size)
        self._skip -= skipped
        samples = samples[skipped:]
        if self.spec.preemphasis and samples.size:
            from scipy.signal import lfilter

            pole = [1.0, -self.spec.preemphasis]
            wide, self._emphasis = lfilter([1.0], pole, samples.astype(np.float64), zi=self._emphasis)
            samples = wide.astype(np.float32)
        return np.asarray(samples / np.float32(self.spec.waveform_scale), np.float32)
