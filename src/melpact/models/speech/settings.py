"""`Speaking`: how a speaker is asked to work. Which of it a speaker reads, it says itself."""

from __future__ import annotations

from pydantic import Field

from melpact.core.records import Record

SLOWEST, FASTEST = 0.5, 2.0
LONGEST_S = 120.0
OF_SOME = ("temperature", "top_p", "top_k", "repetition_penalty", "rate")
"""What some speakers read and others do not (`Speaker.reads`); everything else is read by all."""


class Speaking(Record):
    """What a user may choose. What was given is told from what was left as it is (`given`), so that a speaker can have
    defaults of its own (`Speaker.usual`).

    Attributes:
        temperature: 0 takes what is most likely, 1 draws from the probabilities as they are, more flattens them.
        top_p: the smallest set of outcomes whose probabilities reach this sum is drawn from; 1: all.
        top_k: only so many of the most likely outcomes are drawn from; 0: all.
        repetition_penalty: outcomes that came lately are so much less likely; 1: no less.
        rate: of speech; 2 is twice as fast.
        seed: of everything that is drawn.
        longest_s: no sentence becomes longer; None: what its text bounds (`guard.longest_s`).
    """

    temperature: float = Field(default=1.0, ge=0, le=10)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)
    repetition_penalty: float = Field(default=1.0, ge=1, le=100)
    rate: float = Field(default=1.0, ge=SLOWEST, le=FASTEST)
    seed: int = Field(default=0, ge=0)
    longest_s: float | None = Field(default=None, gt=0, le=LONGEST_S)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what was chosen rather than left as it is."""
        return tuple(name for name in type(self).model_fields if name in self.model_fields_set)

    def over(self, usual: Speaking) -> Speaking:
        """What was chosen, and for the rest what is usual."""
        return usual.model_copy(update={name: getattr(self, name) for name in self.given})
