"""The spectrum of a mel's inversion, block by block: what a network that corrects it starts from.

The blocks lie on a fixed grid from the first frame on, each continues the phase of the one before and sees a few frames
beyond its end, so that mels that come piece by piece give the bits that the whole gives, in bounded memory. Inversion to a
sound in one go is `melpact.vocoders.griffin_lim.vocoder`. Importing this module imports numba.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from melpact.contract.filterbank import filterbank
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.features.harmonic_track import Tracker
from melpact.features.inversion import bands_of, mel_to_magnitude
from melpact.vocoders.griffin_lim.blocks import AHEAD, BEFORE, BLOCK_FRAMES
from melpact.vocoders.griffin_lim.fast import Framing, refine
from melpact.vocoders.griffin_lim.phase_gradient import phase_from_magnitude
from melpact.vocoders.griffin_lim.targets import MelTarget
from melpact.vocoders.griffin_lim.vocoder import linear_mel, synthesis_window

Floats = NDArray[np.float32]

_MOMENTUM, _SETTLING = 0.99, 8
"""Momentum, and the part of the iterations (one in so many, at the end) that goes without: as the shipped
weights were trained. Over many sounds it makes no difference."""


def estimate(mel: Mel, *, iterations: int, seed: int = 0) -> Floats:
    """The spectrum of the sound that signal processing makes of a mel.

    Args:
        mel: values [n_mels, frames], without a scaling by the utterance's own statistics.
        iterations: of fast Griffin-Lim after the integrated phase; a vocoder's `start_iterations`.
        seed: of the phase where the magnitude says nothing about it.

    Returns:
        float32 [2 * bins, frames]: real parts above imaginary parts, each frame's transform beginning at its first sample;
        in the units of the signal that the analysis saw.

    Raises:
        ContractError: as `invert`.
    """
    blocks = Estimate(mel.spec, iterations=iterations, seed=seed)
    return np.concatenate([blocks.push(mel.values), blocks.finish()], axis=1)


class Estimate:
    """The same, of frames that come piece by piece.

    Args:
        spec: the mel's description.
        iterations, seed: as for `estimate`.
        block_frames, before, ahead: the grid; another one gives another spectrum.
    """

    def __init__(
        self,
        spec: MelSpec,
        *,
        iterations: int,
        seed: int = 0,
        block_frames: int = BLOCK_FRAMES,
        before: int = BEFORE,
        ahead: int = AHEAD,
    ) -> None:
        self.spec, self.iterations, self.seed = spec, iterations, seed
        self._block_frames, self._before, self._ahead = block_frames, before, ahead
        self._bands, self._window = bands_of(filterbank(spec)), synthesis_window(spec)
        self._tracker = Tracker.of(
            self._bands, power=spec.power, sample_rate=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length,
            window=self._window,
        )  # fmt: skip
        self._mel = np.empty((spec.n_mels, 0), np.float32)
        self._carried = np.empty((0, spec.n_fft // 2 + 1), np.complex64)
        self._blocks = 0

    def push(self, values: NDArray[np.floating]) -> Floats:
        """Take more frames [n_mels, any]; returns what is ready by them, [2 * bins, any].

        Raises:
            ContractError: values that are not numbers.
        """
        self._mel = np.concatenate([self._mel, np.asarray(values, np.float32)], axis=1)
        ready = []
        while self._mel.shape[1] - len(self._carried) >= self._block_frames + self._ahead:
            ready.append(self._block(self._block_frames))
        return self._joined(ready)

    def finish(self) -> Floats:
        """What is left, [2 * bins, any]; then this is done."""
        ready = []
        while left := self._mel.shape[1] - len(self._carried):
            ready.append(self._block(min(self._block_frames, left)))
        return self._joined(ready)

    def _block(self, count: int) -> NDArray[np.complex64]:
        """The next `count` frames, [count, bins]; forgets what no later block sees."""
        seen = len(self._carried)
        spectrum = self._made(self._mel[:, : seen + count + self._ahead])
        made = spectrum[seen : seen + count]
        kept = min(self._before, seen + count)
        self._mel = self._mel[:, seen + count - kept :]
        self._carried = np.concatenate([self._carried, made])[seen + count - kept :]
        self._blocks += 1
        return made

    def _made(self, values: Floats) -> NDArray[np.complex64]:
        spec, frames = self.spec, values.shape[1]
        linear = linear_mel(Mel(values, spec))
        harmonics = self._tracker.track(linear)
        magnitude = mel_to_magnitude(linear, self._bands, power=spec.power, harmonics=harmonics).T
        known = self._carried
        phase = phase_from_magnitude(
            np.ascontiguousarray(magnitude), n_fft=spec.n_fft, window=self._window, hop_length=spec.hop_length,
            rng=np.random.default_rng([self.seed, self._blocks]), known=np.angle(known) if len(known) else None,
        )  # fmt: skip
        spectrum = np.empty(phase.shape, np.complex64)
        np.multiply(magnitude, np.cos(phase), out=spectrum.real)
        np.multiply(magnitude, np.sin(phase), out=spectrum.imag)
        spectrum[: len(known)] = known
        framing = Framing.of(
            n_fft=spec.n_fft, window=self._window, hop_length=spec.hop_length, left_pad=spec.left_pad, frames=frames
        )
        target = MelTarget.of(linear, self._bands, power=spec.power)
        settling = -(-self.iterations // _SETTLING)
        signal = refine(
            spectrum, target, framing, iterations=self.iterations, momentum=_MOMENTUM, settling=settling
        )  # fmt: skip
        return framing.analyse(signal, 0, frames)

    def _joined(self, blocks: list[NDArray[np.complex64]]) -> Floats:
        if not blocks:
            return np.empty((2 * self._carried.shape[1], 0), np.float32)
        whole = np.concatenate(blocks)
        return np.ascontiguousarray(np.concatenate([whole.real, whole.imag], axis=1).T)
