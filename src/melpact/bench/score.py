"""`Score`: what one metric says of one system, beside its null and its ceiling, or the reason why it says nothing."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from melpact.core.errors import MelpactError
from melpact.core.records import Record


class NotMeasured(MelpactError):
    """A metric that has no value here; its text is the reason. Never replaced by a number."""


class Score(Record):
    """One metric of one system over n utterances.

    Attributes:
        value: in `unit`; None where there is none, and then `reason` says why.
        null: what the best of the nulls gets on the same utterances (`null_anchor` names it).
        ceiling: what the ceiling gets on the same utterances (`ceiling_anchor` names it).
        skill: (value - null) / (ceiling - null): 0 at the null, 1 at the ceiling, negative below the null.
        n: utterances that were measured.
        low, high: bootstrap 95 % interval of `value` over utterances.
        reason: why there is no value, or no skill.
        warning: what a reader has to know, such as n being too small.
        failed: utterance → why it could not be measured.
    """

    value: float | None = None
    unit: str = ""
    null: float | None = None
    null_anchor: str | None = None
    ceiling: float | None = None
    ceiling_anchor: str | None = None
    skill: float | None = None
    n: int = Field(default=0, ge=0)
    low: float | None = None
    high: float | None = None
    reason: str | None = None
    warning: str | None = None
    failed: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _value_or_reason(self) -> Score:
        if self.value is None and not self.reason:
            raise ValueError("a score without a value must say why")
        return self

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, with every field."""
        return self.model_dump(mode="json")
