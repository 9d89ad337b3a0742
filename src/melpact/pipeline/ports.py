"""What is handed from one stage to the next, and the base of every stage. How stages are joined is in `chain`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from melpact.bridges.ways import said
from melpact.contract.scaling import NoScaling, Scaling
from melpact.contract.spec import MelSpec

Kind = Literal["features", "text", "mel", "audio"]


@dataclass(frozen=True)
class Port:
    """What goes through one hand-over.

    Attributes:
        kind: "features" (arrays), "text", "mel" or "audio".
        spec: the description of a mel; None where any mel is taken.
        normaliser: what is still on a predicted mel, on top of its description, and has to be undone.
        sample_rate: of the audio in Hz; None where any rate is taken.
    """

    kind: Kind
    spec: MelSpec | None = None
    normaliser: Scaling = field(default_factory=NoScaling)
    sample_rate: int | None = None

    @property
    def normalised(self) -> bool:
        """Whether a normaliser is still on it."""
        return not isinstance(self.normaliser, NoScaling)

    def words(self) -> str:
        """In a few words, for tables and errors."""
        if self.kind == "mel":
            name = "any mel" if self.spec is None else f"mel {said(self.spec)}"
            return f"{name}, normalised ({self.normaliser.kind})" if self.normalised else name
        if self.kind == "audio":
            return "audio" if self.sample_rate is None else f"audio {self.sample_rate} Hz"
        return self.kind

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        found: dict[str, Any] = {"kind": self.kind}
        if self.spec is not None:
            found |= {"mel": said(self.spec), "fingerprint": self.spec.fingerprint}
        if self.normalised:
            found["normaliser"] = self.normaliser.model_dump(mode="json")
        if self.sample_rate is not None:
            found["sample_rate"] = self.sample_rate
        return found


@dataclass(frozen=True, eq=False)
class Predicted:
    """A mel with its normaliser still on: float32 [n_mels, frames]."""

    values: NDArray[np.float32]
    spec: MelSpec
    normaliser: Scaling
    provenance: dict[str, Any]


@dataclass
class Context:
    """What one run gives to its stages and hears from them.

    `strict`: stop where a value is implausible, not only where it is impossible. `notes` is the record's
    entry of the stage that is running: plain JSON values.
    """

    seed: int = 0
    strict: bool = True
    notes: dict[str, Any] = field(default_factory=dict)


class Stage(ABC):
    """One step: what it takes, what it gives, and the work.

    `parallel`: several threads may run it at once. `deterministic`: the same input gives the same bits (a user's own code
    is trusted to, given its seed). `inserted`: put in by the pipeline, not by its user.
    """

    name: str = "stage"
    parallel: bool = True
    deterministic: bool = True
    inserted: bool = False

    @abstractmethod
    def takes(self) -> Port:
        """What it takes."""

    @abstractmethod
    def gives(self, taken: Port) -> Port:
        """What it gives when it is given that."""

    @abstractmethod
    def run(self, value: Any, context: Context) -> Any:
        """The work on one checked value."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Everything it is made of, as plain JSON values; `building` makes the stage again from them."""

    def place(self) -> dict[str, Any]:
        """Where its files lie: facts that do not change what it does."""
        return {}

    def runtime(self) -> dict[str, str]:
        """Versions of the packages it runs on."""
        return {}

    def how(self) -> tuple[str, str]:
        """(what it does, what it costs), for the table."""
        return self.name, ""
