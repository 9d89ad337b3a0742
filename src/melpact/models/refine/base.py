"""What every refiner promises: the public method checks contract and result; a final class writes only the refinement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, SpecMismatch
from melpact.models.refine.settings import Refining

Floats = NDArray[np.float32]
BLOCK_FRAMES = 256


class Refiner(ABC):
    """Mel → mel of the same description and length."""

    spec: MelSpec | None = None
    """The one description that this refiner takes; None: any."""
    method: str
    """What kind it is, as its file says it: "identity", "affine", "cnn" or "diffusion"."""
    title: str
    """In a few words, for tables."""
    strength: float = 1.0
    """What is taken where nobody asks for one; see `Refining`."""

    def __call__(
        self, mel: Mel, settings: Refining | None = None, *, f0_hz: Floats | None = None, voice: Floats | None = None
    ) -> Mel:
        """Refine one mel, [n_mels, frames].

        Args:
            settings: steps, strength, guidance, seed; `Refining()` by default.
            f0_hz: Hz per frame, 0 where unvoiced; only for a refiner that was trained with a pitch.
            voice: float32 [D], what the refiner was trained to know a speaker by; only for such a one.

        Returns:
            The same description and length. Before its scaling no value lies below the description's floor or above the
            ceiling that was kept with the refiner's statistics. At strength 0 the values of the input, bit for bit.

        Raises:
            SpecMismatch: the mel is in another description than the refiner's.
            ContractError: NaN or infinity among the values, no frames, a batch; a condition it was not trained with.
        """
        asked = self.asked(settings)
        self.check(mel)
        if asked.strength == 0:
            return mel
        raw = mel.raw().values
        return self._scaled(mel, self._held(self._refine(raw, asked, f0_hz, voice), raw.shape))

    def stream(
        self,
        mel: Mel,
        settings: Refining | None = None,
        *,
        f0_hz: Floats | None = None,
        voice: Floats | None = None,
        block_frames: int = BLOCK_FRAMES,
    ) -> Iterator[Floats]:
        """The same mel block by block: float32 [n_mels, ≤ block_frames], in the mel's own scaling.

        Each block is made from itself and the frames that it can see, so that memory is bounded whatever the length.
        """
        if block_frames < 1:
            raise ContractError("a block has at least one frame", where="block_frames", got=block_frames, wanted="1 or more")
        asked = self.asked(settings)
        self.check(mel)
        left, right = self.sees(asked)
        for begin in range(0, mel.n_frames, block_frames):
            end = min(begin + block_frames, mel.n_frames)
            first, last = max(0, begin - left), min(mel.n_frames, end + right)
            part = replace(mel, values=mel.values[:, first:last])
            if asked.strength == 0:
                yield part.values[:, begin - first : end - first]
                continue
            raw = part.raw().values
            pitch = None if f0_hz is None else f0_hz[first:last]
            made = self._held(self._refine(raw, asked, pitch, voice, first_frame=first), raw.shape)
            yield self._scaled(part, made).values[:, begin - first : end - first]

    def asked(self, settings: Refining | None) -> Refining:
        """The settings with this refiner's own strength where none was asked for."""
        settings = settings or Refining()
        return settings if settings.strength is not None else settings.model_copy(update={"strength": self.strength})

    def sees(self, settings: Refining) -> tuple[int, int]:
        """Frames to the left and right of a frame that it depends on, with all steps of these settings."""
        return 0, 0

    def check(self, mel: Mel) -> None:
        """Refuse what cannot be refined; see `__call__`."""
        if self.spec is not None and mel.spec != self.spec:
            raise SpecMismatch("this refiner takes another mel", next=mel.spec.diff(self.spec).summary())
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
                next="Repair the program that made it; no refiner can",
            )

    def ceiling(self) -> Floats | None:
        """The highest value of each band before scaling, float32 [n_mels]; None: there is no such limit."""
        return None

    @abstractmethod
    def _refine(
        self, values: Floats, settings: Refining, f0_hz: Floats | None, voice: Floats | None, *, first_frame: int = 0
    ) -> Floats:
        """float32 [n_mels, T] of checked values before scaling; `first_frame`: where in the whole mel they begin."""

    def _held(self, made: Floats, shape: tuple[int, ...]) -> Floats:
        """Within floor and ceiling."""
        if made.shape != shape:
            raise AssertionError(f"{type(self).__name__} gave {made.shape}, wanted {shape}")
        if not np.isfinite(made).all():
            raise ContractError(
                "the refiner's own arithmetic gave values that are not numbers",
                got=f"{int((~np.isfinite(made)).sum())} of {made.size} values",
                next="Its weights are broken",
            )
        if self.spec is None:
            return made
        ceiling = self.ceiling()
        held = np.maximum(made, np.float32(self.spec.floor_value)) if self.spec.floor_kind != "none" else made
        return held if ceiling is None else np.minimum(held, ceiling[:, None])

    def _scaled(self, mel: Mel, raw: Floats) -> Mel:
        """In the mel's own scaling, with what its utterance took out; what it came from stays said."""
        values = mel.spec.scaling.apply(raw, mel.utterance)
        return Mel(np.asarray(values, np.float32), mel.spec, mel.utterance, mel.provenance)
