"""What can be wrong with a corpus: one module per kind of flaw, each ending in its `PLUGIN`."""

from __future__ import annotations

from melpact.core.plugins import plugins
from melpact.corpus.checks._check import Check


def checks() -> dict[str, Check]:
    """The checks by the code of what they find."""
    found: dict[str, Check] = plugins("melpact.corpus.checks")
    return found
