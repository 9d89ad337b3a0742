"""`Identification`: what was found, with its evidence in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from melpact.contract.dialect import name_of
from melpact.contract.spec import MelSpec


class Candidate(NamedTuple):
    """One dialect, the published record it reproduces, and how probable it is (all candidates together at most 1)."""

    dialect: str
    reference_id: str
    probability: float


@dataclass(frozen=True)
class Identification:
    """Which dialect a mel is in.

    Attributes:
        candidates: the most probable first, one name for each distinct description.
        same_values_as: names that cannot be told from the first: aliases, and dialects that give these values as well.
        cannot_tell: the same in words, one sentence per reason ("" where nothing is alike).
        spec: the best description; with the sound at hand also one that no dialect has.
        differs: what an unlisted `spec` changes against the nearest dialect (`f_max 8000 → 7000 Hz`), else empty.
        evidence: sentences with figures.
        with_audio: whether the sound was at hand.
        axes: "mel-time" or "time-mel": how the array lay.
        gain_db: how much louder than the sound the mel was made (None without sound).
        lag_frames: frames of the sound before the first of the mel (None without sound).
        residual_nat: median distance of the values from those of the description, in nat (None without sound).
    """

    candidates: tuple[Candidate, ...]
    same_values_as: tuple[str, ...]
    cannot_tell: tuple[str, ...]
    spec: MelSpec
    differs: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    with_audio: bool = False
    axes: str = "mel-time"
    gain_db: float | None = None
    lag_frames: int | None = None
    residual_nat: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def best(self) -> Candidate:
        """The first candidate: for an unlisted description the nearest dialect."""
        return self.candidates[0]

    @property
    def dialect(self) -> str | None:
        """The name of the best dialect; None where the best description is listed nowhere."""
        return None if self.differs else self.candidates[0].dialect

    @property
    def sure(self) -> bool:
        """Whether the best, with all that carry the same values, holds 90 % of the probability."""
        alike = {self.candidates[0].dialect, *self.same_values_as}
        return sum(c.probability for c in self.candidates if c.dialect in alike) >= 0.9

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "candidates": [c._asdict() for c in self.candidates],
            "same_values_as": list(self.same_values_as),
            "cannot_tell": list(self.cannot_tell),
            "dialect": self.dialect,
            "sure": self.sure,
            "spec": {"fingerprint": self.spec.fingerprint, "dialect": name_of(self.spec), **self.spec.facts()},
            "differs": list(self.differs),
            "evidence": list(self.evidence),
            "with_audio": self.with_audio,
            "axes": self.axes,
            "gain_db": self.gain_db,
            "lag_frames": self.lag_frames,
            "residual_nat": self.residual_nat,
            **dict(self.details),
        }
