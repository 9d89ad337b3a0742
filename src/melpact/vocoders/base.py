"""What every vocoder promises: the public method checks contract and result; a final class writes only the synthesis."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch


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
        if self.spec is not None and mel.spec != self.spec:
            raise SpecMismatch("this vocoder takes another mel", next=mel.spec.diff(self.spec).summary())
        if mel.values.ndim != 2:
            raise ContractError("one mel at a time", got=f"shape {list(mel.values.shape)}", wanted=f"[{mel.n_mels}, frames]")
        if mel.n_frames == 0:
            raise ContractError("the mel has no frames")
        finite = np.isfinite(mel.values)
        if not finite.all():
            band, frame = (int(i) for i in np.argwhere(~finite)[0])
            raise ContractError(
                "the mel holds values that are not numbers",
                got=f"{int((~finite).sum())} NaN or infinite of {mel.values.size}, the first in band {band}, frame {frame}",
                wanted="finite values",
                next="Repair the program that made it; no vocoder can",
            )
        samples = self._synthesise(mel)
        if samples.shape != (mel.n_samples,) or not np.isfinite(samples).all():
            raise AssertionError(f"{type(self).__name__} gave {samples.shape}, wanted {mel.n_samples} finite samples")
        return Audio.of(samples, mel.spec.sample_rate)

    @abstractmethod
    def _synthesise(self, mel: Mel) -> NDArray[np.float32]:
        """float32 [mel.n_samples] of a checked mel."""
