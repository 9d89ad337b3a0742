"""`Notes`: what was left out of a text, or changed in it, gathered while it is done and told in a few lines."""

from __future__ import annotations

EXAMPLES, LONGEST = 4, 48
"""Examples told of each kind, and letters of each."""


class Notes:
    """Kinds of change, how often each was made, and the first examples."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}
        self._examples: dict[str, dict[str, None]] = {}

    def add(self, kind: str, example: str = "", count: int = 1) -> None:
        """One more change of a kind; `example` is what it was made to, or "what → into what"."""
        self._count[kind] = self._count.get(kind, 0) + count
        known = self._examples.setdefault(kind, {})
        if example and len(known) <= EXAMPLES:
            known.setdefault(example if len(example) <= LONGEST else example[: LONGEST - 1] + "…")

    def lines(self) -> tuple[str, ...]:
        """A line per kind, in the order in which they came up."""
        told = []
        for kind, count in self._count.items():
            known = list(self._examples[kind])
            few = ", ".join(known[:EXAMPLES]) + (", …" if len(known) > EXAMPLES else "")
            times = f" ({count})" if count > 1 else ""
            told.append(f"{kind}{times}: {few}" if few else f"{kind}{times}")
        return tuple(told)
