"""What pages of whole suites say in words: what their columns mean, and what could not be used or measured."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Protocol

_NAMED = 50


class Meant(Protocol):
    """A column with what it means, and where that comes from."""

    @property
    def title(self) -> str: ...

    @property
    def meaning(self) -> str: ...

    @property
    def source(self) -> str: ...


def meanings(columns: Iterable[Meant]) -> str:
    """A list of columns and their meanings."""
    rows = "".join(
        f"<dt><b>{html.escape(one.title)}</b></dt><dd>{html.escape(one.meaning)} "
        f'<span class="q">{html.escape(one.source)}</span></dd>'
        for one in columns
    )
    return f"<dl>{rows}</dl>"


def lines(told: Sequence[str]) -> str:
    """A paragraph per line, the first fifty."""
    more = f"<p>{len(told) - _NAMED} more</p>" if len(told) > _NAMED else ""
    return "".join(f"<p>{html.escape(line)}</p>" for line in told[:_NAMED]) + more
