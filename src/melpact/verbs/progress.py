"""How a verb says how far it is: a protocol that a terminal, a web page or nobody at all implements.

Draws nothing itself.
"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the state of one piece of work; a verb never calls two of these at the same time."""

    def start(self, total: int, what: str) -> None:
        """Work begins: `total` units of `what` ("files", "frames")."""

    def advance(self, n: int) -> None:
        """`n` more units are finished."""

    def done(self) -> None:
        """Work ended, finished or not."""


class Silent:
    """Progress that nobody looks at."""

    def start(self, total: int, what: str) -> None:
        """Nothing happens."""

    def advance(self, n: int) -> None:
        """Nothing happens."""

    def done(self) -> None:
        """Nothing happens."""
