"""The degradations: one module per kind, each ending in its `PLUGIN`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from melpact.core.errors import MelpactError
from melpact.core.plugins import plugins
from melpact.degradations.degradation import Degradation


def degradations() -> Mapping[str, Degradation]:
    """Every degradation by name, read-only, sorted by name."""
    return MappingProxyType(plugins("melpact.degradations.kinds"))


def degradation(name: str) -> Degradation:
    """The degradation of that name.

    Raises:
        MelpactError: there is none.
    """
    known = degradations()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=2) or known
        raise MelpactError(
            "no such degradation", where="degrade", got=repr(name), wanted=", ".join(near),
            next="All of them: melpact degrade list",
        )  # fmt: skip
    return known[name]
