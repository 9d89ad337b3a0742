"""What every refiner promises: the public method checks contract and result; a final class writes only the refinement."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from melpact.contract.mel import Mel, check_one
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.models.refine.facts import Facts
from melpact.models.refine.measured import Measured
from melpact.models.refine.settings import Refining

Floats = NDArray[np.float32]
BLOCK_FRAMES = 1024
STREAM_TOLERANCE = 1e-4
"""Largest difference between streamed and whole, in standard deviations of a band: convolutions add in another order at
other lengths."""


class Refiner(ABC):
    """Mel → mel of the same description and length."""

    method: ClassVar[str]
    """What kind it is: "identity", "affine", "cnn" or "diffusion"."""
    facts: Facts | None = None
    """What its file says; None: it needs none and takes any mel."""

    @property
    def spec(self) -> MelSpec | None:
        """The one description that it takes; None: any."""
        return None if self.facts is None else self.facts.spec

    @property
    def measured(self) -> Measured:
        """Where it was measured to help."""
        return Measured() if self.facts is None else self.facts.measured

    @property
    @abstractmethod
    def title(self) -> str:
        """In a few words, for tables."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """16 hexadecimal digits over what it does."""

    def __call__(
        self, mel: Mel, settings: Refining | None = None, *, f0_hz: Floats | None = None, voice: Floats | None = None
    ) -> Mel:
        """Refine one mel, [n_mels, frames].

        Args:
            settings: steps, strength, guidance, seed; the refiner's own by default.
            f0_hz: Hz per frame, 0 where unvoiced; only for a refiner that was trained with a pitch.
            voice: float32 [D], what the refiner was trained to know a speaker by; only for such a one.

        Returns:
            The same description and length. Before its scaling no value lies below the description's floor or above the
            ceiling that was kept with the refiner's statistics. At strength 0 the values of the input, bit for bit.

        Raises:
            SpecMismatch: the mel is in another description than the refiner's.
            ContractError: NaN or infinity among the values, no frames, a batch; a condition is missing or not taken.
        """
        return self.batch([mel], settings, f0_hz=[f0_hz], voice=[voice])[0]

    def batch(
        self,
        mels: Sequence[Mel],
        settings: Refining | None = None,
        *,
        f0_hz: Sequence[Floats | None] | None = None,
        voice: Sequence[Floats | None] | None = None,
    ) -> list[Mel]:
        """Refine several mels of any lengths; each becomes what it becomes alone (within `STREAM_TOLERANCE`).

        Raises:
            SpecMismatch, ContractError: as for one.
        """
        asked = self.asked(settings)
        pitches = [None] * len(mels) if f0_hz is None else list(f0_hz)
        voices = [None] * len(mels) if voice is None else list(voice)
        for mel, pitch, speaker in zip(mels, pitches, voices, strict=True):
            self.check(mel, pitch, speaker)
        if asked.strength == 0:
            return list(mels)
        given = [mel.raw().values for mel in mels]
        made = self._refine(given, asked, pitches, voices, 0)
        return [self._scaled(mel, self._held(one, own)) for mel, one, own in zip(mels, made, given, strict=True)]

    def stream(
        self,
        mel: Mel,
        settings: Refining | None = None,
        *,
        f0_hz: Floats | None = None,
        voice: Floats | None = None,
        block_frames: int = BLOCK_FRAMES,
    ) -> Iterator[Floats]:
        """The same mel block by block: float32 [n_mels, ≤ block_frames], in its own scaling, within `STREAM_TOLERANCE`.

        Each block is made from itself and the frames that it can see (`sees`): memory is bounded whatever the length.
        """
        if block_frames < 1:
            raise ContractError("a block has at least one frame", where="block_frames", got=block_frames, wanted="1 or more")
        asked = self.asked(settings)
        self.check(mel, f0_hz, voice)
        left, right = self.sees(asked)
        for begin in range(0, mel.n_frames, block_frames):
            end = min(begin + block_frames, mel.n_frames)
            first, last = max(0, begin - left), min(mel.n_frames, end + right)
            part = replace(mel, values=mel.values[:, first:last])
            if asked.strength != 0:
                given = part.raw().values
                pitch = None if f0_hz is None else f0_hz[first:last]
                made = self._refine([given], asked, [pitch], [voice], first)[0]
                part = self._scaled(part, self._held(made, given))
            yield part.values[:, begin - first : end - first]

    def asked(self, settings: Refining | None) -> Refining:
        """The settings with this refiner's own where nothing was asked for."""
        own = Refining(strength=1.0) if self.facts is None else self.facts.settings
        if settings is None:
            return own
        return settings if settings.strength is not None else settings.model_copy(update={"strength": own.strength})

    def sees(self, settings: Refining) -> tuple[int, int]:
        """Frames to the left and right of a frame that it depends on, with all steps of these settings."""
        return 0, 0

    def check(self, mel: Mel, f0_hz: Floats | None = None, voice: Floats | None = None) -> None:
        """Refuse what cannot be refined; see `__call__`."""
        check_one(mel, self.spec, "refiner")
        self._check_conditions(mel, f0_hz, voice)

    def _check_conditions(self, mel: Mel, f0_hz: Floats | None, voice: Floats | None) -> None:
        if f0_hz is not None or voice is not None:
            what = "pitch" if f0_hz is not None else "voice"
            raise ContractError(f"this refiner takes no {what}", got=self.title, next="Leave it out")

    @abstractmethod
    def _refine(
        self,
        given: Sequence[Floats],
        settings: Refining,
        f0_hz: Sequence[Floats | None],
        voice: Sequence[Floats | None],
        first_frame: int,
    ) -> list[Floats]:
        """Checked values before scaling, each [n_mels, T] → as many of the same shapes.

        `settings` are complete, `first_frame` is where in the whole mel the given ones begin.
        """

    def _held(self, made: Floats, given: Floats) -> Floats:
        """Within floor and ceiling."""
        if made.shape != given.shape:
            raise AssertionError(f"{type(self).__name__} gave {made.shape}, wanted {given.shape}")
        if self.facts is None:
            return made
        if not np.isfinite(made).all():
            raise ContractError(
                "the refiner's own arithmetic gave values that are not numbers",
                got=f"{int((~np.isfinite(made)).sum())} of {made.size} values",
                next="Its weights are broken",
            )
        lowest, highest = self.facts.limits()
        held: Floats = np.clip(made, lowest[:, None], highest[:, None]).astype(np.float32, copy=False)
        return held

    def _scaled(self, mel: Mel, raw: Floats) -> Mel:
        """In the mel's own scaling; the null gives back the mel itself."""
        return mel.with_raw(raw)
