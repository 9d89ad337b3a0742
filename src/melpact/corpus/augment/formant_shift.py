"""Another vocal tract at the same pitch: the spectral envelope is moved along the frequency axis, the harmonics stay."""

from __future__ import annotations

import numpy as np
from pydantic import Field
from scipy.fft import irfft, rfft

from melpact.corpus.augment._augmentation import Augmentation, Float64, ranged
from melpact.corpus.augment._stft import overlapped, sizes, spectra

_LIFTER_S = 0.0018
_MOST_DB = 30.0
_QUIET = 1e-7


class FormantShift(Augmentation):
    """Formants move by up to ± `semitones`.

    The envelope is the part of the cepstrum below 1.8 ms, which a pitch below 500 Hz does not reach; no bin is raised or
    lowered by more than 30 dB.
    """

    semitones: float = Field(default=3.0, ge=0, le=12)

    def _change(self, samples: Float64, sample_rate: int, rng: np.random.Generator) -> Float64:
        factor = 2 ** (self.strength * ranged(rng, -self.semitones, self.semitones) / 12)
        n_fft, hop = sizes(sample_rate)
        positions = np.arange(-(-samples.size // hop) + 1, dtype=np.int64) * hop
        found = spectra(samples, positions, n_fft)
        level = np.log(np.maximum(np.abs(found), _QUIET * max(1e-9, float(np.abs(found).max()))))
        cepstrum = irfft(level, n_fft, axis=1)
        kept = min(n_fft // 2 - 1, round(_LIFTER_S * sample_rate))
        taper = np.cos(np.pi / 2 * np.arange(kept + 1) / (kept + 1)) ** 0.5
        lifter = np.zeros(n_fft)
        lifter[: kept + 1] = taper
        lifter[n_fft - kept :] = taper[:0:-1]
        envelope = rfft(cepstrum * lifter, axis=1).real
        bins = np.arange(envelope.shape[1])
        wanted = np.minimum(bins / factor, envelope.shape[1] - 1)
        low = np.floor(wanted).astype(np.int64)
        high = np.minimum(low + 1, envelope.shape[1] - 1)
        moved = envelope[:, low] + (wanted - low) * (envelope[:, high] - envelope[:, low])
        most = _MOST_DB * np.log(10) / 20
        return overlapped(found * np.exp(np.clip(moved - envelope, -most, most)), hop, samples.size, n_fft)


PLUGIN = FormantShift
