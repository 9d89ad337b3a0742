"""What every vocoder promises: the public method checks contract and result; a final class writes only the synthesis."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel, check_one
from melpact.contract.spec import MelSpec


class Vocoder(ABC):
    """Mel → audio of `mel.n_samples` samples at the description's rate."""

    spec: MelSpec | None = None
    """The one description that this vocoder takes; None: any."""

    def __call__(self, mel: Mel) -> Audio:
        """Synthesise one mel, [n_mels, frames].

        Raises:
            SpecMismatch: the mel is in another description than the vocoder's.
            ContractError: NaN or infinity among the values, no frames, or a batch.
        """
        check_one(mel, self.spec, "vocoder")
        samples = self._synthesise(mel)
        if samples.shape != (mel.n_samples,) or not np.isfinite(samples).all():
            raise AssertionError(f"{type(self).__name__} gave {samples.shape}, wanted {mel.n_samples} finite samples")
        return Audio.of(samples, mel.spec.sample_rate)

    @abstractmethod
    def _synthesise(self, mel: Mel) -> NDArray[np.float32]:
        """float32 [mel.n_samples] of a checked mel."""
