"""Steady noise behind the sound, from white to brown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from melpact.contract.spec import MelSpec
from melpact.degradations.degradation import Degradation, Float32
from melpact.degradations.level import bands, of_powers, powers

_KNEE_HZ = 100.0


@dataclass(frozen=True)
class Noise(Degradation):
    """Sound and noise add up as powers do in a band of a spectrogram.

    The ratio is that of the powers within the bank's range over the whole mel. Noise falls with frequency above 100 Hz to
    the power of 0 to `steepest` (drawn). In a band of d independent numbers the power of sound S with noise of mean N has
    mean S + N and variance (N² + 2 S N) / d; it is drawn from the gamma distribution of these moments, by its cube root
    (Wilson and Hilferty 1931), and correlated over time as the windows overlap.
    """

    title = "steady noise behind the sound"
    meaning, unit = "power of the sound over that of the noise", "dB SNR"
    neutral, limits, doses = float("inf"), (-20.0, 100.0), (30.0, 15.0, 5.0)
    domain = "power"
    steepest: float = 2.0

    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        colour = self.steepest * rng.random()
        of = bands(spec)
        chance = _correlated(rng.standard_normal(level.shape, dtype=np.float32), of.overlap)
        sound = powers(level, spec)
        density = np.maximum(of.density, np.float32(1e-20))
        shape = (np.maximum(of.centre_hz, _KNEE_HZ) / _KNEE_HZ) ** np.float32(-colour)
        loudness = float((sound / density * of.width_hz).sum(dtype=np.float64)) / level.shape[1]
        noise = np.float32(loudness * 10 ** (-dose / 10) / float((shape * of.width_hz).sum())) * shape * density
        if not noise.any():
            return level
        mean = sound + noise
        narrow = np.sqrt(noise * (noise + 2 * sound) / of.freedom) / mean
        cube = 1 - narrow**2 / 9 + chance * narrow / 3
        return of_powers(mean * np.maximum(cube, 0) ** 3, spec)


def _correlated(white: Float32, overlap: tuple[float, ...]) -> Float32:
    """White numbers made alike in neighbouring frames, by a kernel whose own correlation is near `overlap`; variance 1."""
    # the square of a bell is the bell whose correlation with itself is the bell
    half = np.asarray(overlap) ** 2
    kernel = np.concatenate([half[:0:-1], half])
    kernel /= np.sqrt((kernel**2).sum())
    reach = len(half) - 1
    frames = white.shape[1]
    padded = np.pad(white, ((0, 0), (reach, reach)), "reflect" if frames > reach else "edge")
    return sum(np.float32(weight) * padded[:, k : k + frames] for k, weight in enumerate(kernel))  # type: ignore[return-value]


PLUGIN = Noise()
