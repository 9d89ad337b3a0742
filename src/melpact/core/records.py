"""Frozen, hashable records and their canonical JSON. What every description in melpact is made of."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable, hashable, strictly checked value; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="strings")

    def facts(self) -> dict[str, Any]:
        """The fields that differ from their neutral defaults, as plain JSON values.

        Leaving neutral values out keeps a fingerprint stable when a later release adds a field.
        """
        return self.model_dump(mode="json", exclude_defaults=True)


def canonical_json(value: Any) -> str:
    """One spelling per value: sorted keys, no spaces, shortest round-trip floats, no -0.0, UTF-8 kept, no NaN."""
    return json.dumps(_unsigned_zero(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _unsigned_zero(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unsigned_zero(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unsigned_zero(item) for item in value]
    return 0.0 if isinstance(value, float) and value == 0.0 else value


def digest(value: Any, length: int = 16) -> str:
    """The first `length` hexadecimal digits of SHA-256 over the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]
