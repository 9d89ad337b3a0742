"""`Degradation`: what every way of spoiling a mel promises. The kinds are in `kinds`, several in a row in `chain`."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.degradations.level import levels, valued

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Degradation(ABC):
    """One way of spoiling a mel, by a dose.

    Attributes:
        title: what it does, in one line.
        meaning, unit: of the dose.
        neutral: the dose at which nothing changes (infinity where more of it is less harm), None where there is none.
        limits: the least and the most that a dose may be.
        doses: mild, clear and gross: what tables and tests take.
        domain: "log" where it acts on levels (as models do, which learn levels), "power" where powers add up (as sounds
            do), "sound" where it goes through a waveform.
        quick: whether it takes about a millisecond for a second of mel; the others are not for a training's batches.
    """

    title: ClassVar[str]
    meaning: ClassVar[str]
    unit: ClassVar[str]
    neutral: ClassVar[float | None]
    limits: ClassVar[tuple[float, float]]
    doses: ClassVar[tuple[float, float, float]]
    domain: ClassVar[Literal["log", "power", "sound"]]
    quick: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The name of its module."""
        return type(self).__module__.rpartition(".")[2]

    def apply(self, mel: Mel, dose: float, rng: np.random.Generator) -> Mel:
        """The spoilt mel: same description, frames, statistics of the utterance and provenance with a note of what was done.

        Args:
            mel: values [n_mels, frames], at least one frame.
            dose: in `unit`; at `neutral` the mel itself comes back.
            rng: the only source of chance; the same state gives the same bits.

        Raises:
            ContractError: a dose outside `limits`, a batch, no frames, or values that are not finite.
        """
        check_mel(mel)
        if self.is_neutral(dose):
            return mel
        values = self.on_values(mel.values, mel.spec, dose, rng, mel.utterance)
        done = [*mel.provenance.get("degraded", ()), {"name": self.name, "dose": float(dose)}]
        return Mel(values, mel.spec, mel.utterance, {**mel.provenance, "degraded": done})

    def apply_audio(self, audio: Audio, spec: MelSpec, dose: float, rng: np.random.Generator) -> Mel:
        """The spoilt mel of a sound.

        Raises:
            AudioError: a sound that cannot be analysed.
            ContractError: as `apply`.
        """
        from melpact.features.analysis import extract

        return self.apply(extract(audio, spec), dose, rng)

    def on_values(
        self,
        values: Float32,
        spec: MelSpec,
        dose: float,
        rng: np.random.Generator,
        utterance: Mapping[str, Any] | None = None,
    ) -> Float32:
        """`apply` on bare arrays, for the inside of a training: float32 [n_mels, frames] in the description → the same.

        Values are neither checked nor counted; no value below the floor comes back.

        Raises:
            ContractError: a dose outside `limits`.
        """
        if self.is_neutral(dose):
            return values
        facts = utterance or {}
        level = self._change(levels(values, spec, facts), spec, float(dose), rng)
        return valued(level, spec, facts)

    def is_neutral(self, dose: float) -> bool:
        """Whether this dose changes nothing.

        Raises:
            ContractError: a dose outside `limits`.
        """
        low, high = self.limits
        if math.isnan(dose) or not (low <= dose <= high or dose == self.neutral):
            raise ContractError(
                f"no such dose of {self.name}", got=f"{dose:g}", wanted=f"{self.meaning}, {low:g} to {high:g} {self.unit}"
            )
        return dose == self.neutral

    def said(self, dose: float) -> str:
        """A dose in words."""
        return f"{dose:g} {self.unit}"

    @abstractmethod
    def _change(self, level: Float32, spec: MelSpec, dose: float, rng: np.random.Generator) -> Float32:
        """Levels in nat [n_mels, frames] → other levels; what lies below the floor is raised to it afterwards."""


def check_mel(mel: Mel) -> None:
    """Refuse what cannot be spoilt.

    Raises:
        ContractError: a batch, no frames, or values that are not finite.
    """
    if mel.values.ndim != 2 or mel.n_frames == 0:
        shape = f"shape {list(mel.values.shape)}"
        raise ContractError("one mel at a time, with at least one frame", got=shape, wanted=f"[{mel.n_mels}, frames]")
    if not np.isfinite(mel.values).all():
        count = int(np.count_nonzero(~np.isfinite(mel.values)))
        raise ContractError(
            "the mel holds values that are not numbers", got=f"{count} NaN or infinite", wanted="finite values"
        )
