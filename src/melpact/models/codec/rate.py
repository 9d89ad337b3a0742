"""How many bits a codec is asked to spend: so many a second, as many as a quality takes, or where the error is heard."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from melpact.core.records import Record


class Rate(Record):
    """What is asked of an encoder; make it with `constant`, `quality` or `adaptive`.

    Attributes:
        kbit_s: per channel. Of constant: in every packet; of adaptive: on average, or as many as it takes where None.
        step: of quality, 0 (fewest bits) to the codec's `steps` - 1.
    """

    kind: Literal["constant", "quality", "adaptive"]
    kbit_s: float | None = None
    step: int | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Rate:
        wrong = (self.kind == "constant" and self.kbit_s is None) or (self.kind == "quality") != (self.step is not None)
        if wrong or (self.kind == "quality" and self.kbit_s is not None):
            raise ValueError("constant takes kbit_s, quality takes step, adaptive takes kbit_s or nothing")
        return self

    @classmethod
    def constant(cls, kbit_s: float) -> Rate:
        """So many kbit/s per channel, in every packet."""
        return cls(kind="constant", kbit_s=kbit_s)

    @classmethod
    def quality(cls, step: int) -> Rate:
        """As many bits as this step of quality takes."""
        return cls(kind="quality", step=step)

    @classmethod
    def adaptive(cls, kbit_s: float | None = None) -> Rate:
        """Bits where the error is heard; so many kbit/s per channel on average, where given."""
        return cls(kind="adaptive", kbit_s=kbit_s)
